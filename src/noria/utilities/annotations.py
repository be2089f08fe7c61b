"""Marks that a caller puts around an argument."""

from noria.core.annotations import (
    BaseAnnotation,
    NotSet,
    allow_failure,
    opaque,
    quote,
    unmapped,
)

__all__ = ["BaseAnnotation", "NotSet", "allow_failure", "opaque", "quote", "unmapped"]
