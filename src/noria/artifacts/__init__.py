"""Artifacts: tables, texts, links, progress and images that runs show to people.

Those with the same key are versions of one another. What is created in a run belongs to it.

Example:
    >>> from noria import flow
    >>> @flow
    ... def report():
    ...     create_table_artifact([{"city": "北京", "orders": 3}], key="orders-by-city")
    ...     return Artifact.get("orders-by-city").data
    >>> report()
    '[{"city": "北京", "orders": 3}]'
"""

from __future__ import annotations

from noria.artifacts.create import (
    acreate_image_artifact,
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from noria.artifacts.kinds import (
    Artifact,
    ImageArtifact,
    LinkArtifact,
    MarkdownArtifact,
    ProgressArtifact,
    TableArtifact,
)

__all__ = [
    "Artifact",
    "ImageArtifact",
    "LinkArtifact",
    "MarkdownArtifact",
    "ProgressArtifact",
    "TableArtifact",
    "acreate_image_artifact",
    "acreate_link_artifact",
    "acreate_markdown_artifact",
    "acreate_progress_artifact",
    "acreate_table_artifact",
    "aupdate_progress_artifact",
    "create_image_artifact",
    "create_link_artifact",
    "create_markdown_artifact",
    "create_progress_artifact",
    "create_table_artifact",
    "update_progress_artifact",
]
