"""The processor time of a token from the provider to the socket, and that of a question."""

import asyncio

from bench import cpu
from bench.asking import answer, ask_all, close_all, open_all
from bench.subject import Subject, Tab
from bench.table import Result, Row

TABS = 20
RATE = 50
SHORT, LONG = 50, 300
"""Words of the answers: what the longer ones cost more is the words', the rest the question's."""
IDLE = 1.0
TOKEN_BAR = 200.0
QUESTION_BAR = 10.0


async def measure(product: Subject, naive: Subject) -> Result:
    result = Result()
    (token, question), (their_token, their_question) = [
        await _costs(subject, result) for subject in (product, naive)
    ]
    streams = f"{TABS} streams of {RATE} tokens/s"
    result.rows = [
        Row(f"CPU of a token, {streams}", token, their_token, TOKEN_BAR, "µs"),
        Row("CPU of a question besides its tokens", question, their_question, QUESTION_BAR, "ms"),
    ]
    return result


async def _costs(subject: Subject, result: Result) -> tuple[float, float]:
    """Microseconds a token, milliseconds a question."""
    await subject.provider.reset()
    await subject.provide()
    tabs = await open_all(subject, TABS)
    await ask_all(tabs, 5)  # what is built at the first use is not measured
    idle = await _idle(subject)
    short = await _used(subject, tabs, SHORT, idle, result)
    long = await _used(subject, tabs, LONG, idle, result)
    await close_all(tabs)
    token = (long - short) / (TABS * (LONG - SHORT))
    question = short / TABS - token * SHORT
    return token * 1e6, question * 1e3


async def _idle(subject: Subject) -> float:
    """Seconds of processor time a second when nothing is asked."""
    before = cpu.used(subject.pid)
    await asyncio.sleep(IDLE)
    return (cpu.used(subject.pid) - before) / IDLE


async def _used(
    subject: Subject, tabs: list[Tab], words: int, idle: float, result: Result
) -> float:
    """Seconds of processor time for a question in each tab."""
    clock = asyncio.get_running_loop().time
    before, began = cpu.used(subject.pid), clock()
    turns = await ask_all(tabs, words, RATE)
    await asyncio.sleep(0.2)  # what follows an end belongs to it
    used = cpu.used(subject.pid) - before - idle * (clock() - began)
    result.wrong += await subject.wrong(turns, answer(words))
    return used
