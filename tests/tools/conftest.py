"""What several tests of the tools look at: the published cases, computed once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools import validate


@pytest.fixture(scope="session")
def every_case(shared: Path) -> dict[str, Any]:
    """`surplus validate` over the project's own cases."""
    return validate.validate(None, progress=lambda stage, done: None)
