"""The kinds of artifacts, and the base of your own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, dataclass_transform

from noria.client.schemas.objects import Artifact as StoredArtifact
from noria.core.errors import InvalidNameError
from noria.core.jsontext import to_json
from noria.core.previews import preview
from noria.core.redaction import redactor
from noria.engine import artifacts as engine
from noria.engine.artifacts import Content
from noria.engine.dispatch import async_dispatch, in_thread
from noria.values.plain import plain, plain_json
from noria.values.tables import MOST_BYTES, check_table, keep_table

if TYPE_CHECKING:
    import uuid

_KEY = re.compile(r"[a-z0-9-]+")
_SUMMARY = 80
_REQUIRED: Any = object()


@dataclass_transform(kw_only_default=True)
class _Fields:
    """The annotated attributes of a class are the keywords of its constructor."""

    def __init__(self, **given: Any) -> None:
        cls = type(self)
        for name, default in _fields(cls).items():
            value = given.pop(name, default)
            if value is _REQUIRED:
                raise ValueError(f"{cls.__name__} needs {name}=...")
            setattr(self, name, value)
        if given:
            raise TypeError(
                f"{cls.__name__} has no field {next(iter(given))!r}; it has "
                f"{', '.join(_fields(cls))}."
            )

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={preview(v)}" for k, v in vars(self).items() if v is not None)
        return f"{type(self).__name__}({shown})"


def _fields(cls: type) -> dict[str, Any]:
    return {
        name: getattr(cls, name, _REQUIRED)
        for base in reversed(cls.__mro__)
        for name in vars(base).get("__annotations__", {})
    }


class Artifact(_Fields):
    """Something that a run shows to people; the base of the other classes and of your own.

    A class of your own lists its fields as annotated attributes, names its `type`, and defines
    `format`.

    Attributes:
        type: What kind of artifact it is.
        key: What its versions have in common: lowercase letters, digits and dashes.
        description: A sentence or more, in markdown.
        data: Whatever JSON can say, where `format` is not overridden.
        metadata_: Texts by name.
        flow_run_id: The flow run it belongs to; the one around the call by default.
        task_run_id: The task run it belongs to; the one around the call by default.

    Raises:
        InvalidNameError: The key has other characters; a `ValueError`.
        ValueError: A field is missing or has a value that cannot be shown.
        TypeError: There is no such field.

    Example:
        >>> made = Artifact(type="config", key="settings", data={"retries": 3}).create()
        >>> made.type, made.data
        ('config', '{"retries": 3}')
    """

    type: str | None = None
    key: str | None = None
    description: str | None = None
    data: Any = None
    metadata_: dict[str, str] | None = None
    flow_run_id: uuid.UUID | str | None = None
    task_run_id: uuid.UUID | str | None = None

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        _check_key(self.key)
        self._check()

    def _check(self) -> None:
        """See that the fields can be shown."""

    def _content(self) -> Content:
        """What is stored; of more than fits, what fits."""
        return _as_it_is(_formatted(self))

    async def acreate(self, client: Any = None) -> StoredArtifact:
        """As `create`, to be awaited."""
        return await in_thread(self._create)

    @async_dispatch(acreate)
    def create(self, client: Any = None) -> StoredArtifact:
        """Put the artifact on record.

        Parameters:
            client: Accepted for compatibility.

        Returns:
            The artifact as it is stored; in async code an awaitable of it.

        Example:
            >>> MarkdownArtifact(markdown="# Done", key="done").create().data
            '# Done'
        """
        return self._create()

    def _create(self) -> StoredArtifact:
        metadata = self.metadata_
        row = engine.create(
            self.key,
            self.type,
            self._content(),
            self.description,
            None if metadata is None else to_json({str(k): str(v) for k, v in metadata.items()}),
            engine.raw_id(self.flow_run_id),
            engine.raw_id(self.task_run_id),
        )
        return StoredArtifact.from_row(row)

    @classmethod
    async def aget(cls, key: str | None = None, client: Any = None) -> StoredArtifact | None:
        """As `get`, to be awaited."""
        return await in_thread(_get, key)

    @classmethod
    @async_dispatch(lambda cls, *args, **kwargs: cls.aget(*args, **kwargs))
    def get(cls, key: str | None = None, client: Any = None) -> StoredArtifact | None:
        """The artifact of a key that was made or updated last.

        Parameters:
            key: The key; None for the last of all.
            client: Accepted for compatibility.

        Returns:
            The artifact, None when there is none; in async code an awaitable of it.

        Example:
            >>> print(Artifact.get("never-made"))
            None
        """
        return _get(key)

    @classmethod
    async def aget_or_create(
        cls,
        key: str | None = None,
        description: str | None = None,
        data: Any = None,
        client: Any = None,
        **kwargs: Any,
    ) -> tuple[StoredArtifact, bool]:
        """As `get_or_create`, to be awaited."""
        return await in_thread(cls._get_or_create, key, description, data, kwargs)

    @classmethod
    @async_dispatch(lambda cls, *args, **kwargs: cls.aget_or_create(*args, **kwargs))
    def get_or_create(
        cls,
        key: str | None = None,
        description: str | None = None,
        data: Any = None,
        client: Any = None,
        **kwargs: Any,
    ) -> tuple[StoredArtifact, bool]:
        """The artifact of a key that was made or updated last, or a new one.

        Parameters:
            key: The key.
            description: The description of a new one.
            data: The data of a new one.
            client: Accepted for compatibility.
            kwargs: Further fields of a new one.

        Returns:
            The artifact, and whether it is new; in async code an awaitable of both.

        Example:
            >>> _, new = MarkdownArtifact.get_or_create("notes", markdown="# Notes")
            >>> _, again = MarkdownArtifact.get_or_create("notes", markdown="# Notes")
            >>> new, again
            (True, False)
        """
        return cls._get_or_create(key, description, data, kwargs)

    @classmethod
    def _get_or_create(
        cls, key: str | None, description: str | None, data: Any, fields: dict[str, Any]
    ) -> tuple[StoredArtifact, bool]:
        found = _get(key)
        if found is not None:
            return found, False
        return cls(key=key, description=description, data=data, **fields)._create(), True

    async def aformat(self) -> Any:
        """As `format`, to be awaited."""
        return _formatted(self)

    @async_dispatch(aformat)
    def format(self) -> Any:
        """What is stored of the artifact: a text, or whatever JSON can say.

        Returns:
            The data; in async code an awaitable of it.

        Example:
            >>> ProgressArtifact(progress=40).format()
            40.0
        """
        return self._format()

    def _format(self) -> Any:
        return plain_json(self.data)


class LinkArtifact(Artifact):
    """A link.

    Attributes:
        link: Where it leads.
        link_text: What is shown for it; the link itself by default.

    Example:
        >>> LinkArtifact(link="https://example.com/a", link_text="the file").format()
        '[the file](https://example.com/a)'
    """

    link: str
    link_text: str | None = None
    type: str | None = "markdown"

    def _check(self) -> None:
        _check_text(self, "link", self.link)

    def _format(self) -> str:
        return f"[{self.link_text or self.link}]({self.link})"

    def _content(self) -> Content:
        made = _as_it_is(_formatted(self))
        return made._replace(summary=_one_line(self.link_text or self.link))


class MarkdownArtifact(Artifact):
    """A text in markdown; of more than 4 MiB the beginning is kept, with a note.

    Attributes:
        markdown: The text.

    Example:
        >>> MarkdownArtifact(markdown="# 日报").format()
        '# 日报'
    """

    markdown: str
    type: str | None = "markdown"

    def _check(self) -> None:
        _check_text(self, "markdown", self.markdown)

    def _format(self) -> str:
        return self.markdown

    def _content(self) -> Content:
        text = _formatted(self)
        return _beginning(text) if isinstance(text, str) else _as_it_is(text)


class TableArtifact(Artifact):
    """A table; of more than 10,000 rows or 4 MiB the first rows are kept, with a note.

    What is missing (None, NaN, NaT, NA) becomes null; dates and times become ISO 8601; decimals and
    whatever else JSON does not know become texts.

    Attributes:
        table: A list of dicts, a list of lists, a dict of lists, or a pandas or polars DataFrame.

    Example:
        >>> TableArtifact(table={"city": ["北京", "上海"], "rate": [0.5, float("nan")]}).format()
        '{"city": ["北京", "上海"], "rate": [0.5, null]}'
    """

    table: Any
    type: str | None = "table"

    def _check(self) -> None:
        check_table(self.table)

    def _format(self) -> str:
        return keep_table(self.table).text

    def _content(self) -> Content:
        if _is_overridden(self):
            return super()._content()
        kept = keep_table(self.table)
        return Content("text", kept.text, kept.summary, kept.note)


class ProgressArtifact(Artifact):
    """How far something is.

    Attributes:
        progress: Percent, from 0 to 100; what is less or more counts as 0 or 100, with a warning.

    Example:
        >>> ProgressArtifact(progress=12.5).format()
        12.5
    """

    progress: float
    type: str | None = engine.PROGRESS

    def _check(self) -> None:
        try:
            self.progress = float(self.progress)
        except (TypeError, ValueError):
            self.progress = float("nan")
        if self.progress != self.progress:
            raise ValueError("ProgressArtifact needs progress=..., percent from 0 to 100.")

    def _format(self) -> float:
        within = min(max(self.progress, 0.0), 100.0)
        if within != self.progress:
            engine.warn(
                f"Progress {self.progress:g} is not between 0 and 100 percent; it counts as "
                f"{within:g}."
            )
            self.progress = within
        return within

    def _content(self) -> Content:
        percent = _formatted(self)
        return Content("json", plain_json(percent), f"{percent:g}%")


class ImageArtifact(Artifact):
    """An image that can be read under a URL.

    Attributes:
        image_url: The URL.

    Example:
        >>> ImageArtifact(image_url="https://example.com/map.png").format()
        'https://example.com/map.png'
    """

    image_url: str
    type: str | None = "image"

    def _check(self) -> None:
        _check_text(self, "image_url", self.image_url)

    def _format(self) -> str:
        return self.image_url


def _get(key: str | None) -> StoredArtifact | None:
    row = engine.find(key)
    return None if row is None else StoredArtifact.from_row(row)


def _check_key(key: Any) -> None:
    if key is None or (isinstance(key, str) and _KEY.fullmatch(key)):
        return
    near = re.sub(r"[^a-z0-9]+", "-", str(key).lower()).strip("-")
    hint = f", such as {near!r}" if near else ""
    raise InvalidNameError(
        f"Artifact key {key!r} must only contain lowercase letters, digits and dashes{hint}."
    )


def _check_text(artifact: Artifact, field: str, value: Any) -> None:
    if not isinstance(value, str):
        raise ValueError(
            f"{type(artifact).__name__} needs a text for {field}=..., not {preview(value)}."
        )


def _is_overridden(artifact: Artifact) -> bool:
    return not hasattr(type(artifact).format, "aio")


def _formatted(artifact: Artifact) -> Any:
    """What `format` gives, whichever way a class of the user's defines it."""
    return artifact.format() if _is_overridden(artifact) else artifact._format()


