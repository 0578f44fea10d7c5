"""What a run with people does, as the words of a command line describe it."""

from dataclasses import dataclass, fields
from typing import Any

from bench.load.manners import Manners


@dataclass
class Plan:
    """What a run does. Durations are in seconds, rates a second."""

    people: int = 10_000
    backends: int = 2
    streams: int = 304
    """Answers that are to come at the same time; they last a little longer than planned, so that
    there are some more."""
    words: int = 300
    rate: int = 30
    """Words a second of each answer."""
    arrivals: float = 100.0
    """People a second who open the page."""
    settle: float = 25.0
    """So long people talk before it is measured."""
    measure: float = 60.0
    idle: float = 15.0
    crowds: int = 4
    deflate: int = 1
    save: int = 0
    """1: what things cost is kept for :mod:`bench.scale_model`."""

    @property
    def settings(self) -> dict[str, str]:
        """What the installation is told."""
        return {"CHATAPP_CONNECTS": str(round(self.arrivals * 2))}

    @property
    def manners(self) -> Manners:
        """How the people behave, but for their pauses."""
        return Manners(words=self.words, rate=self.rate, deflate=bool(self.deflate))

    @classmethod
    def of(cls, arguments: list[str], **defaults: Any) -> "Plan":
        """The plan that the words of a command line describe: ``2000 streams=100``."""
        plan = cls(**defaults)
        known = {each.name for each in fields(cls)}
        for word in arguments:
            name, found, value = word.partition("=")
            if not found:
                name, value = "people", word
            if name not in known:
                raise SystemExit(f"No such option: {name}. Say some of {', '.join(sorted(known))}.")
            setattr(plan, name, type(getattr(plan, name))(float(value)))
        return plan
