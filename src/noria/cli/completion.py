"""`noria completion`: the script that makes a shell complete commands, options and runs."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from noria.cli.app import App, pass_app, shared_options

_INSTALL = {
    "bash": 'eval "$(noria completion bash)"        # in ~/.bashrc',
    "zsh": 'eval "$(noria completion zsh)"         # in ~/.zshrc',
    "fish": "noria completion fish | source         # in ~/.config/fish/config.fish",
}


@click.command(epilog="\b\n" + "\n".join(_INSTALL.values()))
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@shared_options
@click.pass_context
@pass_app
def completion(app: App, ctx: click.Context, shell: str) -> None:
    """Print a shell's completion script.

    It completes commands, options, and the names and ids of recent runs.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    app.say(kind(ctx.find_root().command, {}, "noria", "_NORIA_COMPLETE").source())
