"""Serializers for results: pickle, JSON, both compressed, and your own."""

from __future__ import annotations

from noria.values.json_objects import json_object_decoder, json_object_encoder
from noria.values.serializers import (
    CompressedJSONSerializer,
    CompressedPickleSerializer,
    CompressedSerializer,
    JSONSerializer,
    PickleSerializer,
    Serializer,
)

# Prefect's spellings: they may stand in a serializer's options.
prefect_json_object_encoder = json_object_encoder
prefect_json_object_decoder = json_object_decoder

__all__ = [
    "CompressedJSONSerializer",
    "CompressedPickleSerializer",
    "CompressedSerializer",
    "JSONSerializer",
    "PickleSerializer",
    "Serializer",
    "json_object_decoder",
    "json_object_encoder",
    "prefect_json_object_decoder",
    "prefect_json_object_encoder",
]
