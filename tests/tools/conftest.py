"""What several tests of the tools look at: the published cases, computed once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools import build, validate


@pytest.fixture(scope="session")
def demo_shape(demo_city: Path) -> build.Shape:
    """The demo town as the importer measures it."""
    return build.measure([demo_city], crs=None, progress=lambda stage, done: None)


@pytest.fixture(scope="session")
def delft_shape(shared: Path) -> build.Shape:
    """A hundred houses of Delft as the importer measures them."""
    city = shared / "data/delft-district/delft_3dbag.city.jsonl.gz"
    return build.measure([city], crs=None, progress=lambda stage, done: None)


@pytest.fixture(scope="session")
def every_case(shared: Path) -> dict[str, Any]:
    """`surplus validate` over the project's own cases."""
    return validate.validate(None, progress=lambda stage, done: None)
