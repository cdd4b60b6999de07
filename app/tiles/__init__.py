"""3D Tiles without an engine: parse, select, fetch, decode, keep.

A tileset is a flat table of nodes that grows by branches (tileset.py, table.py); each frame one pass over its arrays
says which tiles to draw and which to load (select.py); threads fetch and decode them (schedule.py) under a memory cap
(cache.py). A content of any format becomes meshes (content.py): glTF by the modules gltf*.py, the formats of 1.0 by
legacy.py and points.py. Nothing here knows how a picture is drawn. A tile that fails is listed and never stops the
rest.
"""
