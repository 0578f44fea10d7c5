"""The wire formats of the providers: Groq's and OpenAI's, and Gemini's."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.fakes.behaviour import Fault, Plan

KEY_IN_BODY = "the key {key} of this account"
PIECE = 7
"""So many characters of a call's arguments come at once."""

FINISHES = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
"""Gemini's words for why an answer ended."""


@dataclass
class Asked:
    """A request as its dialect understands it."""

    model: str
    stream: bool
    texts: list[str]
    question: str
    results: int
    """How often tools have given results since the question."""
    wants_usage: bool
    tools: list[dict[str, Any]] = field(default_factory=list)
    """Those that may be called: ``name`` and ``parameters``."""


def sse(data: Any, event: str | None = None, end: str = "\n\n") -> bytes:
    head = f"event: {event}\n" if event else ""
    body = data
    if not isinstance(data, str):
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{head}data: {body}{end}".encode()


class OpenAI:
    """OpenAI's chat completions; Groq's differ in where the usage is."""

    def __init__(self, provider: str) -> None:
        self.groq = provider == "groq"

    def read(self, body: dict[str, Any], model: str, stream: bool) -> Asked:
        messages = body.get("messages") or []
        texts = [_text(message.get("content")) for message in messages]
        asked = [t for t, m in zip(texts, messages, strict=True) if m.get("role") == "user"]
        options = body.get("stream_options") or {}
        return Asked(
            model=str(body.get("model")),
            stream=bool(body.get("stream")),
            texts=texts,
            question=asked[-1] if asked else "",
            results=_rounds([message.get("role") for message in messages], "tool", "user"),
            wants_usage=self.groq or bool(options.get("include_usage")),
            tools=_openai_tools(body),
        )

    def _usage(self, plan: Plan) -> dict[str, Any]:
        usage: dict[str, Any] = {
            "prompt_tokens": plan.prompt_tokens,
            "completion_tokens": plan.completion_tokens,
            "total_tokens": plan.prompt_tokens + plan.completion_tokens,
        }
        if self.groq:
            usage |= {
                "queue_time": 0.01,
                "prompt_time": 0.01,
                "completion_time": 0.1,
                "total_time": 0.1,
            }
        return usage

    def _chunk(
        self, asked: Asked, number: int, delta: dict[str, Any], finish: str | None = None
    ) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": asked.model,
            "system_fingerprint": "fp_fake",
            "choices": [choice],
        }

    def opening(self, asked: Asked, number: int) -> list[bytes]:
        chunk = self._chunk(asked, number, {"role": "assistant", "content": ""})
        if self.groq:
            chunk["x_groq"] = {"id": f"req_{number}"}
        return [sse(chunk)]

    def thought(self, asked: Asked, number: int, text: str, name: str) -> bytes:
        return sse(self._chunk(asked, number, {name: text}))

    def token(self, asked: Asked, number: int, text: str) -> bytes:
        return sse(self._chunk(asked, number, {"content": text}))

    def calls(self, asked: Asked, number: int, plan: Plan) -> list[bytes]:
        """Groq sends a call whole; OpenAI its name first, then its arguments in pieces."""
        events: list[dict[str, Any]] = []
        for index, call in enumerate(plan.tool_calls):
            whole = {"index": index, **_call(index, call)}
            if self.groq:
                events.append(whole)
                continue
            name, arguments = whole["function"]["name"], whole["function"]["arguments"]
            events.append({**whole, "function": {"name": name, "arguments": ""}})
            events += [
                {"index": index, "function": {"arguments": arguments[at : at + PIECE]}}
                for at in range(0, len(arguments), PIECE)
            ]
        return [sse(self._chunk(asked, number, {"tool_calls": [event]})) for event in events]

    def closing(self, asked: Asked, number: int, plan: Plan) -> list[bytes]:
        finish = self._chunk(
            asked, number, {}, "tool_calls" if plan.tool_calls else plan.finish_reason
        )
        events = [finish]
        if plan.usage and self.groq:
            finish["x_groq"] = {"id": f"req_{number}", "usage": self._usage(plan)}
        elif plan.usage and asked.wants_usage:
            events.append(
                {**self._chunk(asked, number, {}), "choices": [], "usage": self._usage(plan)}
            )
        return [*(sse(event) for event in events), self.done()]

    def done(self) -> bytes:
        return sse("[DONE]")

    def whole(self, asked: Asked, number: int, plan: Plan) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(plan.tokens)}
        if plan.tool_calls:
            message["tool_calls"] = [_call(i, call) for i, call in enumerate(plan.tool_calls)]
        finish = "tool_calls" if plan.tool_calls else plan.finish_reason
        return {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": asked.model,
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
            ],
            "usage": self._usage(plan),
        }

    def error(self, status: int, fault: Fault, key: str) -> dict[str, Any]:
        codes = {
            401: ("invalid_request_error", "invalid_api_key"),
            404: ("invalid_request_error", "model_not_found"),
            429: ("tokens", "rate_limit_exceeded"),
        }
        default = ("invalid_request_error" if status < 500 else "internal_server_error", None)
        kind, code = codes.get(status, default)
        text = f"Failed with {status}: " + KEY_IN_BODY.format(key=key)
        return {"error": {"message": text, "type": kind, "code": fault.code or code}}

    def in_band(self, fault: Fault, key: str) -> bytes:
        return sse(self.error(500, fault, key), event="error" if self.groq else None)

    def auth_status(self) -> int:
        return 401


