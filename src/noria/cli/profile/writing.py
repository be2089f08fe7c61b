"""`noria profile use`, `create`, `rm`, `set` and `unset`."""

from __future__ import annotations

import sys

import click

from noria.cli.app import App, pass_app, shared_options
from noria.cli.errors import CliError, Code
from noria.cli.profile.chosen import chosen
from noria.core.profiles import DEFAULT, Profiles, checked, hidden, is_secret, variable_of
from noria.core.settings import PROFILE
from noria.engine.settings_files import read_profiles, write_profiles


@click.command()
@click.argument("name")
@shared_options
@pass_app
def use(app: App, name: str) -> None:
    """Make a profile the one that is used from now on."""
    found = read_profiles(app.environ)
    found.get(name)
    write_profiles(found._replace(active=name), app.environ)
    app.note(f"Profile {name} is used from now on.")
    above = app.environ.get(PROFILE)
    if above and above != name:
        app.note(f"Here {PROFILE} is {above}, which wins.")


@click.command()
@click.argument("name")
@click.option("--from", "source", metavar="PROFILE", help="Begin with the settings of this one.")
@shared_options
@pass_app
def create(app: App, name: str, source: str | None) -> None:
    """Make a profile."""
    found = read_profiles(app.environ)
    if name in found.names():
        raise CliError(
            Code.CONFLICT,
            f"there is a profile {name} already",
            "",
            f"set something in it: noria profile set logging_level=DEBUG --profile {name}",
        )
    if not name.strip() or not name.isprintable():
        raise CliError(Code.USAGE, f"{name!r} is no name for a profile", "expected a word")
    begun = dict(found.get(source)) if source else {}
    write_profiles(found._replace(named={**found.named, name: begun}), app.environ)
    app.note(f"Profile {name} is there. Use it: noria profile use {name}")


@click.command()
@click.argument("name")
@shared_options
@pass_app
def rm(app: App, name: str) -> None:
    """Delete a profile. If it is the one in use, the default one takes its place."""
    found = read_profiles(app.environ)
    found.get(name)
    named = {other: table for other, table in found.named.items() if other != name}
    active = DEFAULT if found.active == name else found.active
    write_profiles(Profiles(active, named), app.environ)
    app.note(f"Profile {name} is gone." if name != DEFAULT else "The default profile is empty.")


@click.command("set")
@click.argument("assignments", metavar="NAME=VALUE...", nargs=-1, required=True)
@shared_options
@pass_app
def set_(app: App, assignments: tuple[str, ...]) -> None:
    """Set settings of the profile in use, or of --profile.

    A name without a value is asked for, or read from stdin; a secret can be
    given in no other way, since commands are kept in histories.
    """
    found = read_profiles(app.environ)
    name = chosen(app, found, None)
    given = dict(_assigned(text, name) for text in assignments)
    table = {**found.get(name), **given}
    write_profiles(found._replace(named={**found.named, name: table}), app.environ)
    for variable, text in given.items():
        app.note(f"{name}: {variable} = {hidden(variable, text)}")
        if variable in app.environ:
            app.note(f"Here {variable} is set in the environment, which wins.")


def _assigned(text: str, profile: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    variable = variable_of(key)
    if equals and is_secret(variable):
        raise CliError(
            Code.USAGE,
            f"{variable} is a secret and cannot be given in a command",
            "commands are kept in histories and shown in lists of processes",
            f"leave the value out to be asked for it: noria profile set {variable}",
        )
    if not equals:
        value = _asked(variable)
    return checked(variable, value, f"profile {profile!r}")


def _asked(variable: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    text: str = click.prompt(variable, hide_input=is_secret(variable), err=True)
    return text


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@shared_options
@pass_app
def unset(app: App, names: tuple[str, ...]) -> None:
    """Take settings out of the profile in use, or of --profile."""
    found = read_profiles(app.environ)
    profile = chosen(app, found, None)
    gone = [variable_of(name) for name in names]
    table = {key: text for key, text in found.get(profile).items() if key not in gone}
    missing = [variable for variable in gone if variable not in found.get(profile)]
    if missing:
        raise CliError(
            Code.USAGE,
            f"profile {profile} does not set {', '.join(missing)}",
            f"it sets {', '.join(found.get(profile)) or 'nothing'}",
            f"see noria profile view {profile}",
        )
    write_profiles(found._replace(named={**found.named, profile: table}), app.environ)
    app.note(f"{profile}: {', '.join(gone)} no longer set.")
