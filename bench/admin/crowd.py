"""A database of many people, filled by PostgreSQL itself."""

from dataclasses import dataclass
from uuid import UUID

import psycopg

DAYS = 90
"""Over how many of the last days all of it is spread."""


GROUPS = 50
SIGN_INS = 10
"""How often each person has signed in."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    people: int
    answers: int

    @property
    def chats(self) -> int:
        """How many chats there are: of five answers each."""
        return max(self.answers // 5, 1)


# Ids grow with time, as the product's do: the indexes are written at their ends.
_ID = "(lpad(to_hex({kind}), 8, '0') || '-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid"
_AT = f"now() - interval '{DAYS} days' * (1 - {{n}}::float8 / {{count}})"


def person_id(number: int) -> UUID:
    """The id of one of the people."""
    return UUID(f"{1:08x}-0000-7000-8000-{number:012x}")


def _id(kind: int, n: str) -> str:
    return _ID.format(kind=kind, n=n)


def _at(n: str, count: int) -> str:
    return _AT.format(n=n, count=count)


def statements(size: Size) -> dict[str, str]:
    """What is inserted, by the table's name, in order."""
    people, chats, answers = size.people, size.chats, size.answers
    notes = people * SIGN_INS
    user = _id(1, f"(n::bigint * {people} / {answers} % {people})")
    chat = _id(2, "(n / 5)")
    label = "('Groq · model ' || n % 4)"
    return {
        "users": f"""
            INSERT INTO users (id, email, name, password_hash, role, status, created_at)
            SELECT {_id(1, "n")}, 'person' || n || '@example.org', 'Person ' || n, 'none',
                CASE WHEN n % 10000 = 0 THEN 'admin' ELSE 'member' END,
                CASE WHEN n % 500 = 1 THEN 'pending' WHEN n % 200 = 2 THEN 'disabled'
                    ELSE 'active' END,
                {_at("n", people)}
            FROM generate_series(0, {people - 1}) AS n""",
        "chats": f"""
            INSERT INTO chats (id, user_id, title, created_at, updated_at)
            SELECT {_id(2, "n")}, {_id(1, f"(n::bigint * {people} / {chats} % {people})")},
                'A chat', {_at("n", chats)}, {_at("n", chats)}
            FROM generate_series(0, {chats}) AS n""",
        "questions": f"""
            INSERT INTO messages (id, chat_id, user_id, role, status, text, created_at)
            SELECT {_id(3, "n")}, {chat}, {user}, 'question', 'done', 'What is it?',
                {_at("n", answers)}
            FROM generate_series(0, {answers - 1}) AS n""",
        "messages": f"""
            INSERT INTO messages (id, chat_id, user_id, parent_id, role, status, text, created_at)
            SELECT {_id(4, "n")}, {chat}, {user}, {_id(3, "n")}, 'answer', 'done', 'It is so.',
                {_at("n", answers)}
            FROM generate_series(0, {answers - 1}) AS n""",
        "answers": f"""
            INSERT INTO answers (id, chat_id, user_id, runner, epoch, answered_by, attempts,
                problem, prompt_tokens, completion_tokens, first_token_ms, duration_ms,
                queued_at, ended_at, thumb, thumb_words, rated_at)
            SELECT {_id(4, "n")}, {chat}, {user}, 'r', 1, {label},
                '[{{"member": "groq/model", "label": "Groq · model", "outcome": "ok",
                    "duration_ms": 900}}]', '', 100, 200, 300, 900,
                {_at("n", answers)}, {_at("n", answers)},
                CASE WHEN n % 50 = 0 THEN 1 WHEN n % 50 = 1 THEN -1 ELSE 0 END,
                CASE WHEN n % 100 = 1 THEN 'Not quite so' ELSE '' END,
                CASE WHEN n % 50 < 2 THEN {_at("n", answers)} END
            FROM generate_series(0, {answers - 1}) AS n""",
        "provider_attempts": f"""
            INSERT INTO provider_attempts (id, user_id, answer_id, day, tier, account, member,
                outcome, prompt_tokens, completion_tokens, cached_tokens, saved_tokens, cost,
                duration_ms, wait_ms, error, at)
            SELECT {_id(5, "n")}, {user}, {_id(4, "n")}, ({_at("n", answers)})::date, 'fast',
                'groq', 'groq/model' || n % 4, 'ok', 100, 200, 0, 0, 10, 900, 0, '',
                {_at("n", answers)}
            FROM generate_series({answers // 2}, {answers - 1}) AS n""",
        "usage_days": f"""
            INSERT INTO usage_days (day, user_id, member, attempts, questions, prompt_tokens,
                completion_tokens, cached_tokens, saved_tokens, cost)
            SELECT current_date - day, {_id(1, "n")}, 'groq/model' || n % 4, 1, 1, 100, 200, 0,
                0, 10
            FROM generate_series(0, {people - 1}) AS n, generate_series(0, 9) AS day""",
        "usage_totals": """
            INSERT INTO usage_totals (day, member, attempts, questions, prompt_tokens,
                completion_tokens, cached_tokens, saved_tokens, cost)
            SELECT day, member, sum(attempts), sum(questions), sum(prompt_tokens),
                sum(completion_tokens), sum(cached_tokens), sum(saved_tokens), sum(cost)
            FROM usage_days GROUP BY day, member""",
        "thumb_hours": """
            INSERT INTO thumb_hours (at, label, up, down)
            SELECT floor(extract(epoch FROM rated_at) / 3600)::bigint, answered_by,
                count(*) FILTER (WHERE thumb > 0), count(*) FILTER (WHERE thumb < 0)
            FROM answers WHERE rated_at IS NOT NULL GROUP BY 1, 2""",
        "groups": f"""
            INSERT INTO groups (id, name, created_at)
            SELECT {_id(7, "n")}, 'Group ' || n, now()
            FROM generate_series(0, {GROUPS - 1}) AS n""",
        "memberships": f"""
            INSERT INTO memberships (user_id, group_id)
            SELECT {_id(1, "n")}, {_id(7, f"(n % {GROUPS})")}
            FROM generate_series(0, {people - 1}) AS n""",
        "one_time_links": f"""
            INSERT INTO one_time_links (id, kind, token_hash, email, made_at, expires_at, used_at)
            SELECT {_id(8, "n")}, 'invite', 'hash' || n, 'invited' || n || '@example.org',
                {_at("n", people)}, {_at("n", people)} + interval '7 days',
                CASE WHEN n % 3 > 0 THEN {_at("n", people)} END
            FROM generate_series(0, {people - 1}) AS n""",
        "used_periods": f"""
            INSERT INTO used_periods (user_id, kind, first_day, questions, tokens)
            SELECT {_id(1, "n")}, kind, CASE kind WHEN 'day' THEN current_date - day
                    ELSE (date_trunc('month', current_date) - interval '1 month' * day)::date END,
                n % 100, n % 100 * 300
            FROM generate_series(0, {people - 1}) AS n, generate_series(0, 4) AS day,
                unnest(ARRAY['day', 'month']) AS kind""",
        "history_counts": f"""
            INSERT INTO history_counts (width, name, at, value)
            SELECT width, name, extract(epoch FROM now())::bigint / width - n, n % 50
            FROM unnest(ARRAY[60, 3600]) AS width, generate_series(0, 2880) AS n,
                unnest(ARRAY[{", ".join(f"'{name}'" for name in _names())}]) AS name
            WHERE width = 60 OR n < {DAYS} * 24""",
        "audit_notes": f"""
            INSERT INTO audit_notes (id, at, action, by, subject, address)
            SELECT {_id(6, "n")}, {_at("n", notes)},
                CASE WHEN n % 1000 = 0 THEN 'limits.changed' WHEN n % 7 = 0
                    THEN 'person.sign-in-failed' ELSE 'person.signed-in' END,
                {_id(1, f"(n % {people})")}, 'person:' || {_id(1, f"(n % {people})")}, '10.0.0.1'
            FROM generate_series(0, {notes - 1}) AS n""",
    }


def _names() -> list[str]:
    from chatapp import metrics
    from chatapp.history.series import NAMES

    outcomes = ("ok", "fail", "rate", "auth", *(f"first:{upper}" for upper in metrics.BUCKETS))
    members = [f"member:groq/model{n}:{what}" for n in range(8) for what in outcomes]
    return [*NAMES, *members]


async def fill(url: str, size: Size, told: bool = False) -> None:
    """Fill a migrated database.

    Args:
        url: where it is; as who may switch checks of references off.
        size: how much.
        told: whether to say on the way what is done.
    """
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        # All refers to what is there; to look each of it up would take most of the time.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("SET maintenance_work_mem = '512MB'")
        for name, statement in statements(size).items():
            if told:
                print(f"Filling {name} …", flush=True)
            await connection.execute(statement.encode())
        await connection.execute("VACUUM (ANALYZE)")
