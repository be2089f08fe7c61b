"""Functions that create artifacts, and one that moves a progress on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noria.artifacts.kinds import (
    ImageArtifact,
    LinkArtifact,
    MarkdownArtifact,
    ProgressArtifact,
    TableArtifact,
)
from noria.core import ids
from noria.engine import artifacts as engine
from noria.engine.dispatch import async_dispatch, in_thread

if TYPE_CHECKING:
    import uuid


async def acreate_table_artifact(
    table: Any, key: str | None = None, description: str | None = None
) -> uuid.UUID:
    """As `create_table_artifact`, to be awaited."""
    return (await TableArtifact(table=table, key=key, description=description).acreate()).id


@async_dispatch(acreate_table_artifact)
def create_table_artifact(
    table: Any, key: str | None = None, description: str | None = None
) -> uuid.UUID:
    """Show a table.

    Parameters:
        table: A list of dicts, a list of lists, a dict of lists, or a pandas or polars DataFrame.
            Of more than 10,000 rows or 4 MiB the first rows are kept, with a note.
        key: What its versions have in common: lowercase letters, digits and dashes.
        description: A sentence or more, in markdown.

    Returns:
        The artifact's id; in async code an awaitable of it.

    Raises:
        ValueError: The key has other characters, or this is no table.

    Example:
        >>> from noria.artifacts import Artifact
        >>> artifact_id = create_table_artifact([{"city": "北京", "orders": 3}], key="orders")
        >>> Artifact.get("orders").data
        '[{"city": "北京", "orders": 3}]'
    """
    return TableArtifact(table=table, key=key, description=description)._create().id


async def acreate_markdown_artifact(
    markdown: str, key: str | None = None, description: str | None = None
) -> uuid.UUID:
    """As `create_markdown_artifact`, to be awaited."""
    made = MarkdownArtifact(markdown=markdown, key=key, description=description)
    return (await made.acreate()).id


@async_dispatch(acreate_markdown_artifact)
def create_markdown_artifact(
    markdown: str, key: str | None = None, description: str | None = None
) -> uuid.UUID:
    """Show a text in markdown.

    Parameters:
        markdown: The text; of more than 4 MiB the beginning is kept, with a note.
        key: What its versions have in common: lowercase letters, digits and dashes.
        description: A sentence or more, in markdown.

    Returns:
        The artifact's id; in async code an awaitable of it.

    Raises:
        ValueError: The key has other characters, or this is no text.

    Example:
        >>> from noria.artifacts import Artifact
        >>> artifact_id = create_markdown_artifact("# 3 orders", key="summary")
        >>> Artifact.get("summary").id == artifact_id
        True
    """
    return MarkdownArtifact(markdown=markdown, key=key, description=description)._create().id


async def acreate_link_artifact(
    link: str,
    link_text: str | None = None,
    key: str | None = None,
    description: str | None = None,
    client: Any = None,
) -> uuid.UUID:
    """As `create_link_artifact`, to be awaited."""
    made = LinkArtifact(link=link, link_text=link_text, key=key, description=description)
    return (await made.acreate()).id


@async_dispatch(acreate_link_artifact)
def create_link_artifact(
    link: str,
    link_text: str | None = None,
    key: str | None = None,
    description: str | None = None,
    client: Any = None,
) -> uuid.UUID:
    """Show a link.

    Parameters:
        link: Where it leads.
        link_text: What is shown for it; the link itself by default.
        key: What its versions have in common: lowercase letters, digits and dashes.
        description: A sentence or more, in markdown.
        client: Accepted for compatibility.

    Returns:
        The artifact's id; in async code an awaitable of it.

    Raises:
        ValueError: The key has other characters, or this is no text.

    Example:
        >>> from noria.artifacts import Artifact
        >>> artifact_id = create_link_artifact("https://example.com/a.csv", "orders", key="file")
        >>> Artifact.get("file").data
        '[orders](https://example.com/a.csv)'
    """
    made = LinkArtifact(link=link, link_text=link_text, key=key, description=description)
    return made._create().id


async def acreate_progress_artifact(
    progress: float, key: str | None = None, description: str | None = None
) -> uuid.UUID:
    """As `create_progress_artifact`, to be awaited."""
    made = ProgressArtifact(progress=progress, key=key, description=description)
    return (await made.acreate()).id


@async_dispatch(acreate_progress_artifact)
def create_progress_artifact(
    progress: float, key: str | None = None, description: str | None = None
) -> uuid.UUID:
    """Show how far something is; `update_progress_artifact` moves it on.

    Parameters:
        progress: Percent, from 0 to 100.
        key: What its versions have in common: lowercase letters, digits and dashes.
        description: A sentence or more, in markdown.

    Returns:
        The artifact's id; in async code an awaitable of it.

    Raises:
        ValueError: The key has other characters, or this is no number.

    Example:
        >>> from noria.artifacts import Artifact
        >>> artifact_id = create_progress_artifact(0, key="upload")
        >>> Artifact.get("upload").data
        0.0
    """
    return ProgressArtifact(progress=progress, key=key, description=description)._create().id


async def aupdate_progress_artifact(
    artifact_id: uuid.UUID | str,
    progress: float,
    description: str | None = None,
    client: Any = None,
) -> uuid.UUID:
    """As `update_progress_artifact`, to be awaited."""
    return await in_thread(_update_progress, artifact_id, progress, description)


@async_dispatch(aupdate_progress_artifact)
def update_progress_artifact(
    artifact_id: uuid.UUID | str,
    progress: float,
    description: str | None = None,
    client: Any = None,
) -> uuid.UUID:
    """Move a progress artifact on.

    Parameters:
        artifact_id: What `create_progress_artifact` returned.
        progress: Percent, from 0 to 100.
        description: Another description; the one it has stays by default.
        client: Accepted for compatibility.

    Returns:
        The artifact's id; in async code an awaitable of it.

    Raises:
        ObjectNotFound: There is no such artifact.
        ValueError: It is no progress, or this is no number.

    Example:
        >>> from noria.artifacts import Artifact
        >>> artifact_id = create_progress_artifact(0, key="import")
        >>> _ = update_progress_artifact(artifact_id, 62.5)
        >>> Artifact.get("import").data
        62.5
    """
    return _update_progress(artifact_id, progress, description)


def _update_progress(
    artifact_id: uuid.UUID | str, progress: float, description: str | None
) -> uuid.UUID:
    known = ids.parse(str(artifact_id))
    content = ProgressArtifact(progress=progress)._content()
    engine.update_progress(known.bytes, content, description)
    return known


async def acreate_image_artifact(
    image_url: str, key: str | None = None, description: str | None = None
) -> uuid.UUID:
    """As `create_image_artifact`, to be awaited."""
    made = ImageArtifact(image_url=image_url, key=key, description=description)
    return (await made.acreate()).id


@async_dispatch(acreate_image_artifact)
def create_image_artifact(
    image_url: str, key: str | None = None, description: str | None = None
) -> uuid.UUID:
    """Show an image.

    Parameters:
        image_url: Where it can be read.
        key: What its versions have in common: lowercase letters, digits and dashes.
        description: A sentence or more, in markdown.

    Returns:
        The artifact's id; in async code an awaitable of it.

    Raises:
        ValueError: The key has other characters, or this is no text.

    Example:
        >>> from noria.artifacts import Artifact
        >>> artifact_id = create_image_artifact("https://example.com/map.png", key="map")
        >>> Artifact.get("map").data
        'https://example.com/map.png'
    """
    return ImageArtifact(image_url=image_url, key=key, description=description)._create().id
