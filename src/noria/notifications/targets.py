"""Where a notification goes: a saved block, a block, or a URL that apprise knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from noria.backend.port import Backend
from noria.core.records import BlockRow
from noria.core.redaction import redactor
from noria.core.settings import Settings
from noria.engine.drivers import finish

_SAVED = re.compile(r"(?:[a-z0-9-]+/)?[a-z0-9-]+")
_PAGE = 1000
PLAIN = "info"
"""The kind of message of a block that does not say."""


class Undeliverable(Exception):  # noqa: N818 - says what it is
    """A notification that another attempt would not deliver either."""


class Message(NamedTuple):
    """What is sent."""

    subject: str
    body: str
    kind: str
    """`info`, `success`, `warning` or `failure`."""
    facts: Mapping[str, str]


def check_target(to: Any) -> None:
    """Refuse what no notification can be sent to.

    Raises:
        TypeError: It is neither a text nor a block.
        ValueError: The text is neither a name nor a URL.
    """
    if isinstance(to, str):
        if "://" in to:
            # It may hold a password, and is one itself at many services.
            redactor.add(to)
        elif not _SAVED.fullmatch(to):
            raise ValueError(
                f"{to!r} is neither the name of a saved block, such as 'slack-alerts' or "
                "'slack-webhook/alerts', nor a URL that apprise knows, such as 'slack://...'."
            )
    elif not callable(getattr(to, "notify", None)) and not callable(getattr(to, "call", None)):
        raise TypeError(
            "A notification goes to the name of a saved block, a notification block, a Webhook or "
            f"a URL that apprise knows; got {to!r}."
        )


def label_of(to: Any) -> str:
    """What a target is called in messages; never its URL."""
    if not isinstance(to, str):
        name = getattr(to, "_block_document_name", None)
        return f"{type(to).__name__} {name!r}" if name else type(to).__name__
    return f"{to.partition(':')[0]}://..." if "://" in to else repr(to)


def look_up(to: Any, backend: Backend) -> list[BlockRow]:
    """The saved blocks that a name may stand for; none for what is no name.

    Done where the run is: only there is the store at hand for sure.
    """
    if not isinstance(to, str) or "://" in to:
        return []
    slug, slash, name = to.rpartition("/")
    if slash:
        row = backend.block(slug, name)
        return [] if row is None else [row]
    found: list[BlockRow] = []
    after: tuple[str, str] | None = None
    while page := backend.blocks(None, after, _PAGE):
        found += [row for row in page if row.name == name]
        after = page[-1].slug, page[-1].name
    return found


def send(
    to: Any, rows: list[BlockRow], message: Message, backend: Backend, settings: Settings
) -> None:
    """Deliver a message.

    Parameters:
        to: The target.
        rows: What `look_up` found.
        message: The message.
        backend: Where blocks are that these refer to.
        settings: Say where the keys of their secrets are.

    Raises:
        Undeliverable: It cannot be delivered: no such block, a library that is not there.
        Exception: It was not delivered this time.
    """
    try:
        block = _block_of(to, rows, backend, settings)
    except (ImportError, ValueError, RuntimeError) as error:
        raise Undeliverable(str(error)) from error
    if hasattr(block, "notify"):
        _notify(block, message)
    else:
        payload = {"subject": message.subject, "body": message.body, **message.facts}
        finish(block.call(payload)).raise_for_status()


def _notify(block: Any, message: Message) -> None:
    changes = {}
    if getattr(block, "notify_type", None) == PLAIN:
        changes["notify_type"] = message.kind
    # A copy: whether it raises is set on the block, which the program may use at the same time.
    copied = block.model_copy(update=changes) if hasattr(block, "model_copy") else block
    if not hasattr(copied, "raise_on_failure"):
        finish(copied.notify(message.body, message.subject))
        return
    try:
        with copied.raise_on_failure():
            finish(copied.notify(message.body, message.subject))
    except ImportError as error:
        raise Undeliverable(str(error)) from error


def _block_of(to: Any, rows: list[BlockRow], backend: Backend, settings: Settings) -> Any:
    if not isinstance(to, str):
        return to
    # Blocks load pydantic: that is for the thread that delivers, not for the run.
    if "://" in to:
        from pydantic import SecretStr

        from noria.blocks.notifications import AppriseNotificationBlock  # noqa: PLC0415 - as said

        return AppriseNotificationBlock(url=SecretStr(to))
    return _saved(to, rows, backend, settings)


def _saved(to: str, rows: list[BlockRow], backend: Backend, settings: Settings) -> Any:
    from noria.blocks.core import Block  # noqa: PLC0415 - as above
    from noria.blocks.storage import BlockStore  # noqa: PLC0415 - as above

    store = BlockStore(backend, settings)
    name = to.rpartition("/")[2]
    found = [block for row in rows if _can_send(block := Block._from_row(store, row))]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{type(block).get_block_type_slug()}/{name}" for block in found)
        raise ValueError(f"Several saved blocks are called {name!r}; name one of {names}.")
    raise ValueError(
        f"There is no saved block {to!r} that sends notifications. Save one: "
        f"SlackWebhook(url=...).save({name!r}). Those that there are: noria block ls"
    )


def _can_send(block: Any) -> bool:
    return callable(getattr(block, "notify", None)) or callable(getattr(block, "call", None))
