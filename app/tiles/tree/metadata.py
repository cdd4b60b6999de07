"""What a tileset says about itself, its groups, tiles and contents.

A property that is malformed is left out; nobody's tile is missing because of it. Source: OGC 22-025r4 (3D Tiles 1.1)
sections 7.9 and 11; 3DTILES_metadata, its form in 3D Tiles 1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Column
from app.tiles.mesh import Unreadable
from app.tiles.tree.properties import Property, class_of, value


@dataclass(frozen=True)
class Metadata:
    """Values of one thing: a tileset, a group, a tile or a content."""

    class_name: str
    values: Mapping[str, Any]
    """Property name -> number, text, truth, array [k] of numbers, or list; None where the value is absent."""
    properties: Mapping[str, Property] = field(default_factory=dict)
    """Property name -> what its class says of it."""

    def by_semantic(self, semantic: str) -> Any:
        """Value of the property with that meaning (TILE_HORIZON_OCCLUSION_POINT, NAME, ...), None without one."""
        return next((self.values.get(name) for name, p in self.properties.items() if p.semantic == semantic), None)


class Schema:
    """Classes of a document, each understood once."""

    def __init__(self, json: Any) -> None:
        self._json = json
        self._classes: dict[str, dict[str, Property]] = {}

    def of(self, name: Any) -> dict[str, Property]:
        """Properties of a class.

        Raises:
            Unreadable: there is no such class.
        """
        if name not in self._classes:
            self._classes[name] = class_of(self._json, name)
        return self._classes[name]


class Rows:
    """Rows of a property table: the metadata of many tiles or contents, made when somebody asks."""

    def __init__(self, class_name: str, properties: Mapping[str, Property], columns: Mapping[str, Column]) -> None:
        self.class_name, self.properties, self.columns = class_name, properties, columns
        self.semantics = {p.semantic: name for name, p in properties.items() if p.semantic}

    def column(self, semantic: str) -> NDArray[np.float64] | None:
        """[row, k] numbers of the property with that meaning; None where there is none."""
        found = self.columns.get(self.semantics.get(semantic, ""))
        if not isinstance(found, np.ndarray) or found.dtype.kind not in "iuf":
            return None
        return found.reshape(len(found), -1).astype(np.float64)

    def row(self, k: int) -> Metadata:
        """Of one tile or content."""
        return Metadata(self.class_name, {name: column[k] for name, column in self.columns.items()}, self.properties)


@dataclass(frozen=True)
class Said:
    """What a document says of itself."""

    schema: Schema | None = None
    metadata: Metadata | None = None
    groups: tuple[Metadata | None, ...] = ()
    group_names: tuple[str, ...] = ()


def entity(json: Any, schema: Schema | None) -> Metadata | None:
    """Metadata as JSON gives them (`class`, `properties`); None where there are none to read."""
    if not isinstance(json, Mapping) or schema is None:
        return None
    try:
        properties = schema.of(json.get("class"))
    except (Unreadable, TypeError):
        return None
    given = json.get("properties")
    given = given if isinstance(given, Mapping) else {}
    values: dict[str, Any] = {}
    for name, prop in properties.items():
        try:
            values[name] = value(prop, given.get(name))
        except Unreadable:
            continue
    return Metadata(str(json["class"]), values, properties)


def read(
    document: Mapping[str, Any], fetch: Callable[[str], Any]
) -> tuple[Said, str]:
    """What a tileset.json says of itself and its groups, and what of that could not be read.

    `fetch` gives the JSON at a relative address (a schema of its own file); it raises OSError or ValueError.
    """
    extensions = document.get("extensions")
    old = extensions.get("3DTILES_metadata") if isinstance(extensions, Mapping) else None
    said: Mapping[str, Any] = old if isinstance(old, Mapping) else document
    json, reason = said.get("schema"), ""
    if json is None and isinstance(said.get("schemaUri"), str):
        try:
            json = fetch(said["schemaUri"])
        except (OSError, ValueError) as error:
            reason = f"the schema of its metadata, {said['schemaUri'][:100]}, cannot be read ({error})"
    if json is None:
        return Said(), reason
    schema = Schema(json)
    groups = said.get("groups")
    listed = list(groups.values()) if isinstance(groups, Mapping) else groups if isinstance(groups, list) else []
    about = said.get("metadata", said.get("tileset"))
    names = tuple(map(str, groups)) if isinstance(groups, Mapping) else ()
    return Said(schema, entity(about, schema), tuple(entity(g, schema) for g in listed), names), reason
