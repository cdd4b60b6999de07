"""The picture of a few pixels under the pointer, in which every building has its number for a colour.

A second camera looks at the town's buildings through a lens that shows nothing but those pixels, so everything else is
culled. The buffer is drawn with the next frame after `aim`, and only then; `read` is the answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    Camera,
    FrameBufferProperties,
    GraphicsOutput,
    GraphicsPipe,
    NodePath,
    PerspectiveLens,
    RenderState,
    ShaderAttrib,
    Texture,
    WindowProperties,
)

from app.camera import FOV_X_RAD, near_far
from app.camera import Camera as Eye
from app.gpu.programs import program
from app.gpu.view import PICK_MASK, View
from app.pick import PATCH


class Picker:
    """Owner of camera and buffer."""

    def __init__(self, view: View) -> None:
        self._window = view.window
        self._lens = PerspectiveLens()
        node = Camera("pick", self._lens)
        node.set_scene(view.town)
        node.set_camera_mask(PICK_MASK)
        node.set_initial_state(RenderState.make(ShaderAttrib.make(program("pick"), 100)))
        self._camera: NodePath = view.scene.attach_new_node(node)
        properties = FrameBufferProperties()
        properties.set_rgba_bits(8, 8, 8, 8)
        properties.set_depth_bits(24)
        flags = GraphicsPipe.BF_refuse_window | GraphicsPipe.BF_fb_props_optional
        window = view.window
        self._buffer: GraphicsOutput = window.engine.make_output(
            window.pipe, "pick", -30, properties, WindowProperties.size(PATCH, PATCH), flags, window.gsg, window.output
        )
        self._texture = Texture("pick")
        self._buffer.add_render_texture(self._texture, GraphicsOutput.RTM_copy_ram)
        self._buffer.set_clear_color_active(True)
        self._buffer.set_clear_color((0, 0, 0, 0))
        self._buffer.set_clear_depth_active(True)
        self._buffer.make_display_region().set_camera(self._camera)
        self._buffer.set_active(False)
        self.waiting = False
        """Whether the next frame will draw what `read` then returns."""

    def aim(self, eye: Eye, ground_m: float, pointer: tuple[float, float]) -> None:
        """Draw what is at `pointer` [pixels] with the next frame."""
        width, height = self._window.size
        aspect = width / height
        x, y = pointer
        self._lens.set_film_size(PATCH / width * aspect, PATCH / height)
        right, down = (np.floor(x) + 0.5) / width, (np.floor(y) + 0.5) / height
        self._lens.set_film_offset((right - 0.5) * aspect, 0.5 - down)
        self._lens.set_focal_length(aspect / 2 / float(np.tan(FOV_X_RAD / 2)))
        self._lens.set_near_far(*near_far(eye, ground_m))
        self._camera.set_pos(*map(float, eye.eye_m))
        self._camera.set_hpr(-float(np.degrees(eye.heading_rad)), -float(np.degrees(eye.pitch_rad)), 0.0)
        self._buffer.set_active(True)
        self.waiting = True

    def read(self) -> NDArray[np.uint8]:
        """[PATCH, PATCH, 4] rgba, top row first, of the frame that was drawn since `aim`."""
        self._buffer.set_active(False)
        self.waiting = False
        if not self._texture.has_ram_image():
            return np.zeros((PATCH, PATCH, 4), np.uint8)
        raw = np.frombuffer(self._texture.get_ram_image_as("RGBA"), np.uint8)
        return raw.reshape(self._texture.get_y_size(), self._texture.get_x_size(), 4)[::-1]
