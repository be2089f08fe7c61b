"""`noria breaker show`: one circuit breaker."""

from __future__ import annotations

import click

from noria.backend import processes
from noria.cli.app import App, output_options, pass_app
from noria.cli.breaker.rows import find_breaker, next_try_text, record, when
from noria.cli.output import emit_object
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.console.wording import duration, plural
from noria.core.breakers import BreakerRow, Moment, Rules, rules_of, window_of


@click.command()
@click.argument("name")
@output_options
@pass_app
def show(app: App, name: str) -> None:
    """Show a circuit breaker.

    Its state, since when and why, and by which rules it opens.
    """
    row = find_breaker(backend_of(app), name)
    now = processes.moment()
    if not app.for_people:
        emit_object(app, record(row, now))
        return
    facts = {title: text for title, text in _facts(app, row, now).items() if text}
    space = max(map(len, facts))
    app.say(clean(row.name))
    for title, text in facts.items():
        app.say(f"  {app.paint(f'{title:<{space}}', 'dim')}  {clean(text)}")


def _facts(app: App, row: BreakerRow, now: Moment) -> dict[str, str]:
    rules = rules_of(row)
    window = ""
    if rules.failure_rate is not None:
        calls, failed = window_of(row, rules, now)
        window = f"{failed} of {plural(calls, 'call')} failed within {duration(rules.window)}"
    last = "" if row.last_failure is None else f"{when(app, row.last_failure, now)}: {row.error}"
    return {
        "state": f"{row.state.value}, since {when(app, row.since, now)}",
        "reason": row.reason or "",
        "next try": next_try_text(app, row, now),
        "failures": f"{row.failures} in a row",
        "window": window,
        "last failure": last,
        "opens": _opens(rules),
        "stays open": duration(rules.timeout),
    }


def _opens(rules: Rules) -> str:
    conditions = []
    if rules.failure_threshold is not None:
        conditions.append(f"after {plural(rules.failure_threshold, 'failure')} in a row")
    if rules.failure_rate is not None:
        share = f"{rules.failure_rate:.0%}".replace("%", " %")
        conditions.append(
            f"when {share} of at least {plural(rules.minimum_calls, 'call')} within "
            f"{duration(rules.window)} have failed"
        )
    return ", or ".join(conditions)
