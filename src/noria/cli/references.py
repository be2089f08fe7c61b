"""How a command is told which run: a full id, a beginning of one, a name, or `@last`."""

from __future__ import annotations

import os

import click
from click.shell_completion import CompletionItem

from noria.backend.port import Backend, RunFilter
from noria.cli.app import App, app_of
from noria.cli.appearance import state_name
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.timefmt import ago
from noria.core import clock
from noria.core.ids import to_text
from noria.core.records import FlowRunRow
from noria.core.settings import POSTGRES, Settings

SHORT = 13
"""`019a6e3b-4c2d`: the milliseconds of a UUIDv7. Fewer letters would become ambiguous when the next
run starts, these do only when two runs start within the same millisecond."""

LENGTHS = (SHORT, 18, 23, 28, 36)
"""What is tried, until only one is meant."""
_CANDIDATES = 5


def find_run(app: App, reference: str) -> FlowRunRow:
    """The one run that a reference names.

    Raises:
        CliError: It names none, or several; with what it may have meant.
    """
    backend = backend_of(app)
    found = backend.find_flow_runs(reference)
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unknown(backend, reference)
    shown = [_candidate(backend, row) for row in found[:_CANDIDATES]]
    more = len(found) - len(shown)
    raise CliError(
        Code.AMBIGUOUS_RUN,
        f"{reference} names more than one run",
        "\n".join(shown + ([f"and {more} more"] if more else [])),
        "name one by its id",
    )


def find_runs(app: App, references: tuple[str, ...]) -> list[FlowRunRow]:
    """The runs that references name, each once.

    Raises:
        CliError: One of them names none, or several.
    """
    return list({row.id: row for row in (find_run(app, text) for text in references)}.values())


def short_id(backend: Backend, run_id: bytes) -> str:
    """The least letters of an id that will still name the run tomorrow."""
    text = to_text(run_id)
    for length in LENGTHS:
        if len(backend.find_flow_runs(text[:length])) <= 1:
            return text[:length]
    return text


def _unknown(backend: Backend, reference: str) -> CliError:
    recent = backend.flow_runs(RunFilter(top_level=False, limit=200))
    if not recent:
        return CliError(
            Code.UNKNOWN_RUN,
            f"there is no run {reference}: there are no runs at all",
            f"the store is {backend.info().location}",
            "start one: noria run FILE   (or point NORIA_HOME at the store you mean)",
        )
    of_flow = [summary.run for summary in recent if summary.run.flow_name == reference]
    if of_flow:
        return CliError(
            Code.UNKNOWN_RUN,
            f"{reference} is a flow, not a run",
            f"its newest run is {of_flow[0].name}, {short_id(backend, of_flow[0].id)}",
            f"list them: noria runs ls --flow {reference}",
        )
    known = [summary.run.name for summary in recent]
    known += [to_text(summary.run.id)[: len(reference)] for summary in recent]
    return CliError(
        Code.UNKNOWN_RUN,
        f"there is no run {reference}",
        did_you_mean(reference, known) or "it is no id, no beginning of one, and no run's name",
        "list them: noria runs ls --all",
    )


def _candidate(backend: Backend, row: FlowRunRow) -> str:
    state = state_name(row.state, row.state_name)
    began = ago(row.start or row.created, clock.now())
    return clean(f"{short_id(backend, row.id)}  {row.name}  {row.flow_name}  {state}, {began}")


def may_exist(settings: Settings) -> bool:
    """Whether there may be a store to look into; a file that is missing is not made for a look."""
    return settings.database.startswith(POSTGRES) or os.path.exists(settings.database)


class RunReference(click.ParamType[str]):
    """The type of a RUN argument; it is what completes it in a shell."""

    name = "run"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names and ids of recent runs; nothing at all when the store cannot be read."""
        app = app_of(ctx)
        try:
            if app.backend is None and not may_exist(app.settings):
                return []
            return _completions(backend_of(app), incomplete)
        except Exception:  # noqa: BLE001 - an error would be written into the line being typed
            return []
        finally:
            app.close()


def _completions(backend: Backend, incomplete: str) -> list[CompletionItem]:
    now = clock.now()
    recent = backend.flow_runs(RunFilter(top_level=False, limit=100))
    items: dict[str, str] = {}
    for summary in recent:
        row = summary.run
        what = f"{row.flow_name}, {state_name(row.state, row.state_name)}"
        text = clean(f"{what}, {ago(row.start or row.created, now)}")
        names = [row.name] if row.name.startswith(incomplete) else []
        if incomplete and to_text(row.id).startswith(incomplete):
            names.append(short_id(backend, row.id))
        for name in names:
            items.setdefault(name, text)
    if recent and "@last".startswith(incomplete):
        items["@last"] = "the newest run"
    return [CompletionItem(name, help=text) for name, text in items.items()]


RUN = RunReference()
