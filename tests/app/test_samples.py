"""Every sample tileset of the 3D Tiles project is drawn as it was when somebody held the picture beside its screenshot.

The golden pictures are small and compared with tolerance, for drivers differ in the last bit and at edges. They are
made anew by `SURPLUS_WRITE_GOLDEN=1 pytest tests/app/test_samples.py`; look at them before you keep them.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from lone_stand import LoneStand
from PIL import Image

from app.intake import Intake
from app.options import TilesWish
from app.tiles.geodesy import geodetic_from_ecef

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "tiles"
WRITE = os.environ.get("SURPLUS_WRITE_GOLDEN") == "1"
SIZE, SMALL = (480, 270), (160, 90)
MEAN, FAR, FEW = 3.0, 40, 0.02
"""Mean difference of all bytes; a pixel that differs by more is another one; of those a share."""
SAMPLES = (
    "1.0/TilesetWithDiscreteLOD", "1.0/TilesetWithRequestVolume", "1.0/TilesetWithRequestVolume/city",
    "1.0/TilesetWithTreeBillboards", "1.1/BoundingBoxTests/0_0_0-1_1_2", "1.1/BoundingBoxTests/0_0_0-1_2_1",
    "1.1/BoundingBoxTests/0_0_0-2_1_1", "1.1/BoundingBoxTests/0_0_2-1_1_4", "1.1/BoundingBoxTests/0_2_0-1_4_1",
    "1.1/BoundingBoxTests/2_0_0-4_1_1", "1.1/MetadataGranularities", "1.1/MultipleContents",
    "1.1/SparseImplicitOctree", "1.1/SparseImplicitQuadtree", "1.1/TilesetWithFullMetadata",
    "glTF/CESIUM_primitive_outline/BoxPrimitiveOutline", "glTF/EXT_mesh_features/FeatureIdAttribute",
    "glTF/EXT_mesh_features/FeatureIdTexture", "glTF/EXT_structural_metadata/ComplexTypes",
    "glTF/EXT_structural_metadata/FeatureIdAttributeAndPropertyTable",
    "glTF/EXT_structural_metadata/FeatureIdTextureAndPropertyTable", "glTF/EXT_structural_metadata/MultipleClasses",
    "glTF/EXT_structural_metadata/MultipleFeatureIdsAndProperties",
    "glTF/EXT_structural_metadata/PropertyAttributesPointCloud", "glTF/EXT_structural_metadata/SharedPropertyTable",
    "glTF/EXT_structural_metadata/SimplePropertyTexture", "glTF/GpuInstancesMetadata",
)  # fmt: skip
ABSENT = {"1.0/TilesetWithDiscreteLOD": "dragon_high.b3dm"}
"""Contents that the stored copy lacks."""
EMPTY = {"1.1/TilesetWithFullMetadata"}
"""Tilesets without any content."""


@pytest.fixture(scope="module")
def stand():
    made = LoneStand(SIZE)
    yield made
    made.close()


def test_every_sample_is_here(shared: Path) -> None:
    root = shared / "tiles" / "samples"
    assert {p.parent.relative_to(root).as_posix() for p in root.rglob("tileset.json")} == set(SAMPLES)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_is_drawn_as_it_was_looked_at(stand, shared: Path, sample: str) -> None:
    picture = stand.picture(shared / "tiles" / "samples" / sample / "tileset.json")
    absent = ABSENT.get(sample, "")
    assert [e for e in stand.failed if not absent or absent not in e["uri"]] == []
    assert not (bool(stand.town.extent() is None) ^ (sample in EMPTY)), "something is drawn where there is something"
    _compare(picture, sample.replace("/", "_"))


def _compare(picture: np.ndarray, name: str) -> None:
    small = Image.fromarray(picture).resize(SMALL, Image.Resampling.BOX)
    path = GOLDEN / f"{name}.png"
    if WRITE:
        small.quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    off = np.abs(np.asarray(small, int) - np.asarray(Image.open(path).convert("RGB"), int))
    assert off.mean() < MEAN, f"{path.name}: the whole picture is another one"
    assert (off.max(axis=2) > FAR).mean() < FEW, f"{path.name}: parts of the picture are others"


SIZED = {
    "color": "mix(color('#2c3e80'), color('#e8502a'), 1.4 * ${temperature})",
    "pointSize": {"conditions": [["${temperature} > 0.7", "28"], ["${temperature} > 0.4", "14"], ["true", "3"]]},
    "show": "${POSITION}.x < 1.5",
}
"""A thousand points by their temperature: few and large where it is warm, and one side left out."""


def test_points_of_a_style_s_sizes_and_colours_are_drawn_as_they_were_looked_at(stand, shared, tmp_path) -> None:
    (tmp_path / "sized.json").write_text(json.dumps(SIZED))
    plain, stand.ports.intake = stand.ports.intake, Intake(TilesWish(style=str(tmp_path / "sized.json")))
    try:
        clouds = shared / "tiles" / "migration" / "input" / "PointCloud"
        picture = stand.picture(clouds / "PointCloudWithPerPointProperties" / "tileset.json")
        assert stand.failed == []
        _compare(picture, "styled_points")
    finally:
        stand.ports.intake = plain


def test_points_that_ask_for_a_near_eye_are_there_for_one_and_only_for_one(stand, shared: Path) -> None:
    path = shared / "tiles" / "samples" / "1.0" / "TilesetWithRequestVolume" / "tileset.json"
    stand.picture(path)
    outside = stand.ports.scenery.stream.stats()
    latitude, longitude, height = geodetic_from_ecef(np.array([1215012.2075631288, -4736310.4186773375, 4081602.937]))
    here = f"{np.degrees(latitude) - 4 / 111e3:.7f},{np.degrees(longitude):.7f},{height:.2f},0,0"
    picture = stand.picture(path, camera=here)
    inside = stand.ports.scenery.stream.stats()
    assert inside["loaded"] > 0 and outside["loaded"] > 0
    middle = picture[100:170, 200:280].astype(int)
    assert (np.ptp(middle, axis=2) > 60).mean() > 0.5, "points of all colours, close by"
