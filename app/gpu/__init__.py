"""Everything that touches the GPU, and the only rooms that import panda3d.

Called by app/frame.py with plain values (numpy arrays, dataclasses), calls nothing back. No ShowBase: it writes names
into builtins. One scene, one view; a window and an offscreen buffer take the same path.
"""
