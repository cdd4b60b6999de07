"""Where compiled kernels live, and that all of them are known to the place that warms them."""

import os
import subprocess
import sys
from pathlib import Path

from sim import kernels

ROOT = Path(kernels.__file__).parents[1]


def test_every_module_with_a_kernel_is_warmed_and_hashed() -> None:
    with_kernels = {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for path in (ROOT / "sim").rglob("*.py")
        if "\n@kernel(" in path.read_text()
    }
    seen: list[tuple[str, float]] = []
    kernels.warm(lambda name, share: seen.append((name, share)))
    assert {name for name, _ in seen} == with_kernels
    assert seen[-1][1] == 1.0


def test_the_cache_folder_is_keyed_by_the_sources() -> None:
    assert kernels.CACHE.name == f"kernels-{kernels.source_hash()}"
    assert os.environ["NUMBA_CACHE_DIR"] == str(kernels.CACHE)


def _cache_of_a_child(**environment: str) -> Path:
    done = subprocess.run(
        [sys.executable, "-c", "from sim import kernels; print(kernels.CACHE)"], cwd=ROOT, text=True, check=True,
        capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
    return Path(done.stdout.strip())


def test_a_child_shares_its_parent_s_folder() -> None:
    assert _cache_of_a_child() == kernels.CACHE


def test_a_place_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert _cache_of_a_child(NUMBA_CACHE_DIR=str(blocked), TMPDIR=str(tmp_path)).parent == tmp_path / "surplus-cache"
