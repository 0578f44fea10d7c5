"""Who people are and how they behave."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Manners:
    """How people behave. Durations are in seconds; the others are shares of 1."""

    port: int = 0
    think: float = 300.0
    words: int = 300
    rate: int = 30
    stops: float = 0.03
    switches: float = 0.1
    reloads: float = 0.03
    deflate: bool = True


@dataclass(frozen=True)
class Account:
    """Who somebody is: the secret of the cookie, the chats, and the address that is come from."""

    token: str
    chats: tuple[str, ...]
    address: str
