"""Tools of a real MCP server: found, kept, used, and what happens when it fails."""

import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool
from sqlmodel import select

from chatapp.agents.tools import service
from chatapp.agents.tools.catalogue import Caller, available, built, every
from chatapp.agents.tools.entry import Entered, Unfit
from chatapp.agents.tools.mcp import full_name
from chatapp.agents.tools.models import McpServer
from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.service import Gone
from chatapp.audit.models import AuditNote
from chatapp.database import reading
from chatapp.settings import Settings
from tests.agents.tools.serving import SECRET, Served, mcp_server
from tests.harness.processes import free_port

HEADERS = f"X-Key: {SECRET}\n"
WRITE = full_name("notes", "write note")


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Served]:
    async with mcp_server() as served:
        yield served


@pytest.fixture
async def notes(installation: Settings, server: Served) -> UUID:
    """The server as an admin has added and tested it."""
    server.calls.clear()
    added = await service.add(Entered("notes", server.url, headers=HEADERS), by=uuid4())
    assert await service.test(added, by=None) == 5
    return added


async def use(name: str, **arguments: object) -> str:
    (tool,) = built([name], Caller(uuid4()))
    return await tool.ainvoke(arguments)


async def row(server_id: UUID) -> McpServer:
    async with reading() as session:
        return await session.get_one(McpServer, server_id)


async def test_its_tools_are_used_once_an_admin_has_switched_them_on(
    notes: UUID, server: Served
) -> None:
    found = {tool.name: (tool, on) for tool, on in every()}
    assert {"notes_read-note", WRITE, "notes_slow", "notes_broken"} <= found.keys()
    tool, on = found["notes_read-note"]
    assert (tool.title, tool.meaning) == ("Read a note", "Reads a note by its number.")
    assert not on
    assert "notes_read-note" not in {tool.name for tool in available()}
    assert built(["notes_read-note"], Caller(uuid4())) == []
    # What says that it changes nothing needs nobody's word; anything else does.
    assert (tool.acts, found[WRITE][0].acts) == (False, True)
    for name in ("notes_read-note", WRITE):
        await service.choose(name, on=True, by=None)
    assert await use("notes_read-note", number=7) == "note 7: grün 漢字"
    assert await use(WRITE, text="😀 \u202e") == "written"
    assert server.calls == [("read-note", 7), ("write note", "😀 \u202e")]
    await service.choose(WRITE, acts=False, by=None)
    assert {tool.name: tool.acts for tool in available()}[WRITE] is False
    await service.switch(notes, on=False, by=None)
    assert "notes_read-note" not in {tool.name for tool in available()}


async def test_models_are_told_its_arguments(notes: UUID) -> None:
    await service.choose("notes_read-note", on=True, by=None)
    (tool,) = built(["notes_read-note"], Caller(uuid4()))
    schema = tool.tool_call_schema
    assert isinstance(schema, dict)
    assert schema["properties"]["number"]["type"] == "integer"
    assert (tool.name, tool.description) == ("notes_read-note", "Reads a note by its number.")
    told = convert_to_openai_tool(tool)["function"]
    assert (told["name"], told["parameters"]["required"]) == ("notes_read-note", ["number"])


async def test_what_goes_wrong_in_it_is_told_in_words(notes: UUID, server: Served) -> None:
    for name in ("notes_broken", "notes_read-note", "notes_slow", "notes_endless"):
        await service.choose(name, on=True, by=None)
    with pytest.raises(ToolProblem, match="the shelf is locked"):
        await use("notes_broken")
    with pytest.raises(ToolProblem, match="answers with an error"):
        await use("notes_read-note", number="many")
    await service.change(notes, Entered("notes", server.url, timeout=1), by=None)
    with pytest.raises(ToolProblem):
        await use("notes_endless")
    with pytest.raises(ToolProblem, match=r"slow took longer than 1 seconds|not answer in time"):
        await use("notes_slow")


