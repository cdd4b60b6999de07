"""Panda's memory and the C library's are apart: both moving the program break at once is how a viewer died."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MOVED = """
import ctypes, sys
from panda3d.core import GeomEnums, GeomVertexArrayData, GeomVertexArrayFormat
from app.gpu import heap
library = ctypes.CDLL(None)
library.sbrk.restype, library.sbrk.argtypes = ctypes.c_void_p, [ctypes.c_ssize_t]
form = GeomVertexArrayFormat.register_format(GeomVertexArrayFormat("room", 4, GeomEnums.NT_uint8, GeomEnums.C_other))
def moved():
    before, pieces = library.sbrk(0), [GeomVertexArrayData(form, GeomEnums.UH_static) for _ in range(400)]
    for piece in pieces:
        piece.unclean_set_num_rows(40_000)
    return library.sbrk(0) - before
if sys.argv[1] == "apart":
    assert heap.part()
print(moved(), moved())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there both use the break")
def test_the_engine_leaves_the_program_break_to_the_c_library() -> None:
    def run(how: str) -> list[int]:
        done = subprocess.run(
            [sys.executable, "-c", MOVED, how], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
        return [int(word) for word in done.stdout.split()]

    assert run("together")[0] > 10e6, "else there is nothing to part"
    assert run("apart") == [0, 0]
