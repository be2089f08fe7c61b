"""An async task that does nothing, gathered in an async flow: `gathered.py COUNT`."""

from __future__ import annotations

import asyncio
import sys

from benchmarks.scripts import meter, stored
from benchmarks.scripts.engine import flow, task


@task
async def add(x: int) -> int:
    """The least a task can do."""
    return x + 1


@flow
async def gathers(count: int) -> int:
    """Run it many times at once, and take every result."""
    return sum(await asyncio.gather(*[add(n) for n in range(count)]))


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    asyncio.run(gathers(20))
    readings = meter.cost(lambda: asyncio.run(gathers(wanted)))
    stored.check(tasks=wanted)
    meter.report(**readings)
