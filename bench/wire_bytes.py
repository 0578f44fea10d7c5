"""How many bytes a browser is sent for each byte of an answer."""

import asyncio

from bench.subject import Subject
from bench.table import Result, Row

RATES = (50, 300)
LENGTH = 8192
BAR = 3.0

SECTION = """## Step {number}: compare the candidates

A *balanced* choice needs **three** things: a clear aim, honest numbers, and time. Most tables of
results hide at least one of them, so read `results[{number}]` with some care before you go on.

- The first candidate is quick, yet it forgets what it was told {number} minutes ago.
- The second one is slow and thorough; see [its notes](https://example.org/notes/{number}).

```python
def score(values: list[float], weight: float = 0.{number}) -> float:
    # The mean of what is left when the extremes are gone.
    kept = sorted(values)[1:-1]
    return weight * sum(kept) / max(len(kept), 1)
```

| candidate | speed | care |
| --- | ---: | ---: |
| first | {number}.5 | 2.25 |
| second | 1.75 | {number}.0 |

"""


def markdown() -> str:
    """An answer of 8 KB with what answers are made of."""
    text = "".join(SECTION.format(number=number) for number in range(1, 30))
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
    await subject.provider.set("groq", account=subject.name, text=text, tokens_per_second=rate)
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
