"""How a deployment names its flow."""

from __future__ import annotations

from enum import Enum

__all__ = ["EntrypointType"]


class EntrypointType(Enum):
    """How a deployment names its flow."""

    FILE_PATH = "file_path"
    """`path/to/file.py:name`"""
    MODULE_PATH = "module_path"
    """`package.module.name`, for code that is installed."""
