"""Commands as those type them who come from Prefect, in the words of Noria.

`noria work-pool create etl --type process` is `noria pool set etl --type process`. Nothing is done
here: the arguments are put into other words before they are read.
"""

from __future__ import annotations

from collections.abc import Sequence

from noria.core.pools import DEFAULT_POOL

_GROUPS = {"work-pool": "pool", "work-queue": "queue"}
_COMMANDS = {
    "create": "set",
    "update": "set",
    "inspect": "show",
    "delete": "rm",
    "set-concurrency-limit": "set",
    "clear-concurrency-limit": "set",
}
_OPTIONS = {
    "--concurrency-limit": "--limit",
    "-l": "--limit",
    "--priority": "--rank",
    "-q": "--rank",
}
_DROPPED = ("--overwrite",)
"""What a command does in any case."""
_VALUED = (
    *("--limit", "--rank", "--description", "--type", "-t", "--pool", "-p"),
    *("-o", "--output", "--color", "--profile", "--env-file"),
)


def translated(args: Sequence[str]) -> list[str]:
    """The arguments of the `noria` command, in its own words.

    Example:
        >>> " ".join(translated(["work-pool", "set-concurrency-limit", "etl", "4"]))
        'pool set etl --limit 4'
        >>> " ".join(translated("work-queue create hot --pool etl --priority 1".split()))
        'queue set etl hot --rank 1'
        >>> translated(["runs", "ls"])
        ['runs', 'ls']
    """
    if list(args[1:2]) == ["create"] and args[0] in _GROUPS.values():
        return [args[0], _COMMANDS["create"], *args[2:]]
    if not args or args[0] not in _GROUPS:
        return list(args)
    if len(args) == 1:
        return [_GROUPS[args[0]]]
    words, options, pool = _parted(args[2:], places=args[0] == "work-queue")
    if args[1] == "set-concurrency-limit" and words:
        options += ["--limit", words.pop()]
    if args[1] == "clear-concurrency-limit":
        options.append("--no-limit")
    if args[0] == "work-queue" and (words or pool):
        words.insert(0, pool or DEFAULT_POOL)
    return [_GROUPS[args[0]], _COMMANDS.get(args[1], args[1]), *words, *options]


def _parted(args: Sequence[str], places: bool) -> tuple[list[str], list[str], str | None]:
    """The words, the options with their values, and with `places` the pool that an option names."""
    words: list[str] = []
    options: list[str] = []
    pool = None
    left = list(args)
    while left:
        head, equals, value = left.pop(0).partition("=")
        name = _OPTIONS.get(head, head)
        if not head.startswith("-") or head.lstrip("-").isdigit():
            words.append(f"{head}{equals}{value}")
        elif name not in _DROPPED:
            values = [value] if equals else left[:1] if name in _VALUED else []
            del left[: 0 if equals else len(values)]
            if places and values and name in ("--pool", "-p"):
                pool = values[0]
            else:
                options += [name, *values]
    return words, options, pool