async def test_a_dead_server_keeps_its_tools_and_costs_nobody_else(
    notes: UUID, server: Served
) -> None:
    await service.choose("notes_read-note", on=True, by=None)
    dead = f"http://127.0.0.1:{free_port()}/mcp"
    await service.change(notes, Entered("notes", dead, headers=HEADERS), by=None)
    # As at a start: nothing is connected to.
    service._copy.cache_clear()
    await service.load()
    assert "notes_read-note" in {tool.name for tool in available()}
    assert await use("calculator", expression="6*7") == "6*7 = 42"
    with pytest.raises(ToolProblem, match="cannot be reached"):
        await use("notes_read-note", number=1)
    with pytest.raises(ToolProblem, match="cannot be reached"):
        await service.test(notes, by=None)
    kept = await row(notes)
    assert (len(kept.tools), "cannot be reached" in kept.problem) == (5, True)


async def test_its_headers_are_sent_and_nowhere_else_to_be_seen(
    notes: UUID, server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with reading() as session:
        audited = (await session.exec(select(AuditNote))).all()
    kept = await row(notes)
    written = (
        repr(kept)
        + str(kept.sealed)
        + json.dumps([note.model_dump(mode="json") for note in audited])
    )
    assert SECRET not in written
    assert {note.action for note in audited} == {"mcp.added", "mcp.tested"}
    # Another place is not told what was for the first one.
    await service.change(
        notes, Entered("notes", server.url.replace("127.0.0.1", "localhost")), by=None
    )
    assert (await row(notes)).sealed is None
    with pytest.raises(ToolProblem, match="refuses us") as refused:
        await service.test(notes, by=None)
    assert SECRET not in str(refused.value) + caplog.text


async def test_what_it_says_later_changes_nothing_until_it_is_tested(
    notes: UUID, server: Served
) -> None:
    @server.mcp.tool("read-note-2", description="Another.")
    async def another() -> str:
        return ""

    try:
        await service.load()
        assert "notes_read-note-2" not in {tool.name for tool, _ in every()}
        await service.test(notes, by=None)
        assert {tool.name: on for tool, on in every()}["notes_read-note-2"] is False
    finally:
        server.mcp.remove_tool("read-note-2")


async def test_what_is_removed_is_forgotten(notes: UUID, server: Served) -> None:
    await service.choose("notes_read-note", on=True, by=None)
    await service.remove(notes, by=None)
    assert service.served() == ()
    with pytest.raises(Gone):
        await service.test(notes, by=None)
    again = await service.add(Entered("notes", server.url, headers=HEADERS), by=None)
    await service.test(again, by=None)
    assert {tool.name: on for tool, on in every()}["notes_read-note"] is False


@pytest.mark.parametrize(
    ("entered", "words"),
    [
        (Entered("Notes", "http://x/"), "small letters"),
        (Entered("", "http://x/"), "small letters"),
        (Entered("x" * 21, "http://x/"), "small letters"),
        (Entered("a", "ftp://x/"), "http://"),
        (Entered("a", "http://user:pw@x/"), "no password"),
        (Entered("a", "nonsense"), "http://"),
        (Entered("a", "http://x/", timeout=0), "1 to 300"),
        (Entered("a", "http://x/", headers="no colon"), "a name, a colon and a value"),
        (Entered("a", "http://x/", headers="A: b\nC: \x00"), "a name, a colon and a value"),
        (Entered("a", "http://x/", headers="\n".join(f"A{n}: b" for n in range(21))), "at most"),
        (Entered("notes", "http://x/"), "of this name"),
    ],
)
async def test_what_cannot_be_kept_is_refused_in_words(
    notes: UUID, entered: Entered, words: str
) -> None:
    with pytest.raises(Unfit, match=words):
        await service.add(entered, by=None)
    assert [server.name for server in service.servers()] == ["notes"]


def test_names_are_unique_and_such_as_all_models_take() -> None:
    tools = ["a", "a b", "a_b", "a.b", "ü", "x" * 60, "x" * 61, "y" * 200]
    names = [full_name("server_with_long_name", tool) for tool in tools]
    assert len(set(names)) == len(tools)
    assert all(len(name) <= 64 and name.replace("-", "_").isidentifier() for name in names)
