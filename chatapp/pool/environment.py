"""The pool that the keys in the environment make when there is no pool file."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from chatapp.pool.config import DEMO, Account, Member, PoolConfig
from chatapp.pool.tables import PoolConfigError


@dataclass(frozen=True, slots=True)
class Preset:
    """What a known key stands for. The address may be replaced by a variable of its own."""

    keys: tuple[str, ...]
    name: str
    provider: str
    models: tuple[tuple[str, str], ...]
    """Pairs of tier and model."""
    url_variable: str
    model_variable: str
    base_url: str | None = None
    title: str = ""
    vision: bool = False


PRESETS = (
    Preset(
        ("GROQ_API_KEY",),
        "groq",
        "groq",
        (("fast", "llama-3.1-8b-instant"), ("smart", "llama-3.3-70b-versatile")),
        "GROQ_BASE_URL",
        "GROQ_MODEL",
    ),
    Preset(
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "google",
        "google",
        (("fast", "gemini-2.5-flash-lite"), ("smart", "gemini-2.5-flash")),
        "GEMINI_BASE_URL",
        "GEMINI_MODEL",
        vision=True,
    ),
    Preset(
        ("OPENAI_API_KEY",),
        "openai",
        "openai",
        (("fast", "gpt-4.1-mini"), ("smart", "gpt-4.1")),
        "OPENAI_BASE_URL",
        "OPENAI_MODEL",
        vision=True,
    ),
    Preset(
        ("MISTRAL_API_KEY",),
        "mistral",
        "openai",
        (("fast", "mistral-small-latest"), ("smart", "mistral-large-latest")),
        "MISTRAL_BASE_URL",
        "MISTRAL_MODEL",
        "https://api.mistral.ai/v1",
        "Mistral",
    ),
    Preset(
        ("OPENROUTER_API_KEY",),
        "openrouter",
        "openai",
        (("smart", "meta-llama/llama-3.3-70b-instruct"),),
        "OPENROUTER_BASE_URL",
        "OPENROUTER_MODEL",
        "https://openrouter.ai/api/v1",
        "OpenRouter",
    ),
    Preset(
        ("TOGETHER_API_KEY",),
        "together",
        "openai",
        (("smart", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),),
        "TOGETHER_BASE_URL",
        "TOGETHER_MODEL",
        "https://api.together.xyz/v1",
        "Together",
    ),
)


def pool_from_environment(environ: Mapping[str, str]) -> PoolConfig:
    """The pool of all known keys that are set; a demo member when none is.

    Raises:
        PoolConfigError: an address is set for OpenAI's key, but no model.
    """
    accounts: list[Account] = []
    members: list[Member] = []
    for preset in PRESETS:
        key = next((found for name in preset.keys if (found := environ.get(name, "").strip())), "")
        if not key:
            continue
        own_url = environ.get(preset.url_variable, "").strip().rstrip("/")
        own_model = environ.get(preset.model_variable, "").strip()
        if own_url and not own_url.startswith(("http://", "https://")):
            raise PoolConfigError(
                f"environment: {preset.url_variable} must begin with http:// or https://."
            )
        if own_url and preset.name == "openai" and not own_model:
            raise PoolConfigError(
                "environment: OPENAI_BASE_URL is set, so OPENAI_MODEL must name a model."
            )
        account = Account(
            name=preset.name,
            provider=preset.provider,
            api_key=SecretStr(key),
            base_url=own_url or preset.base_url,
            title=preset.title,
        )
        accounts.append(account)
        members += [
            Member(tier, account, own_model or model, vision=preset.vision)
            for tier, model in preset.models
        ]
    if not members:
        demo = Account(DEMO, DEMO)
        return PoolConfig((demo,), (Member(DEMO, demo, DEMO),))
    return PoolConfig(tuple(accounts), tuple(members))
