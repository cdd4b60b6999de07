"""Features of a glTF: which vertex belongs to which feature, and what is known of each.

Sources: EXT_mesh_features (ids by attribute, implicit, by texture), EXT_instance_features, EXT_structural_metadata
(property tables, attributes, textures). A primitive may have several sets of ids; the picture follows one: the first
that names the district's ids, else the first with a property table, else the first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.formats import images
from app.tiles.formats.gltf_accessors import Document, Json, parsed
from app.tiles.formats.reading import Reading, naming
from app.tiles.mesh import NO_FEATURE, Unreadable
from app.tiles.tree import properties

Array = NDArray[Any]
Attribute = Callable[[str], Array | None]

MOST_FEATURES = 1 << 20
"""Of a set of ids without a table, which costs a file nothing to claim and a style memory to colour."""
MESH, INSTANCE, METADATA = "EXT_mesh_features", "EXT_instance_features", "EXT_structural_metadata"
_CLAMP, _MIRROR = 33071, 33648


class Features:
    """Tables and id textures of one document, each read once."""

    def __init__(self, document: Document, reading: Reading, batch: Table | None) -> None:
        """`batch` is the batch table of the tile around the glTF; it takes the place of the document's tables."""
        self._document, self._reading, self._batch = document, reading, batch
        self._tables: dict[int, Table] = {}
        self._pixels: dict[int, Array] = {}

    def table(self, index: Any) -> Table:
        """Property table `index`.

        Raises:
            Unreadable: there is none, or it is broken.
        """
        if index not in self._tables:
            metadata = self._document.json.get("extensions", {}).get(METADATA, {})
            rows = metadata.get("propertyTables", [])
            if type(index) is not int or not 0 <= index < len(rows):
                raise Unreadable(f"features name property table {index}, which the glTF does not have")
            table = rows[index]
            with naming(f"the columns of property table {index}"):
                named = properties.class_of(self._schema(metadata), table.get("class"))
                self._reading.spend(8 * len(named) * int(table["count"]))
                found = properties.columns(named, table, self._document.view)
                self._tables[index] = Table(int(table["count"]), found, self._reading.ids(found, any_text=True))
        return self._tables[index]

    def _schema(self, metadata: Json) -> Json:
        """The schema, from the document or the file it names."""
        if "schema" in metadata or "schemaUri" not in metadata:
            return metadata.get("schema", {})
        metadata["schema"] = parsed(self._document.fetch(metadata["schemaUri"]), "schema of the metadata")
        schema: Json = metadata["schema"]
        return schema

    def of_primitive(self, primitive: Json, attribute: Attribute, count: int) -> tuple[Array | None, Table | None]:
        """[vertex] rows of a table and the table; None without features.

        Raises:
            Unreadable: they contradict themselves.
        """
        with naming("the features of a primitive (EXT_mesh_features, EXT_structural_metadata)"):
            return self._of_primitive(primitive, attribute, count)

    def _of_primitive(self, primitive: Json, attribute: Attribute, count: int) -> tuple[Array | None, Table | None]:
        extensions = primitive.get("extensions", {})
        if self._batch is not None:
            for name in ("_BATCHID", "BATCHID"):
                found = attribute(name)
                if found is not None:
                    return _ids(found, count), self._batch
        chosen, table = self._chosen(extensions.get(MESH, {}).get("featureIds", ()))
        if chosen is None:
            found = attribute("_FEATURE_ID_0")
            found = attribute("_BATCHID") if found is None else found
            if found is not None:
                return _ids(found, count), self._batch or self._first_table()
            return self._by_vertex(extensions, attribute, count)
        if "texture" in chosen:
            feature = self._sampled(chosen["texture"], attribute)
        elif "attribute" in chosen:
            found = attribute(f"_FEATURE_ID_{chosen['attribute']}")
            if found is None:
                raise Unreadable(f"a primitive has no attribute _FEATURE_ID_{chosen['attribute']}")
            feature = found
        else:
            feature = np.arange(count, dtype=np.uint32)
        return _ids(feature, count, chosen.get("nullFeatureId")), self._batch or table

    def of_instances(self, node: Json, attribute: Attribute, count: int) -> tuple[Array | None, Table | None]:
        """[instance] rows of a table and the table; None where the instances are no features.

        Raises:
            Unreadable: they contradict themselves.
        """
        with naming(f"the features of instances ({INSTANCE})"):
            chosen, table = self._chosen(node.get("extensions", {}).get(INSTANCE, {}).get("featureIds", ()))
        if chosen is None:
            return None, None
        feature: Array | None = np.arange(count, dtype=np.uint32)
        if "attribute" in chosen:
            feature = attribute(f"_FEATURE_ID_{chosen['attribute']}")
            if feature is None:
                raise Unreadable(f"the instances have no attribute _FEATURE_ID_{chosen['attribute']}")
        return _ids(np.asarray(feature), count, chosen.get("nullFeatureId")), self._batch or table

    def _first_table(self) -> Table | None:
        tables = self._document.json.get("extensions", {}).get(METADATA, {}).get("propertyTables", ())
        return self.table(0) if tables else None

    def _chosen(self, sets: Any) -> tuple[Json | None, Table | None]:
        """The set of ids that the picture follows, and its table."""
        best: tuple[int, Json | None, Table | None] = -1, None, None
        for one in sets:
            table = self.table(one["propertyTable"]) if "propertyTable" in one else None
            if table is None and self._batch is None and "featureCount" in one:
                table = Table(min(max(int(one["featureCount"]), 0), MOST_FEATURES))
            rank = 2 if table is not None and table.ids else 1 if "propertyTable" in one else 0
            if rank > best[0]:
                best = rank, one, table
        return best[1], best[2]

    def pixels(self, index: Any) -> tuple[Array, Json]:
        """[height, width, 4] u8 of texture `index`, every pixel as it is in the file, and its sampler."""
        item = self._document.item("textures", index)
        if index not in self._pixels:
            image = self._document.item("images", item.get("source"))
            inside = "bufferView" in image
            content = self._document.view(image["bufferView"]) if inside else self._document.fetch(image["uri"])
            self._pixels[index] = images.decode(content, reduce=False)
        return self._pixels[index], self._document.item("samplers", item["sampler"]) if "sampler" in item else {}

    def _sampled(self, info: Json, attribute: Attribute) -> Array:
        """[vertex] the whole number in the channels of a texture, lowest byte first, nearest to each vertex."""
        texels = self.texels(info, attribute)
        places = np.array([1 << 8 * k for k in range(texels.shape[1])], np.uint64)
        return (texels.astype(np.uint64) * places).sum(axis=1)

    def texels(self, info: Json, attribute: Attribute) -> Array:
        """[vertex, channel] u8 of a texture at the vertices."""
        uv = attribute(f"TEXCOORD_{info.get('texCoord', 0)}")
        if uv is None:
            raise Unreadable(f"a primitive has no attribute TEXCOORD_{info.get('texCoord', 0)}")
        pixels, sampler = self.pixels(info["index"])
        row = _texel(uv[:, 1], pixels.shape[0], sampler.get("wrapT"))
        column = _texel(uv[:, 0], pixels.shape[1], sampler.get("wrapS"))
        return pixels[row, column][:, [int(c) & 3 for c in info.get("channels", (0,))][:4]]

    def _by_vertex(self, extensions: Json, attribute: Attribute, count: int) -> tuple[Array | None, Table | None]:
        """Property attributes and textures: each vertex is a feature of its own."""
        uses = extensions.get(METADATA, {})
        metadata = self._document.json.get("extensions", {}).get(METADATA, {})
        found: dict[str, Any] = {}
        for kind, read in (("propertyAttributes", lambda one: attribute(one["attribute"])),
                           ("propertyTextures", lambda one: self.texels(one, attribute))):  # fmt: skip
            for index in uses.get(kind, ()):
                group = metadata[kind][index]
                named = properties.class_of(self._schema(metadata), group.get("class"))
                for name, one in group.get("properties", {}).items():
                    raw = read(one)
                    if raw is not None and name in named:
                        found[name] = _meant(named[name], one, raw, count)
        if not found:
            return None, None
        return np.arange(count, dtype=np.uint32), Table(count, found, self._reading.ids(found))


