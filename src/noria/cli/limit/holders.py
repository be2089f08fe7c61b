"""`noria limit holders`: who holds slots and who waits for them."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.limit.rows import claim_columns, claim_record, claims, find_limit, full_name
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of
from noria.core import clock


@click.command()
@click.argument("name", required=False)
@click.option("--tag", is_flag=True, help="NAME is a tag.")
@output_options
@pass_app
def holders(app: App, name: str | None, tag: bool) -> None:
    """Show who holds slots and who waits.

    In order of arrival; with NAME, only of that limit. What a dead process held is taken back
    first.
    """
    backend = backend_of(app)
    if name is not None:
        name = find_limit(backend, full_name(name, tag)).limit.name
    backend.settle_slots(clock.now())
    found = list(claims(backend.slot_tickets(name), name))
    if not emit(app, Listing(found, claim_record, claim_columns(app))) and app.for_people:
        app.note("Nobody holds slots, and nobody waits.")
