"""Which loops there are, and who calls them when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from noria.backend.port import Backend
from noria.core.errors import InvalidSchedule, StoreError
from noria.core.settings import Settings
from noria.services import late_runs, reaper, retention, scheduler
from noria.services.service import Done, Service

ROLE = "services"
"""What the process that leads is called in the store."""
LEAD_SECONDS = 1.0
"""How often to look who leads."""
PATIENCE_SECONDS = 1.0
"""How late something may be before those who do not lead do it as well: who leads may have been
stopped, or cut off."""
MORE_SECONDS = 0.2
"""How soon a loop is called again that has more to do: others may have the store meanwhile."""
AGAIN_SECONDS = 10.0
"""How soon a loop is called again that has failed."""
_SECOND = 1_000_000


SCHEDULER = Service("scheduler", scheduler.run_once, 60.0, "Makes the runs that are due")
"""Called when something is due; the period is for clocks that were set."""


def services(settings: Settings) -> tuple[Service, ...]:
    """The loops that there are.

    Parameters:
        settings: Say what is kept how long.

    Example:
        >>> from noria.core.settings import Settings
        >>> [service.name for service in services(Settings())]
        ['scheduler', 'reaper', 'late-runs', 'retention']
    """
    return (
        SCHEDULER,
        Service("reaper", reaper.run_once, 2.0, "Finds runs whose process has died"),
        Service(
            "late-runs", late_runs.run_once, 5.0, "Says of runs that nobody takes that they wait"
        ),
        Service(
            "retention", partial(_retain, settings), 60.0, "Deletes what was kept for long enough"
        ),
    )


def _retain(settings: Settings, backend: Backend, now: int) -> Done:
    return Done(more=retention.run_once(backend, settings, now).more)


class Keeper:
    """Calls the loops in this process when they are due.

    Parameters:
        backend: What they look after.
        process: This process, as the store knows it.
        services: The loops.
        say: Told in sentences what was done.

    Example:
        >>> from noria.backend.local import LocalBackend
        >>> from noria.core import clock
        >>> from noria.core.settings import Settings
        >>> backend = LocalBackend(":memory:")
        >>> keeper = Keeper(backend, b"me", services(Settings()))
        >>> keeper.turn(clock.now(), clock.monotonic(), True)
        >>> keeper.leads
        True
        >>> backend.close()
    """

    def __init__(
        self,
        backend: Backend,
        process: bytes,
        services: Iterable[Service],
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.leads = False
        """Whether it is this process that does what is due at once."""
        self._backend = backend
        self._process = process
        self._say = say
        self._services = tuple(services)
        self._next: dict[str, float] = {}
        self._again: dict[str, float] = {}
        """When those that have failed are tried again."""
        self._look = 0.0
        self._due: int | None = None

    def turn(self, now: int, moment: float, changed: bool) -> None:
        """Do what is due.

        Parameters:
            now: Microseconds since the epoch.
            moment: Monotonic time, seconds.
            changed: Whether anybody may have written to the store.
        """
        if moment >= self._look:
            self._look = moment + LEAD_SECONDS
            self.leads = self._backend.lead(ROLE, self._process, now)
        for service in self._services:
            if moment < self._again.get(service.name, 0.0):
                continue
            if moment >= self._next.get(service.name, 0.0):
                factor = 1 if self.leads else 4
                self._next[service.name] = moment + service.every * factor
                self._call(service, now, moment)
            elif service is SCHEDULER and (changed or self._is_due(now)):
                self._due = self._backend.next_schedule_due()
                if self._is_due(now):
                    self._call(service, now, moment)

    def next_due(self) -> int | None:
        """When a schedule is due next, as far as this process is concerned."""
        if self._due is None or self.leads:
            return self._due
        return self._due + int(PATIENCE_SECONDS * _SECOND)

    def hurry(self) -> None:
        """Somebody has died: look at once what it has left."""
        self._next.clear()

    def close(self) -> None:
        """Let another one lead."""
        if self.leads:
            self.leads = False
            self._backend.leave(self._process)

    def _is_due(self, now: int) -> bool:
        due = self.next_due()
        return due is not None and due <= now

    def _call(self, service: Service, now: int, moment: float) -> None:
        try:
            done = service.run_once(self._backend, now)
        except StoreError:
            raise
        except InvalidSchedule as error:
            done = Done([str(error)])
        except Exception as error:  # noqa: BLE001 - one loop must not keep the others from their work
            self._again[service.name] = moment + AGAIN_SECONDS
            done = Done(
                [
                    f"a bug in noria: {service.name} has failed, and is tried again: "
                    f"{type(error).__name__}: {error}"
                ]
            )
        for sentence in done.said:
            self._say(sentence)
        if done.more:
            self._next[service.name] = moment + MORE_SECONDS
        if service is SCHEDULER:
            self._due = self._backend.next_schedule_due()
