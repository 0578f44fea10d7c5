"""One way to write an e-mail address, so that no two spellings make two accounts."""

import re
import unicodedata

import idna

LONGEST = 254
"""The longest address that SMTP can carry (RFC 5321, with erratum 1690)."""

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def normalise(text: str) -> str:
    """The canonical form of an e-mail address; normalising it again changes nothing.

    The local part is plain ASCII in lower case. The domain is in its ASCII (IDNA) form, so that a
    look-alike of another script is a visibly different address.

    Raises:
        ValueError: this is no address that chatapp takes.
    """
    if len(text) > 4 * LONGEST:
        raise ValueError("too long")
    folded = unicodedata.normalize("NFKC", text).strip()
    if any(unicodedata.category(char)[0] in "CZ" for char in folded):
        raise ValueError("has a space or a character that cannot be seen")
    local, at, domain = folded.partition("@")
    local = local.lower()
    if not at or "@" in domain or len(local) > 64 or not _LOCAL.fullmatch(local):
        raise ValueError("is not an address")
    try:
        ascii_domain = idna.encode(domain.removesuffix("."), uts46=True, std3_rules=True).decode()
    except idna.IDNAError as error:
        raise ValueError("has no valid domain") from error
    address = f"{local}@{ascii_domain.lower()}"
    if not ascii_domain or ascii_domain.endswith(".") or len(address) > LONGEST:
        raise ValueError("has no valid domain")
    return address
