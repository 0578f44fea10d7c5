"""``/metrics`` for Prometheus: what was counted, and how the process and the pool are just now.

It is for those inside: it answers to addresses of ``CHATAPP_METRICS_NETWORKS`` that come straight
here, and to whoever has the token ``CHATAPP_METRICS_TOKEN``. For others there is no such page.
"""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chatapp import leaving, metrics
from chatapp.accounts.sockets import sockets
from chatapp.answers.process import process
from chatapp.api.inside import inside
from chatapp.api.readiness import AWAY, checks
from chatapp.database import pools
from chatapp.pool.service import status
from chatapp.pool.status import MemberStatus
from chatapp.redis import redis
from chatapp.routes import METRICS
from chatapp.settings import settings
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

BEAT = 0.25
"""How often the loop's lag is measured, in seconds."""

PING_EVERY = 20
"""After so many beats Redis is asked for its time of reply."""

PATIENCE = 1.0
"""How long, in seconds, a scrape waits for the pool's state."""

STATES = ("healthy", "slow", "probing", "hold", "open")


class _Now(Collector):
    """How the process and the pool are at the moment of a scrape."""

    def __init__(self) -> None:
        self.members: list[MemberStatus] = []
        self.parts: dict[str, str] = {}

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The values of now."""
        yield _gauge("chatapp_connections", "Sockets that are open.", sockets.total())
        yield _gauge("chatapp_leaving", "1 while the process sends people on.", leaving.begun())
        with suppress(RuntimeError):
            runner = process().runner
            yield _gauge("chatapp_answers_running", "Answers being made here.", runner.count)
            waiting = len(runner.line.waiting())
            yield _gauge("chatapp_line_length", "Questions standing in line here.", waiting)
        yield from (*self._connections(), self._parts(), *self._pool())

    def _connections(self) -> Iterable[Metric]:
        most = GaugeMetricFamily(
            "chatapp_database_connections_most",
            "Connections to the database that may be open.",
            labels=["for"],
        )
        used = GaugeMetricFamily(
            "chatapp_database_connections_used",
            "Connections to the database in use.",
            labels=["for"],
        )
        for name, pool in pools().items():
            most.add_metric([name], pool.size())
            used.add_metric([name], pool.checkedout())
        return most, used

    def _parts(self) -> Metric:
        up = GaugeMetricFamily(
            "chatapp_part_up", "1 while a part that others share answers.", labels=["part"]
        )
        for name, said in self.parts.items():
            up.add_metric([name], float(said != AWAY))
        return up

    def _pool(self) -> Iterator[Metric]:
        state = GaugeMetricFamily(
            "chatapp_pool_member_state",
            "1 for the state a member is in.",
            labels=["member", "state"],
        )
        flight = GaugeMetricFamily(
            "chatapp_pool_in_flight", "Answers a member gives, in all processes.", labels=["member"]
        )
        left = GaugeMetricFamily(
            "chatapp_pool_quota_left", "What is left of a limit.", labels=["member", "limit"]
        )
        limit = GaugeMetricFamily(
            "chatapp_pool_quota_limit", "The whole of a limit.", labels=["member", "limit"]
        )
        for member in self.members:
            for name in STATES:
                state.add_metric([member.name, name], float(member.state == name))
            flight.add_metric([member.name], member.in_flight)
            for quota in member.quotas:
                left.add_metric([member.name, quota.what], quota.left)
                limit.add_metric([member.name, quota.what], quota.limit)
        yield from (state, flight, left, limit)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))


_now = _Now()
metrics.REGISTRY.register(_now)


async def tell(request: Request) -> Response:
    """The metrics, for those who may see them."""
    if not _may_see(request):
        return PlainTextResponse("Not Found", 404)
    found, _now.members = await asyncio.gather(checks.readiness(), _members())
    _now.parts = {"database": found.database, "redis": found.redis}
    return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _members() -> list[MemberStatus]:
    try:
        async with asyncio.timeout(PATIENCE):
            return await status()
    except (RedisError, OSError) as error:
        logger.warning("The pool's state is not known: %s", type(error).__name__)
        return []


def _may_see(request: Request) -> bool:
    token = settings().metrics_token
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if token and kind.lower() == "bearer":
        wanted = token.get_secret_value().encode()
        return hmac.compare_digest(given.strip().encode("utf-8", "replace"), wanted)
    return inside(request)


@asynccontextmanager
async def measuring() -> AsyncIterator[None]:
    """Measure the lag of the loop and Redis until the context ends."""
    async with going_on(_beat, "metrics"):
        yield


async def _beat() -> None:
    beats = 0
    while True:
        due = monotonic() + BEAT
        await asyncio.sleep(BEAT)
        metrics.LAG.observe(max(monotonic() - due, 0.0))
        beats += 1
        if beats % PING_EVERY == 0:
            began = monotonic()
            try:
                await redis().execute_command("PING")
            except (RedisError, OSError):
                continue
            metrics.REDIS.labels("ping").observe(monotonic() - began)


routes = [Route(METRICS, tell)]
