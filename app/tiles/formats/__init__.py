"""Contents of tiles: bytes of every format of 3D Tiles 1.0 and 1.1 to meshes."""
