"""What a model says, as it goes into an answer's log and outcome."""

from chatapp.answers.log import AnswerLog
from chatapp.answers.repository import Outcome
from chatapp.chats.text import storable
from chatapp.pool.events import Done, PoolEvent, Restart, Text

LONGEST_ANSWER = 400_000
"""The length, in characters, at which an answer is ended."""


class TooLong(Exception):
    """The answer has reached the length at which it is ended."""


class Hearing:
    """Hears one answer. What a model takes back is what it said since the last finished step."""

    def __init__(self, log: AnswerLog, outcome: Outcome) -> None:
        self.finish_reason = ""
        """Why the model ended, once it has."""
        self.restarted = False
        """Whether words were taken back."""
        self.member = ""
        """The name of the member that was heard last to its end."""
        self._log = log
        self._outcome = outcome
        self._stands = ""
        self._length = 0

    def pause(self) -> None:
        """What was said so far stands."""
        self._stands = self._log.said
        self._length = len(self._stands)

    def take(self, event: PoolEvent) -> None:
        """Hear the next event.

        Raises:
            TooLong: no more is to be heard.
        """
        match event:
            case Text(text):
                self._say(storable(text))
            case Restart():
                self.restarted = True
                self._take_back()
            case Done():
                self._credit(event)

    def _say(self, words: str) -> None:
        if self._length == len(self._stands):
            if len(self._log.said) > self._length:
                # Of one who was followed and is no more.
                self._take_back()
            if self._stands:
                words = f"\n\n{words}"
        self._log.text(words)
        self._length += len(words)
        if self._length > LONGEST_ANSWER:
            raise TooLong

    def _take_back(self) -> None:
        self._log.restart()
        if self._stands:
            self._log.text(self._stands)
        self._length = len(self._stands)

    def _credit(self, done: Done) -> None:
        self.finish_reason = done.finish_reason
        self.member = done.attempt.member
        self._outcome.answered_by = done.attempt.label
        self._outcome.prompt_tokens += done.attempt.prompt_tokens or 0
        self._outcome.completion_tokens += done.attempt.completion_tokens or 0
