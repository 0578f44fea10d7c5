"""Who people are and how they behave."""

from dataclasses import dataclass

WAIT = 0.5
"""Seconds from a question to its first word: mostly the provider's."""


@dataclass(frozen=True)
class Manners:
    """How people behave. Durations are in seconds; the others are shares of 1."""

    port: int = 0
    think: float = 300.0
    """The mean pause before somebody does something."""
    words: int = 300
    rate: int = 30
    stops: float = 0.03
    """Of the answers; anywhere in them, so half of each is heard on the average."""
    switches: float = 0.1
    """Of what people do."""
    reloads: float = 0.03
    """Of what people do; and in the middle of as many of the answers."""
    deflate: bool = True

    @property
    def streaming(self) -> float:
        """How long the words of an answer come, in seconds, on the average."""
        return self.words / self.rate * (1 - self.stops / 2)

    def pause_for(self, people: int, *, questions: float) -> float:
        """The pause with which so many people ask so many questions a second together.

        From one question of somebody to the next it takes the answer, and as many pauses as it
        needs until what is done is asking.
        """
        asking = 1 - self.switches - self.reloads
        return max(asking * (people / questions - WAIT - self.streaming), 0.1)

    def pause_for_streams(self, people: int, streams: float) -> float:
        """The pause with which so many answers come at a time, on the average."""
        return self.pause_for(people, questions=streams / self.streaming)


@dataclass(frozen=True)
class Account:
    """Who somebody is: the secret of the cookie, the chats, and the address that is come from."""

    token: str
    chats: tuple[str, ...]
    address: str
