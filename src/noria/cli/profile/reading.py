"""`noria profile ls` and `view`."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import Column, Listing, emit
from noria.cli.profile.chosen import chosen
from noria.core.profiles import hidden, is_secret
from noria.engine.settings_files import read_profiles


@click.command()
@output_options
@pass_app
def ls(app: App) -> None:
    """List profiles; the one in use has a mark."""
    found = read_profiles(app.environ)
    used = chosen(app, found, None)

    def shown(name: str) -> str:
        return f"{'*' if name == used else ' '} {name}"

    columns = (
        Column[str]("id", "PROFILE", shown, lambda name: "ok" if name == used else ""),
        Column[str]("active"),
        Column[str]("settings", "SETTINGS", lambda name: str(len(found.get(name))), right=True),
    )
    listing = Listing(
        found.names(),
        lambda name: {"id": name, "active": name == used, "settings": len(found.get(name))},
        columns,
    )
    emit(app, listing)


@click.command()
@click.argument("name", required=False)
@output_options
@pass_app
def view(app: App, name: str | None) -> None:
    """Show what a profile sets: the one in use, or NAME. Secrets are hidden."""
    found = read_profiles(app.environ)
    name = chosen(app, found, name)
    rows = [(key, hidden(key, text)) for key, text in found.get(name).items()]
    columns = (
        Column[tuple[str, str]]("id", "SETTING", lambda row: row[0]),
        Column[tuple[str, str]]("value", "VALUE", lambda row: row[1], shrinks=True),
    )
    listing = Listing(
        rows, lambda row: {"id": row[0], "value": row[1], "secret": is_secret(row[0])}, columns
    )
    if not emit(app, listing) and app.for_people:
        app.note(f"{name} sets nothing. Set something: noria profile set logging_level=DEBUG")