class Gemini:
    """Gemini's generateContent."""

    def read(self, body: dict[str, Any], model: str, stream: bool) -> Asked:
        contents = body.get("contents") or []
        texts = [" ".join(p.get("text", "") for p in c.get("parts", [])) for c in contents]
        asked = [
            t for t, c in zip(texts, contents, strict=True) if c.get("role") == "user" and t.strip()
        ]
        roles = [_gemini_role(content) for content in contents]
        return Asked(
            model=model,
            stream=stream,
            texts=texts,
            question=asked[-1] if asked else "",
            results=_rounds(roles, "result", "user"),
            wants_usage=True,
            tools=_gemini_tools(body),
        )

    def _usage(self, plan: Plan, written: int) -> dict[str, Any]:
        return {
            "promptTokenCount": plan.prompt_tokens,
            "candidatesTokenCount": written,
            "totalTokenCount": plan.prompt_tokens + written,
        }

    def _chunk(self, asked: Asked, number: int, parts: list[Any], **rest: Any) -> dict[str, Any]:
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0, **rest}
        return {
            "candidates": [candidate],
            "modelVersion": asked.model,
            "responseId": f"response-{number}",
        }

    def opening(self, asked: Asked, number: int) -> list[bytes]:
        return []

    def thought(self, asked: Asked, number: int, text: str, name: str) -> bytes:
        return self._sse(self._chunk(asked, number, [{"text": text, "thought": True}]))

    def token(self, asked: Asked, number: int, text: str) -> bytes:
        return self._sse(self._chunk(asked, number, [{"text": text}]))

    def calls(self, asked: Asked, number: int, plan: Plan) -> list[bytes]:
        parts = [{"functionCall": {"name": c["name"], "args": c["args"]}} for c in plan.tool_calls]
        return [self._sse(self._chunk(asked, number, parts))] if parts else []

    def closing(self, asked: Asked, number: int, plan: Plan) -> list[bytes]:
        finish = FINISHES.get(plan.finish_reason, plan.finish_reason)
        chunk = self._chunk(asked, number, [{"text": ""}], finishReason=finish)
        if plan.usage:
            chunk["usageMetadata"] = self._usage(plan, plan.completion_tokens)
        return [self._sse(chunk)]

    def done(self) -> bytes:
        return b""

    def whole(self, asked: Asked, number: int, plan: Plan) -> dict[str, Any]:
        parts: list[Any] = [{"text": "".join(plan.tokens)}] if plan.tokens else []
        parts += [{"functionCall": {"name": c["name"], "args": c["args"]}} for c in plan.tool_calls]
        finish = FINISHES.get(plan.finish_reason, plan.finish_reason)
        whole = self._chunk(asked, number, parts, finishReason=finish)
        return {**whole, "usageMetadata": self._usage(plan, plan.completion_tokens)}

    def error(self, status: int, fault: Fault, key: str) -> dict[str, Any]:
        words = {
            400: "INVALID_ARGUMENT",
            403: "PERMISSION_DENIED",
            404: "NOT_FOUND",
            429: "RESOURCE_EXHAUSTED",
            500: "INTERNAL",
            503: "UNAVAILABLE",
        }
        details: list[dict[str, Any]] = []
        if fault.kind == "auth":
            details.append(
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com",
                }
            )
        if status == 429:
            quota = "PerDay" if fault.quota == "day" else "PerMinute"
            details.append(
                {
                    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [
                        {"quotaId": f"GenerateRequests{quota}PerProjectPerModel-FreeTier"}
                    ],
                }
            )
            if fault.retry_after is not None:
                details.append(
                    {
                        "@type": "type.googleapis.com/google.rpc.RetryInfo",
                        "retryDelay": f"{fault.retry_after}s",
                    }
                )
        text = f"Failed with {status}: " + KEY_IN_BODY.format(key=key)
        status_word = fault.code or words.get(status, "UNKNOWN")
        return {
            "error": {"code": status, "message": text, "status": status_word, "details": details}
        }

    def in_band(self, fault: Fault, key: str) -> bytes:
        return self._sse(self.error(503, fault, key))

    def auth_status(self) -> int:
        return 400

    def _sse(self, data: Any) -> bytes:
        return sse(data, end="\r\n\r\n")


