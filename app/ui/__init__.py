"""Panels: values in, commands out, and the only rooms that import imgui_bundle.

backend.py yields draw lists as numpy arrays, which app/gpu/overlay.py draws; neither knows the other. Panels are
functions of the world; what-ifs are generated from the catalogue, so a new layer needs no line here.
"""
