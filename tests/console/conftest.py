from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from noria.console import Console, attach, wording
from noria.core import clock
from noria.core.settings import Settings
from tests.console.rows import SteppedClock

Attach = Callable[..., Console]
Shown = Callable[[], str]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is UTC, so that golden texts hold everywhere."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        wording._local_second.cache_clear()
        yield
    time.tzset()
    wording._local_second.cache_clear()


@pytest.fixture
def stepped() -> Iterator[SteppedClock]:
    with clock.use(SteppedClock()) as stepped:
        assert isinstance(stepped, SteppedClock)
        yield stepped


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Shown:
    """What has been written to stderr since the last look."""
    return lambda: capsys.readouterr().err


@pytest.fixture
def console(stepped: SteppedClock) -> Attach:
    """Makes a console of some form; time stands still."""

    def make(form: str = "plain", level: str = "INFO") -> Console:
        made = attach(Settings(log_format=form, logging_level=level))
        assert made is not None
        return made

    return make