def _as_it_is(data: Any) -> Content:
    text, form = (data, "text") if isinstance(data, str) else (to_json(plain(data)), "json")
    size = len(text.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        raise ValueError(
            f"The artifact's data has {size:,} bytes; it may have {MOST_BYTES:,}. Write it to a "
            "file and make a link artifact of that."
        )
    return Content(form, text, _one_line(text))


def _beginning(text: str) -> Content:
    # Before anything is cut: no part of a secret may be left at the end.
    text = redactor.mask(text)
    whole = text.encode("utf-8", "surrogatepass")
    if len(whole) <= MOST_BYTES:
        return Content("text", text, _one_line(text))
    kept = whole[:MOST_BYTES].decode("utf-8", "ignore")
    note = (
        f"Only the first {len(kept):,} of {len(text):,} characters are kept: a markdown artifact "
        f"holds at most {MOST_BYTES // 1024**2} MiB. Write the whole text to a file and make a "
        "link artifact of it."
    )
    return Content("text", kept, _one_line(kept), note)


def _one_line(text: str) -> str:
    # Masked before it is taken apart: a secret may begin with what is taken off.
    for line in redactor.head(text, 4096).splitlines():
        words = " ".join(line.strip("#*_>- \t").split())
        if words:
            return words if len(words) <= _SUMMARY else words[: _SUMMARY - 1] + "…"
    return ""
