"""What a place on the page has shown, one text after the other: also what has passed by."""

from playwright.async_api import Page

NOTE = """
(() => {
  window.noted = [];
  const note = () => {
    const text = [...document.querySelectorAll(%r)].at(-1)?.textContent;
    if (text !== undefined && text !== window.noted.at(-1)) window.noted.push(text);
  };
  new MutationObserver(note).observe(
    document, {subtree: true, childList: true, characterData: true},
  );
})();
"""


async def watch(page: Page, selector: str) -> None:
    """From the next load of the page on, note what the last one of these says."""
    await page.add_init_script(NOTE % selector)


async def noted(page: Page) -> list[str]:
    """What it has said since the page was loaded."""
    return await page.evaluate("window.noted")
