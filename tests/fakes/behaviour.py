"""What a fake provider is told to do, and the plan of one answer."""

import re
from dataclasses import dataclass, field, fields, replace
from typing import Any

BREAK = re.compile(r"\[\[break after (\d+)\]\]")
"""In a question: after how many tokens its own fault happens."""

ORDER = re.compile(r"\[\[say (\d+) words(?: at (\d+)/s)?\]\]")


@dataclass
class Fault:
    """One thing that goes wrong.

    Kinds before the headers: ``http_NNN`` (any status), ``auth``, ``stall`` (never a byte),
    ``drop`` (the connection closes), ``garbage`` (200 with nonsense).
    Kinds within the stream, after ``after`` tokens: ``error_in_band``, ``drop_after`` (reset),
    ``close_after`` (clean end of the connection in the middle of the body), ``stall_after``,
    ``end_without_finish`` (a clean end of the stream), ``drop_before_usage``, ``drop_after_calls``,
    ``empty`` (a finish reason and no word), ``drip`` (from there on a word in ``pause`` seconds),
    ``half_character`` (a clean end within the bytes of a character), ``garbage_after`` (an event
    that is no JSON).
    """

    kind: str
    after: int = 0
    thinking: bool = False
    """Whether it happens after so many pieces of reasoning, not of the answer."""
    times: int | None = None
    """How often it happens; None: always."""
    retry_after: float | str | None = None
    retry_after_ms: int | None = None
    retry_date: float | None = None
    """Seconds from now, told as an HTTP date."""
    pause: float = 0
    quota: str = "minute"
    """Which of Gemini's quotas is used up: ``minute`` or ``day``."""
    code: str | None = None
    """The provider's word for the error, e.g. ``context_length_exceeded``."""


@dataclass
class Limits:
    """What an account may use. The lengths of its minute and its day are in seconds."""

    rpm: int | None = None
    tpm: int | None = None
    rpd: int | None = None
    minute: float = 60
    day: float = 86_400


@dataclass
class Behaviour:
    """How the requests to one provider, account or model are answered."""

    provider: str = "*"
    account: str = "*"
    model: str = "*"
    text: str | None = None
    tokens: list[str] | None = None
    tokens_per_second: float = 0
    """0: as fast as it goes."""
    first_token_delay: float = 0
    finish_reason: str = "stop"
    thoughts: list[str] = field(default_factory=list)
    """Reasoning that is sent before the first word."""
    thoughts_per_second: float = 0
    reasoning: str = "reasoning"
    """What look-alikes of OpenAI call it; some say ``reasoning_content``."""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    """``{"name", "args"}`` each; called unless the last message is a tool's result. Arguments that
    are a text are sent as they stand, valid or not."""
    rounds: list[list[dict[str, Any]]] = field(default_factory=list)
    """Such calls for each step of a turn: the first, the one after the first results, and so on."""
    says: str = ""
    """What is said before calls."""
    loops: bool = False
    """Calls again after each result, for ever, as long as it is given tools."""
    obliging: bool = False
    """Calls the first tool that it is given, with arguments that fit its schema."""
    usage: bool = True
    fault: Fault | None = None
    limits: Limits | None = None
    """Enforced for each account and model."""
    split: int = 0
    """Into how many bytes what is sent is cut; 0: not at all."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Behaviour":
        known = {f.name for f in fields(cls)}
        if unknown := set(data) - known:
            raise ValueError(f"unknown: {sorted(unknown)}")
        fault, limits = data.get("fault"), data.get("limits")
        made = {
            "fault": Fault(**fault) if fault else None,
            "limits": Limits(**limits) if limits else None,
        }
        return cls(**{**data, **made})

    def fits(self, provider: str, account: str, model: str) -> bool:
        pairs = ((self.provider, provider), (self.account, account), (self.model, model))
        return all(wanted in ("*", found) for wanted, found in pairs)

    def take_fault(self) -> Fault | None:
        """The fault of this request, counted down."""
        fault = self.fault
        if fault is None or fault.times is None:
            return fault
        if fault.times <= 0:
            return None
        fault.times -= 1
        return fault


@dataclass
class Plan:
    """One answer."""

    tokens: list[str]
    rate: float
    delay: float
    finish_reason: str
    thoughts: list[str]
    thoughts_rate: float
    reasoning: str
    tool_calls: list[dict[str, Any]]
    usage: bool
    fault: Fault | None
    prompt_tokens: int

    @property
    def completion_tokens(self) -> int:
        return len(self.tokens) + len(self.tool_calls)


def numbered(count: int) -> list[str]:
    """The tokens of ``[[say N words]]``: ``w0``, `` w1`` and so on."""
    return [f"{' ' if n else ''}w{n}" for n in range(count)]


def invented(schema: dict[str, Any], question: str) -> Any:
    """Something that fits a JSON schema."""
    for choice in schema.get("anyOf") or []:
        if choice.get("type") != "null":
            return invented(choice, question)
    match str(schema.get("type", "object")).lower():
        case "object":
            properties = schema.get("properties") or {}
            return {name: invented(each, question) for name, each in properties.items()}
        case "array":
            return [invented(schema.get("items") or {}, question)]
        case "integer" | "number":
            return 3
        case "boolean":
            return True
    return (schema.get("enum") or [question])[0]


def plan(
    behaviour: Behaviour,
    model: str,
    texts: list[str],
    question: str,
    results: int,
    tools: list[dict[str, Any]],
) -> Plan:
    """The answer to a request whose messages have these texts.

    ``results`` is how often, since the question, tools have given results.
    """
    rate = behaviour.tokens_per_second
    if behaviour.tokens is not None:
        tokens = list(behaviour.tokens)
    elif behaviour.text is not None:
        tokens = re.findall(r"\s*\S+|\s+$", behaviour.text)
    elif order := ORDER.search(question):
        tokens = numbered(int(order[1]))
        rate = float(order[2]) if order[2] else rate
    else:
        tokens = re.findall(
            r"\s*\S+", f"I am {model}. Your question has {len(question)} characters."
        )
    fault = behaviour.take_fault()
    if fault is not None and (at := BREAK.search(question)):
        fault = replace(fault, after=int(at[1]))
    calls = behaviour.tool_calls
    if behaviour.obliging and tools:
        arguments = invented(tools[0].get("parameters") or {}, question)
        calls = [{"name": tools[0]["name"], "args": arguments}]
    if behaviour.rounds:
        calls = behaviour.rounds[results] if results < len(behaviour.rounds) else []
    elif results and not (behaviour.loops and tools):
        calls = []
    return Plan(
        tokens=re.findall(r"\s*\S+", behaviour.says) if calls else tokens,
        rate=rate,
        delay=behaviour.first_token_delay,
        finish_reason=behaviour.finish_reason,
        thoughts=behaviour.thoughts,
        thoughts_rate=behaviour.thoughts_per_second,
        reasoning=behaviour.reasoning,
        tool_calls=calls,
        usage=behaviour.usage,
        fault=fault,
        prompt_tokens=sum(len(text.split()) for text in texts),
    )
