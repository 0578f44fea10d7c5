"""Alembic's environment: which tables, on which connection, in which transactions."""

import asyncio
from importlib import import_module
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, event
from sqlalchemy.types import TypeDecorator

from chatapp.database import Table, engine
from chatapp.migrate import limit_waiting
from chatapp.settings import PROJECT


def load_tables() -> None:
    for path in sorted((PROJECT / "chatapp").rglob("models.py")):
        import_module(".".join(path.relative_to(PROJECT).with_suffix("").parts))


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Revisions name SQLAlchemy's own types: they must outlive the code of today."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """What is compared with the models: not what only some databases have."""
    return (kind, name) != ("index", "ix_users_search")


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=True,
        render_item=render_item,
        include_name=include_name,
        transaction_per_migration=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect() -> None:
    if engine().dialect.name != "sqlite":
        event.listen(engine().sync_engine, "begin", limit_waiting)
    async with engine().connect() as connection:
        await connection.run_sync(migrate)


def show_sql() -> None:
    """``alembic upgrade --sql``: for a person who looks before the database changes."""
    context.configure(
        dialect_name="postgresql",
        target_metadata=Table.metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


load_tables()
given: Connection | None = context.config.attributes.get("connection")
if context.is_offline_mode():
    show_sql()
elif given is not None:
    migrate(given)
else:
    asyncio.run(connect())
