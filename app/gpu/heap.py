"""The engine's memory, kept off the heap of the C library.

Panda brings an allocator of its own. On Linux it grows and shrinks the program break (`sbrk`), and so does the C
library's, and neither knows of the other's lock: where one thread draws while another reads a tile, each may take the
other's memory for its own, and now and then the process dies in code that did nothing wrong. Panda's allocator turns
to `mmap` for good as soon as the break has once refused to grow; so it is refused once, at the start.
Source: Panda3D 1.10 is built with dlmalloc 2.8 (sys_alloc, disable_contiguous; sys_trim is what took memory away).
"""

from __future__ import annotations

import ctypes
import mmap
import sys

from panda3d.core import GeomEnums, GeomVertexArrayData, GeomVertexArrayFormat

_PIECE, _PIECES = 192 << 10, 96
"""Bytes at a time, below what Panda maps anyway, and so many that what it has at hand does not suffice."""
_NO_ACCESS, _PRIVATE, _ANONYMOUS, _FIXED_NOREPLACE = 0, 0x02, 0x20, 0x100000
_done = False


def part() -> bool:
    """Have Panda leave the program break alone from now on; whether it was made to (once a process, on Linux only)."""
    global _done
    if _done or not sys.platform.startswith("linux"):
        return _done
    library = ctypes.CDLL(None)
    if not all(hasattr(library, name) for name in ("sbrk", "mmap", "munmap")):
        return False
    library.sbrk.restype = library.mmap.restype = ctypes.c_void_p
    library.sbrk.argtypes = [ctypes.c_ssize_t]
    library.mmap.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_ssize_t,
    ]  # fmt: skip
    library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    page = mmap.PAGESIZE
    wall = -(-(library.sbrk(0) or 0) // page) * page
    flags = _PRIVATE | _ANONYMOUS | _FIXED_NOREPLACE
    built = library.mmap(wall, page, _NO_ACCESS, flags, -1, 0)
    if built != wall:  # something stands there already, and then the break cannot grow either
        if built not in (None, ctypes.c_void_p(-1).value):
            library.munmap(built, page)
        return False
    try:
        _ask_for_much()
    finally:
        library.munmap(wall, page)
    _done = True
    return True


def _ask_for_much() -> None:
    """Take more than Panda has at hand, and give it back."""
    layout = GeomVertexArrayFormat("room", 4, GeomEnums.NT_uint8, GeomEnums.C_other)
    form = GeomVertexArrayFormat.register_format(layout)
    room = [GeomVertexArrayData(form, GeomEnums.UH_static) for _ in range(_PIECES)]
    for piece in room:
        piece.unclean_set_num_rows(_PIECE // 4)
