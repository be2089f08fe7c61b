"""`noria backfill DEPLOYMENT --from TIME --to TIME`: make the runs that schedules have missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import click

from noria.backend.backfills_port import BackfillRequest
from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.backfill.plan import show_plan
from noria.cli.backfill.rows import find_backfill, record, short_id
from noria.cli.backfill.times import read_every, read_time
from noria.cli.backfill.watching import exit_code, watch_backfill
from noria.cli.deployment.given import misfit, read_given
from noria.cli.deployment.rows import find_deployment, full_name, spec_of
from noria.cli.deployment.takers import note_untaken
from noria.cli.errors import CliError, Code
from noria.cli.output import emit_object
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.var.rm import can_ask
from noria.console.wording import plural
from noria.core import clock
from noria.core.backfills import KeyedRun
from noria.core.deployments import DeploymentSpec, Overlap
from noria.core.errors import (
    DeploymentError,
    InvalidSchedule,
    ObjectNotFound,
    ParameterTypeError,
)
from noria.core.records import DeploymentRow
from noria.deployments.backfilling import MOST, MOST_AT_ALL, Times, TooManyTimesError, planned

MANY = 100
"""More runs than that are not made on a terminal without asking."""


class _Plan(NamedTuple):
    wish: BackfillRequest
    found: Mapping[str, KeyedRun]
    """The runs that there are, by key."""
    to_make: int


@click.command()
@click.argument("deployment")
@click.option("--from", "start", metavar="TIME", help="From when on: 2026-03-01, or 7d for ago.")
@click.option("--to", "end", metavar="TIME", help="Up to when; now by default. A date: all of it.")
@click.option("--schedule", "schedules", multiple=True, metavar="SLUG", help="Only this one.")
@click.option("--every", metavar="SPAN", help="Instead of a schedule: 1d, 6h, from --from on.")
@click.option("--cron", metavar="EXPRESSION", help="Instead of a schedule: a cron expression.")
@click.option("--tz", "timezone", metavar="ZONE", help="The zone of --every and --cron.")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("--params", "document", metavar="JSON", help="All of them; @file, or - for stdin.")
@click.option(
    "--parallel", type=click.IntRange(min=1), default=1, show_default=True, help="So many at once."
)
@click.option("--newest-first", is_flag=True, help="Begin with the newest time.")
@click.option("--limit", type=click.IntRange(min=1), help="Make at most so many runs.")
@click.option("--rerun", is_flag=True, help="Make runs for times that have one, too.")
@click.option("--dry-run", is_flag=True, help="List the times, and make nothing.")
@click.option("--watch", is_flag=True, help="Tell of its progress until all runs have ended.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask, however many they are.")
@output_options
@pass_app
def start(
    app: App,
    deployment: str,
    start: str | None,
    end: str | None,
    schedules: tuple[str, ...],
    every: str | None,
    cron: str | None,
    timezone: str | None,
    params: tuple[str, ...],
    document: str | None,
    parallel: int,
    newest_first: bool,
    limit: int | None,
    rerun: bool,
    dry_run: bool,
    watch: bool,
    yes: bool,
) -> None:
    """Make missed runs; the word start may be left out.

    For each time at which the schedules of a deployment were due, from the first to the last, a run
    is made, unless there is one. It stands for its time, which it reads as scheduled_start_time.
    All are made at once, or none. Schedules that rest, and how runs overlap, make no difference:
    runs of a backfill wait for others, and others for them.
    """
    backend = backend_of(app)
    row = find_deployment(backend, deployment)
    times = _times(start, end, schedules, every, cron, timezone)
    most = MOST_AT_ALL if yes or dry_run else MOST
    wish = _wish(backend, row, times, document, params, most)
    wish = wish._replace(slots=parallel, limit=limit, rerun=rerun)
    if newest_first:
        wish = wish._replace(runs=wish.runs[::-1])
    plan = _looked_up(backend, wish)
    if dry_run:
        show_plan(app, wish, plan.found, spec_of(row), timezone)
        return
    if not plan.to_make:
        _say_nothing_missed(app, row, len(wish.runs))
        return
    if plan.to_make > MANY and not yes and can_ask():
        click.confirm(
            f"Make {plural(plan.to_make, 'run')} of {full_name(row)}?", abort=True, err=True
        )
    _make(app, backend, row, plan, watch)


def _times(
    start: str | None,
    end: str | None,
    schedules: tuple[str, ...],
    every: str | None,
    cron: str | None,
    timezone: str | None,
) -> Times:
    if start is None:
        raise CliError(
            Code.USAGE,
            "a backfill needs to know since when runs are missed",
            "",
            "say so with --from, for example: --from 2026-03-01 --to 2026-03-07",
        )
    return Times(
        read_time("--from", start),
        None if end is None else read_time("--to", end),
        schedules,
        None if every is None else read_every(every),
        cron,
        timezone,
    )


def _wish(
    backend: Backend,
    row: DeploymentRow,
    times: Times,
    document: str | None,
    params: tuple[str, ...],
    most: int,
) -> BackfillRequest:
    spec = spec_of(row)
    given = read_given(spec, document, params)
    try:
        return planned(backend, row, times, given, most)
    except ParameterTypeError as error:
        raise misfit(spec, error) from None
    except ObjectNotFound as error:
        what, _, why = str(error).partition(". ")
        raise CliError(Code.UNKNOWN_OBJECT, what, why, "see noria schedule ls") from None
    except TooManyTimesError as error:
        code, todo = Code.CONFIRM, "take less at once, or say that you mean it with --yes"
        if most == MOST_AT_ALL:
            code, todo = Code.USAGE, "take less at once"
        raise CliError(code, str(error).rstrip("."), "", todo) from None
    except (DeploymentError, InvalidSchedule, ValueError) as error:
        what, _, why = str(error).rstrip(".").partition(": ")
        if what.startswith("Invalid "):
            what, why = str(error), ""
        raise CliError(Code.USAGE, what, why, "see noria backfill start --help") from None


def _looked_up(backend: Backend, wish: BackfillRequest) -> _Plan:
    found = backend.keyed_runs(wish.deployment, [each.key for each in wish.runs])
    missed = [each for each in wish.runs if wish.rerun or is_missed(found.get(each.key))]
    return _Plan(wish, found, len(missed[: wish.limit]))


def is_missed(run: KeyedRun | None) -> bool:
    """Whether there is no run for a time, or one that will never begin."""
    return run is None or run.is_missed


def _say_nothing_missed(app: App, row: DeploymentRow, times: int) -> None:
    name = clean(full_name(row))
    if times:
        app.note(f"Nothing is missed: {name} has a run for each of {plural(times, 'time')}.")
    else:
        app.note(f"Nothing is missed: {name} was not due in that time.")
    if not app.for_people:
        emit_object(app, {"id": None, "deployment": full_name(row), "made": 0})


def _make(app: App, backend: Backend, row: DeploymentRow, plan: _Plan, watch: bool) -> None:
    made = backend.begin_backfill(plan.wish, clock.now())
    if made is None or not made.made:
        raise CliError(
            Code.CONFLICT, "somebody else was faster", "the runs or their deployment are there", ""
        )
    use = find_backfill(backend, made.id.hex())
    number = short_id(backend, made.id)
    if app.for_people:
        had = len(plan.wish.runs) - made.made
        rest = f" ({plural(had, 'time')} left out)" if had else ""
        app.note(
            f"Backfill {number}: {plural(made.made, 'run')} of {clean(full_name(row))}, "
            f"{made.slots} at once{rest}: noria backfill show {number}"
        )
    _note_limit(app, spec_of(row), made.slots)
    note_untaken(app, backend, [row])
    if watch:
        use = watch_backfill(app, backend, use)
    if not app.for_people:
        emit_object(app, record(use))
    if watch:
        raise click.exceptions.Exit(exit_code(use))


def _note_limit(app: App, spec: DeploymentSpec, slots: int) -> None:
    """Say that a deployment lets fewer be under way than a backfill would."""
    most = spec.concurrency_limit or (None if spec.overlap is Overlap.ALLOW else 1)
    if most is None or most >= slots:
        return
    each = f" for each {spec.concurrency_key}" if spec.concurrency_key else ""
    app.note(
        clean(f"{spec.full_name} lets {most} be under way at once{each} (overlap={spec.overlap})")
    )