def _gemini_role(content: dict[str, Any]) -> str:
    if any("functionResponse" in part for part in content.get("parts", [])):
        return "result"
    return str(content.get("role"))


def openai_refuses(body: dict[str, Any]) -> bool:
    """Whether calls and results do not belong together: each call has one result after it."""
    open_calls: set[str] = set()
    for message in body.get("messages") or []:
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in open_calls:
                return True
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls or "function_call" in message:
            return True
        open_calls = {call["id"] for call in message.get("tool_calls") or []}
    return bool(open_calls)


def gemini_refuses(body: dict[str, Any]) -> bool:
    """Whether calls and results do not belong together: as many results as calls, next to them."""
    called = 0
    for content in body.get("contents") or []:
        parts = content.get("parts", [])
        if sum("functionResponse" in part for part in parts) != called:
            return True
        called = sum("functionCall" in part for part in parts)
    return called > 0


def _rounds(roles: Sequence[str | None], result: str, question: str) -> int:
    """How many runs of results come after the last question."""
    after = roles[len(roles) - roles[::-1].index(question) :] if question in roles else roles
    return sum(role == result and before != result for before, role in pairwise(["", *after]))


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _call(index: int, call: dict[str, Any]) -> dict[str, Any]:
    arguments = call["args"]
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=index % 2 == 0)
    return {
        "id": f"call_{index}",
        "type": "function",
        "function": {"name": call["name"], "arguments": arguments},
    }


def _openai_tools(body: dict[str, Any]) -> list[dict[str, Any]]:
    choice = body.get("tool_choice")
    forced = choice["function"]["name"] if isinstance(choice, dict) else None
    tools = [tool["function"] for tool in body.get("tools") or []]
    return [tool for tool in tools if forced in (None, tool["name"])]


def _gemini_tools(body: dict[str, Any]) -> list[dict[str, Any]]:
    config = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    allowed = config.get("allowedFunctionNames")
    found = [t for tool in body.get("tools") or [] for t in tool.get("functionDeclarations") or []]
    return [tool for tool in found if not allowed or tool["name"] in allowed]
