import re
from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import AnyHttpUrl

from chatapp.accounts import address
from chatapp.settings import Settings

TRUSTED = "10.0.0.0/8,2001:db8:aaaa::/48"


def scope(peer: str | None = "203.0.113.9", scheme: str = "http", **headers: str) -> dict[str, Any]:
    named = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    return {"client": (peer, 1) if peer else None, "scheme": scheme, "headers": named}


@pytest.fixture(autouse=True)
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Settings(trusted_proxies=tuple(ip_network(each) for each in TRUSTED.split(",")))
    monkeypatch.setattr(address, "settings", lambda: made)


@pytest.mark.parametrize(
    ("peer", "forwarded", "true"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "9.9.9.9, 1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "9.9.9.9, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", ",,,", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1:4711", "1.1.1.1"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "::ffff:1.1.1.1", "1.1.1.1"),
        ("::ffff:10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("2001:db8:aaaa::1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "1.1.1.1\x00", "10.0.0.1"),
        (None, "1.1.1.1", "unknown"),
        ("testclient", "1.1.1.1", "unknown"),
    ],
)
def test_the_true_address(peer: str | None, forwarded: str | None, true: str) -> None:
    headers = {} if forwarded is None else {"x_forwarded_for": forwarded}
    assert address.client_address(scope(peer, **headers)) == true


@pytest.mark.parametrize("header", ["x_real_ip", "forwarded", "cf_connecting_ip", "client_ip"])
def test_other_headers_say_nothing(header: str) -> None:
    assert address.client_address(scope("10.0.0.1", **{header: "1.1.1.1"})) == "10.0.0.1"


def test_several_headers_are_one_list() -> None:
    several = scope("10.0.0.1")
    several["headers"] = [(b"x-forwarded-for", b"9.9.9.9"), (b"x-forwarded-for", b"1.1.1.1")]
    assert address.client_address(several) == "1.1.1.1"


@pytest.mark.parametrize(
    ("peer", "proto", "scheme", "true"),
    [
        ("10.0.0.1", "https", "http", "https"),
        ("10.0.0.1", "HTTPS", "ws", "https"),
        ("10.0.0.1", "ftp", "http", "http"),
        ("203.0.113.9", "https", "http", "http"),
        ("203.0.113.9", "http", "wss", "https"),
    ],
)
def test_the_true_scheme(peer: str, proto: str, scheme: str, true: str) -> None:
    assert address.true_scheme(scope(peer, scheme, x_forwarded_proto=proto)) == true


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://chat.test", True),
        ("HTTP://Chat.Test", True),
        ("http://chat.test:80", True),
        (None, False),
        ("", False),
        ("null", False),
        ("http://evil.test", False),
        ("http://chat.test.evil.com", False),
        ("http://evil-chat.test", False),
        ("http://evil.chat.test", False),
        ("http://chat.test@evil.com", False),
        ("http://chat.test:8080", False),
        ("https://chat.test", False),
        ("http://chat.test/", False),
        ("http://chat.test/path", False),
        ("http://chat.test#", False),
        ("http://chat.test evil", False),
        ("http://chat.test,http://evil.test", False),
        ("chat.test", False),
        ("file://", False),
        ("http://chat.test.", False),
        ("http://ch\u0430t.test", False),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_origins(origin: str | None, own: bool, scheme: str) -> None:
    headers = {} if origin is None else {"origin": origin}
    request = scope(scheme=scheme, host="chat.test", **headers)
    assert address.from_own_page(request, referer=False) is own


def test_two_origins_or_hosts_are_none() -> None:
    two = scope(host="chat.test", origin="http://chat.test")
    two["headers"].append((b"origin", b"http://chat.test"))
    assert not address.from_own_page(two, referer=True)
    two["headers"] = [(b"host", b"chat.test")] * 2 + [(b"origin", b"http://chat.test")]
    assert not address.from_own_page(two, referer=True)


@pytest.mark.parametrize(
    ("referer", "own"),
    [
        ("http://chat.test/login?next=/", True),
        ("http://chat.test.evil.com/login", False),
        ("http://evil.com/http://chat.test/", False),
        ("http://chat.test@evil.com/", False),
        ("https://chat.test/login", False),
        ("http://[", False),
    ],
)
def test_a_referer_counts_only_without_an_origin(referer: str, own: bool) -> None:
    assert address.from_own_page(scope(host="chat.test", referer=referer), referer=True) is own
    assert not address.from_own_page(scope(host="chat.test", referer=referer), referer=False)
    foreign = scope(host="chat.test", referer=referer, origin="null")
    assert not address.from_own_page(foreign, referer=True)


def test_behind_a_proxy_its_host_and_scheme_count() -> None:
    behind = {"host": "backend:3000", "x_forwarded_proto": "https", "x_forwarded_host": "chat.test"}
    assert address.own_origin(scope("10.0.0.1", **behind)) == "https://chat.test"
    assert address.own_origin(scope("203.0.113.9", **behind)) == "http://backend:3000"


def test_the_public_url_is_the_only_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Settings(public_url=AnyHttpUrl("https://Chat.Example:443/"))
    monkeypatch.setattr(address, "settings", lambda: made)
    request = scope(host="evil.test", origin="http://evil.test")
    assert not address.from_own_page(request, referer=True)
    assert address.from_own_page(scope(host="x", origin="https://chat.example"), referer=False)
    assert address.is_secure(request)


def test_a_request_has_the_id_that_our_proxy_logged_and_no_other() -> None:
    ours = "0123456789abcdef0123456789abcdef"
    assert address.request_id(scope("10.0.0.1", x_request_id=ours)) == ours
    for peer, given in (("10.0.0.1", "a\nb"), ("10.0.0.1", "x" * 32), ("203.0.113.9", ours)):
        made = address.request_id(scope(peer, x_request_id=given))
        assert made != given
        assert re.fullmatch(r"[0-9a-f]{16}", made)
