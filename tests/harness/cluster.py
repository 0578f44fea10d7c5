"""A Redis Cluster of the tests' own: three masters, each with a replica."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.harness.processes import free_port
from tests.harness.services import HOST, RedisServer

PASSWORD = "secret"
MASTERS = 3
SLOTS = 16384
PATIENCE = 60.0

OPTIONS = {
    "cluster-enabled": "yes",
    "cluster-node-timeout": "2000",
    "cluster-replica-validity-factor": "0",
    "databases": "1",
    "masterauth": PASSWORD,
    "repl-diskless-sync-delay": "0",
    "requirepass": PASSWORD,
}


def slot_of(tag: str) -> int:
    """The slot in which everything with a tag lies."""
    return key_slot(f"{{{tag}}}".encode())


class Node:
    """One server of the cluster."""

    def __init__(self, folder: Path) -> None:
        self.bus = free_port()
        folder.mkdir()
        self.server = RedisServer(folder, {**OPTIONS, "cluster-port": str(self.bus)})
        self.port = self.server.port
        self.client = Redis(host=HOST, port=self.port, password=PASSWORD)

    async def say(self, command: str, *words: Any) -> Any:
        """Give a command; the reply as it comes."""
        return await self.client.execute_command(command, *words)

    async def cluster(self, *words: Any) -> Any:
        return await self.say("CLUSTER", *words)

    async def id(self) -> str:
        found: bytes = await self.cluster("MYID")
        return found.decode()

    async def facts(self, section: str) -> dict[str, Any]:
        """What the server tells of itself."""
        return await self.client.info(section)

    async def refusals(self, kind: str) -> int:
        """How often the server has answered with an error of a kind."""
        errors = await self.facts("errorstats")
        return errors.get(f"errorstat_{kind}", {"count": 0})["count"]


class RedisCluster:
    """Three masters with a third of the slots each, and their replicas."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [Node(folder / str(number)) for number in range(2 * MASTERS)]
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for node in self.nodes:
            self._stack.push_async_callback(node.client.aclose)
            self._stack.push_async_callback(node.server.process.kill)
        await asyncio.gather(*(node.server.start() for node in self.nodes))
        masters, replicas = self.nodes[:MASTERS], self.nodes[MASTERS:]
        for number, node in enumerate(masters):
            first, past = (SLOTS * part // MASTERS for part in (number, number + 1))
            await node.cluster("ADDSLOTSRANGE", first, past - 1)
        for number, node in enumerate(self.nodes, 1):
            await node.cluster("SET-CONFIG-EPOCH", number)
            await node.cluster("MEET", HOST, self.nodes[0].port, self.nodes[0].bus)
        for replica, master in zip(replicas, masters, strict=True):
            await until(self._knows(replica, await master.id()))
            await replica.cluster("REPLICATE", await master.id())
        await self.healthy()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def url(self, tag: str = "", *, seeds: int = 2) -> str:
        """An address of which nobody answers at the first of the seeds."""
        known = [f"{HOST}:{node.port}" for node in self.nodes[:seeds]]
        hosts = ",".join([f"{HOST}:{free_port()}", *known])
        return f"redis+cluster://:{PASSWORD}@{hosts}" + (f"/{tag}" if tag else "")

    async def healthy(self) -> None:
        """Wait until every node lives, and sees every slot, and every replica has it all."""
        for node in self.nodes:
            await until(lambda node=node: _whole(node))
        for node in self.nodes:
            await until(lambda node=node: _in_step(node))

    async def master(self, tag: str) -> Node:
        """Who has what has this tag."""
        slot = slot_of(tag)
        for node in self.nodes:
            if not node.server.process.runs:
                continue
            for first, last, (_host, port, *_more), *_replicas in await node.cluster("SLOTS"):
                if first <= slot <= last:
                    return next(each for each in self.nodes if each.port == port)
        raise LookupError(f"Nobody has {tag}")

    async def kill_master(self, tag: str) -> Node:
        """Kill who has what has this tag, at once; who was it."""
        node = await self.master(tag)
        await node.server.process.kill()
        return node

    async def keys(self, tag: str) -> list[bytes]:
        """All keys on the node that has this tag."""
        node = await self.master(tag)
        return [key async for key in node.client.scan_iter()]

    async def move(self, tag: str, half_way: Callable[[Node], Any] | None = None) -> None:
        """Move the slot of a tag to another master.

        Args:
            tag: which one.
            half_way: is awaited with the source, when all keys have been moved and the slot has
                not.
        """
        slot, source = slot_of(tag), await self.master(tag)
        masters = [n for n in self.nodes if (await n.facts("replication"))["role"] == "master"]
        target = next(node for node in masters if node is not source)
        await target.cluster("SETSLOT", slot, "IMPORTING", await source.id())
        await source.cluster("SETSLOT", slot, "MIGRATING", await target.id())
        while keys := await source.cluster("GETKEYSINSLOT", slot, 100):
            where = (HOST, target.port, "", 0, 5000, "AUTH", PASSWORD, "KEYS")
            await source.say("MIGRATE", *where, *keys)
        if half_way is not None:
            await half_way(source)
        for node in (target, source):
            await node.cluster("SETSLOT", slot, "NODE", await target.id())

    def _knows(self, node: Node, other: str) -> Callable[[], Any]:
        async def knows() -> bool:
            return other.encode() in await node.cluster("NODES")

        return knows


async def until(holds: Callable[[], Any]) -> None:
    """Wait for what a cluster has no event for."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if await holds():
                    return
            except (RedisError, OSError):
                pass
            await asyncio.sleep(0.05)


async def _whole(node: Node) -> bool:
    told: bytes = await node.cluster("INFO")
    nodes: bytes = await node.cluster("NODES")
    alive = [
        line for line in nodes.splitlines() if b"fail" not in line and b"handshake" not in line
    ]
    return b"cluster_state:ok" in told and len(alive) == 2 * MASTERS


async def _in_step(node: Node) -> bool:
    found = await node.facts("replication")
    return found["role"] == "master" or found["master_link_status"] == "up"
