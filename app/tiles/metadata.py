"""What a tileset says of itself, its groups, tiles and contents: values of a class of its schema.

Source: OGC 22-025r4 (3D Tiles 1.1), chapter 9 (metadata).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Metadata:
    """Values of one entity by property; of which class they are."""

    class_name: str
    values: Mapping[str, Any] = field(default_factory=dict)
