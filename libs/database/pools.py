"""How many connections the pools of this process hold, and how many they may, as metrics."""

from __future__ import annotations

import weakref
from collections.abc import Iterable

from prometheus_client import REGISTRY, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

_limits: weakref.WeakKeyDictionary[Engine, int] = weakref.WeakKeyDictionary()
SMALLEST = 2  # a pool of one, with its overflow


def watch(engine: Engine, limit: int) -> None:
    """Show the pool of an engine as long as the engine lives. limit: connections that it opens at most.

    The smallest are left out: one connection that asks whether the database answers says nothing about the load.
    """
    if limit > SMALLEST:
        _limits[engine] = limit


class _Pools(Collector):
    def collect(self) -> Iterable[Metric]:
        found = [(engine.pool, limit) for engine, limit in list(_limits.items()) if isinstance(engine.pool, QueuePool)]
        used = sum(pool.checkedout() for pool, _ in found)
        yield GaugeMetricFamily("recapito_database_connections_used", "Connections to the database in use.", used)
        yield GaugeMetricFamily("recapito_database_connections_limit", "Connections that may be in use.", sum(limit for _, limit in found))


REGISTRY.register(_Pools())
