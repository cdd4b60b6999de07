"""3D Tiles without an engine: parse, select, fetch, decode, keep.

A tileset is a flat table of nodes (tileset.py); each frame one pass over its arrays says which tiles to draw
and which to load (select.py); two threads fetch and decode them (schedule.py, glb.py) under a memory cap
(cache.py). Nothing here knows how a picture is drawn. A tile that fails is listed and never stops the rest.
Absent on purpose: implicit tiling, point clouds, Draco and textures; such a tile fails with that reason.
"""