def _texel(at: Array, size: int, wrap: Any) -> Array:
    """[vertex] row or column of the texel nearest to a texture coordinate."""
    at = np.nan_to_num(np.asarray(at, np.float64))
    if wrap == _CLAMP:
        return np.clip(np.floor(at * size), 0, size - 1).astype(np.int64)
    at = 1.0 - np.abs(at % 2.0 - 1.0) if wrap == _MIRROR else at % 1.0
    return np.minimum((at * size).astype(np.int64), size - 1)


def _ids(values: Array, count: int, null: Any = None) -> Array:
    """[vertex] u32 feature ids; what is no whole number from 0 on is `NO_FEATURE`.

    Raises:
        Unreadable: not one id per vertex.
    """
    if values.shape != (count,):
        raise Unreadable(f"{len(values)} feature ids for {count} vertices or instances")
    if values.dtype.kind == "u" and values.dtype.itemsize <= 4:
        ids = values.astype(np.uint32)
    else:
        valid = (values >= 0) & (values < NO_FEATURE)
        ids = np.where(valid, values, 0).astype(np.uint32)
        ids[~valid] = NO_FEATURE
    if type(null) is int and 0 <= null < NO_FEATURE:
        ids[ids == np.uint32(null)] = NO_FEATURE
    return ids


def _meant(named: properties.Property, one: Json, raw: Array, count: int) -> Any:
    """[vertex] values of a property whose stored numbers, or bytes of texels, are `raw`."""
    if raw.dtype.kind == "f" and named.component is not None and named.component.kind in "iu":
        raw = np.nan_to_num(raw).astype(named.component)
    elif raw.dtype != np.uint8 and named.component is not None:
        raw = raw.astype(named.component)
    stored = memoryview(np.ascontiguousarray(raw).tobytes())
    return properties.column(named, {**one, "values": 0}, count, lambda _: stored)
