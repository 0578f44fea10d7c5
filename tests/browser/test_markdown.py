"""Markdown of models: rich where it is meant well."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.chatting import Chatting
from tests.fakes import ProviderServer

pytestmark = pytest.mark.browser

CODE = """def f(x):
    # <b>not bold</b> & "quoted"
\treturn x  # a tab before

"""
RICH = f"""## A heading

Some *light*, **strong**, ~~gone~~ and `inline <code>`.

```python
{CODE}```

~~~
no language
~~~

| left | right |
| :--- | ---: |
| one<br>two | 3<br/>4 |
| $x^2$ | **b** |

- [x] done
- [ ] open

1. one
   1. deeper

Inline $e^{{i\\pi}} = -1$ and on a line of its own:

$$
\\int_0^1 x \\, dx = \\frac12
$$

A note.[^1] A [link](https://example.org/a?b=c), https://example.com, [mail](mailto:a@example.org).

[^1]: The note's text.
"""


SLOW = """Some **strong words** and `a bit of code` and *light ones*.

### A heading

```python
print(1)
```

| left | right |
| --- | --- |
| **one** | two |

The end.
"""


def pieces(text: str, size: int = 5) -> list[str]:
    """A text as the tokens of a provider."""
    return [text[at : at + size] for at in range(0, len(text), size)]


async def test_rich_answers(chatting: Chatting, providers: ProviderServer) -> None:
    page = chatting.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await providers.set(tokens=pieces(RICH))
    answer = await chatting.answered("Show me everything")
    for _ in range(2):  # as it came, and as it is loaded
        figures = answer.get_by_role("figure")
        await expect(figures.locator("figcaption span").first).to_have_text("python")
        await expect(figures.nth(1).locator("figcaption span").first).to_have_text("text")
        await expect(figures.first.locator(".hljs-keyword").first).to_have_text("def")
        await expect(answer.get_by_role("table").locator("th")).to_have_text(["left", "right"])
        await expect(answer.locator("td").first.locator("br")).to_have_count(1)
        await expect(answer.locator("td").nth(1)).to_have_css("text-align", "right")
        await expect(answer.locator("td .katex")).to_have_count(1)
        boxes = answer.get_by_role("checkbox")
        await expect(boxes).to_have_count(2)
        await expect(boxes.first).to_be_checked()
        await expect(boxes.first).to_be_disabled()
        await expect(answer.locator("ol ol li")).to_have_text("deeper")
        await expect(answer.locator(".katex-display")).to_have_count(1)
        await expect(answer.locator(".katex-error")).to_have_count(0)
        await expect(answer.locator("code", has_text="inline <code>")).to_have_count(1)
        await expect(answer.locator("del")).to_have_text("gone")
        await expect(answer.get_by_text("The note's text.")).to_be_visible()
        await expect(answer.locator("sup")).to_have_text("1")
        for host in ("https://example.org/a?b=c", "https://example.com"):
            link = answer.locator(f'a[href="{host}"]')
            await expect(link).to_have_attribute("rel", re.compile("noopener noreferrer"))
            await expect(link).to_have_attribute("target", "_blank")
        # A link whose words do not say where it leads says it beside them.
        await expect(answer.locator(".reading")).to_contain_text("link (example.org)")
        await figures.first.get_by_role("button", name="Copy code").click()
        await expect(figures.first.get_by_text("Copied")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == CODE
        await answer.get_by_role("button", name="Copy", exact=True).click()
        await expect(answer.locator("[data-copied]").last).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == RICH
        await page.reload()
        await expect(answer).to_have_attribute("data-status", "done")


async def test_half_written_marks_do_not_show(
    chatting: Chatting, providers: ProviderServer
) -> None:
    # What is seen at any moment of the stream is kept.
    await chatting.page.add_init_script(
        """
        window.seen = new Set();
        new MutationObserver(() => {
          const shown = document.querySelector("[data-testid=answer] .reading");
          if (shown) window.seen.add(shown.innerText);
        }).observe(document, {subtree: true, childList: true, characterData: true});
        """
    )
    await chatting.page.reload()
    await providers.set(tokens=pieces(SLOW, 2), tokens_per_second=20)
    await chatting.answered("Slowly, please")
    seen = await chatting.page.evaluate("[...window.seen]")
    assert len(seen) > 10, "too few moments were seen to judge"
    marks = re.compile(r"\*|`|\||#|---")
    assert [each for each in seen if marks.search(each)] == []


async def test_a_stream_cut_in_the_middle_of_characters(
    chatting: Chatting, providers: ProviderServer
) -> None:
    text = "Größe 🙂 日本語 👩‍👩‍👧 e\u0301 " * 20
    await providers.set(tokens=pieces(text, 1), split=3)
    answer = await chatting.answered("In bytes, please")
    assert await answer.locator(".reading").inner_text() == text.strip()


async def test_enormous_answers_stay_usable(chatting: Chatting, providers: ProviderServer) -> None:
    code = "\n".join(f"line {n} = {n}" for n in range(4000))
    text = f"```python\n{code}\n```\n\n{'x' * 30_000}\n\nThe end."
    await providers.set(tokens=pieces(text, 4000))
    answer = await chatting.answered("A lot, please")
    await expect(answer).to_contain_text("line 3999 = 3999")
    await expect(answer.get_by_text("The end.")).to_be_in_viewport()
    width = await chatting.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0
    await chatting.answered("And on")
