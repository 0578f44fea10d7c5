"""How many bytes a browser is sent for each byte of an answer."""

import asyncio
import itertools
import random

from bench.subject import Subject
from bench.table import Result, Row

RATES = (50, 300)
LENGTH = 8192
BAR = 3.0

SECTION = """## {} {}

A *{}* {} {} **{} {}** {} {}: `{}_{}` {} {} {} {}, {} {} {} {} {} {} {} {} {}.

- {} {} {} {} {} {} {}
- [{} {}](https://example.org/{}/{}) {} {} {}

```python
def {}(values: list[float]) -> float:
    return {} * sum(values) / max(len(values), {})
```

| {} | {} |
| --- | ---: |
| {} | {} |

"""


def markdown() -> str:
    """An answer of 8 KB with what answers are made of, hardly a sentence of it twice."""
    chance = random.Random(8192)

    def word() -> str:
        letters = (chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(4))
        return "".join(itertools.islice(letters, chance.randint(1, 4)))

    text = ""
    while len(text) < LENGTH:
        text += SECTION.format(*(word() for _ in range(SECTION.count("{}"))))
    return text[:LENGTH].rstrip()


async def measure(product: Subject, naive: Subject) -> Result:
    result = Result()
    for rate in RATES:
        await product.provider.reset()
        # The slow streams together: only bytes are counted. The fast ones do not wait for another.
        if rate < 100:
            mine, theirs = await asyncio.gather(
                _ratios(product, rate, result), _ratios(naive, rate, result)
            )
        else:
            mine = await _ratios(product, rate, result)
            theirs = await _ratios(naive, rate, result)
        what = f"bytes sent per byte of an 8 KB answer, {rate} tokens/s"
        result.rows += [
            Row(what, mine[0], theirs[0], BAR),
            Row(f"{what}, to a client that cannot inflate", mine[1], theirs[1]),
        ]
    return result


async def _ratios(subject: Subject, rate: int, result: Result) -> list[float]:
    """For a tab as browsers open it, which can inflate, and for one that cannot."""
    text = markdown()
    await subject.provide(text=text, tokens_per_second=rate)
    tabs = [await subject.open_tab(deflate=deflate) for deflate in (True, False)]
    before = [tab.line.received for tab in tabs]
    turns = [tab.ask("Which candidate shall we take?") for tab in tabs]
    for turn in turns:
        await turn.wait()
    await asyncio.sleep(0.3)  # what follows an end belongs to it
    received = [tab.line.received for tab in tabs]
    result.wrong += await subject.wrong(turns, text)
    for tab in tabs:
        await tab.close()
    answer = len(text.encode())
    return [(now - then) / answer for now, then in zip(received, before, strict=True)]
