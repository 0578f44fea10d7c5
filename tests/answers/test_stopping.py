"""Stop that races the last word: the answer ends in one way, the same for all who look."""

import asyncio
import random
from uuid import UUID

from chatapp.answers import service
from chatapp.answers.process import Process, answering
from tests.answers.world import ask, finished, row, screen, words
from tests.fakes import ProviderServer
from tests.limits.world import allow

ROUNDS = 40
WORDS = 20
RATE = 200


async def test_stop_that_races_the_last_word_ends_as_stopped_or_as_done(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await allow(ada)
    moments = random.Random(4)
    await fakes.set(tokens_per_second=RATE)
    async with answering() as other:
        for number in range(ROUNDS):
            asked = await ask(process, ada, f"{number}: [[say {WORDS} words]]")
            async with screen(other.hub, ada, asked.chat_id) as tab:
                await tab.until(lambda tab, a=asked: tab.text(a.answer_id))
                # The last word comes after about WORDS / RATE seconds.
                await asyncio.sleep(moments.uniform(0, 1.5 * WORDS / RATE))
                await service.stop(moments.choice([process, other]).runner, ada, asked.answer_id)
                await tab.ended(asked.answer_id)
                await finished(process)
                message, answer = await row(asked.answer_id)
                assert message.status in ("stopped", "done")
                assert tab.status(asked.answer_id) == message.status
                assert tab.text(asked.answer_id) == message.text
            assert words(WORDS).startswith(message.text)
            assert message.text == words(WORDS) or message.status == "stopped"
            assert (answer.problem, answer.epoch) == ("", 1)
            assert answer.ended_at
            # What a tab that comes later finds is the same.
            async with screen(other.hub, ada, asked.chat_id) as later:
                assert later.text(asked.answer_id) == message.text
                assert later.status(asked.answer_id) == message.status
