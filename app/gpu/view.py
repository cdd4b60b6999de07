"""One view of the scene: camera, the scene's buffer, its shadow map, the sky, and the copy onto the output.

What it may cost is a preset (app.presets). The scene is drawn multisampled into its own buffer, at a fraction of the
output's size where the machine is slow, and copied under the panels, which stay sharp. The shadow map is redrawn only
when the light or the tiles have changed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    BitMask32,
    Camera,
    CardMaker,
    DepthOffsetAttrib,
    DepthTestAttrib,
    DisplayRegion,
    FrameBufferProperties,
    GeomNode,
    GraphicsOutput,
    GraphicsPipe,
    LMatrix4f,
    LVecBase2f,
    LVecBase3f,
    LVecBase4f,
    MatrixLens,
    NodePath,
    OrthographicLens,
    PerspectiveLens,
    RenderState,
    SamplerState,
    ShaderAttrib,
    Texture,
    WindowProperties,
)

from app.camera import FOV_X_RAD, near_far
from app.camera import Camera as Eye
from app.gpu.arrays import triangles, vertices
from app.gpu.programs import program
from app.gpu.window import Window
from app.light import NOON, Light, light
from app.presets import PRESETS, Preset, chosen

Float = NDArray[np.float64]
SHADOW_MASK = BitMask32.bit(1)
"""Camera mask of the shadow map: what hides from it casts no shadow."""
PICK_MASK = BitMask32.bit(2)
"""Camera mask of the picture under the pointer: what hides from it cannot be picked."""
MASKED = "masked"
"""Tag of what casts the shadow of its picture's opaque part."""
_SCALES = (1.0, 0.85, 0.72, 0.6, 0.5)
_MOST_ERROR_PX = 40.0
"""Beyond it houses not far away would be mere boxes."""
_SLOWEST_MS, _FASTEST_MS = 32.0, 18.0
_BEHIND = (0.62, 0.14)
"""Grey that shows through panels instead of the scene, by day and night."""
_TURN = 0.9998
"""Cosine of the light's turn (1.1 degrees) after which shadows are redrawn."""


def vec(values: Any) -> LVecBase2f | LVecBase3f | LVecBase4f:
    """A numpy vector as Panda's."""
    kinds = {2: LVecBase2f, 3: LVecBase3f, 4: LVecBase4f}
    numbers = [float(v) for v in values]
    return kinds[len(numbers)](*numbers)


class View:
    """Camera, buffers and light of the one picture."""

    def __init__(self, window: Window, *, preset: str = "", keeps: bool = False) -> None:
        """`preset`: its name, or empty to let a probe choose. `keeps`: a picture is to be kept, with the finest tiles.

        Raises:
            Refused: no such preset.
        """
        self.window = window
        self.scene = NodePath("scene")
        self.town = self.scene.attach_new_node("town")
        self.scale = 1.0
        """Share of the output's size at which the scene is drawn; panels are always sharp."""
        self._slow_ms = 0.0
        self._lens = PerspectiveLens()
        self._camera = self.scene.attach_new_node(Camera("eye", self._lens))
        self._buffer: GraphicsOutput | None = None
        self._built: tuple[int, int, int, bool] | None = None
        self._card = NodePath("copy")
        self._copy_under_panels()
        self._sky = self._make_sky()
        self._mask = self._make_mask()
        self._masked: tuple[tuple[float, float, float, float], ...] = ()
        self._key = np.zeros(3)
        self._stamp: Any = None
        self.shadows_drawn = 0
        self._shadow_lens = OrthographicLens()
        self._shadow_camera = self._make_light_camera()
        self._shadow: GraphicsOutput | None = None
        self.preset = PRESETS["software"]
        self.keeps = keeps
        renderer = window.renderer["renderer"]
        unasked = not preset and not window.software
        self.use(chosen(preset, renderer=renderer, probe_ms=self._probe_ms() if unasked else 0.0))

    def use(self, preset: Preset) -> None:
        """Draw by this preset from the next frame on."""
        self.preset = preset
        self.scale = 1.0
        self._slow_ms = 0.0
        if self._shadow is not None:
            self.window.engine.remove_window(self._shadow)
        self._shadow = self._make_shadow(preset.shadow_px)
        self._stamp = None
        self.scene.set_shader_input("shadow_texel", 1.0 / preset.shadow_px)
        self.scene.set_shader_input("shadow_more", preset.shadow_taps - 1)
        self._card.set_shader(program("bloom" if preset.bloom else "copy"))
        self._built = None  # a buffer older than its shadow map is drawn without its samples
        self.resize()

    def _probe_ms(self) -> float:
        """Time of a frame that a GPU is asked for at the start: the best of some, without waiting for the screen."""
        self.use(PRESETS["laptop"])
        self.shine(light(NOON))
        sky = self._sky
        copies = [sky.copy_to(self.scene) for _ in range(7)]
        self.window.output.set_active(False)
        took = []
        for _ in range(6):
            began = time.perf_counter()
            self.window.engine.render_frame()
            self.window.engine.sync_frame()
            took.append((time.perf_counter() - began) * 1e3)
        self.window.output.set_active(True)
        for copy in copies:
            copy.remove_node()
        return min(took[2:])

    def resize(self) -> None:
        """Make the scene fit the output: straight onto it at full size, else through a buffer of its own."""
        width, height = (max(16, round(s * self.scale)) for s in self.window.size)
        samples, bloom = self.preset.samples, self.preset.bloom > 0
        if (width, height, samples, bloom) == self._built:
            return
        self._built = (width, height, samples, bloom)
        if self._buffer is not None:
            self.window.engine.remove_window(self._buffer)
            self._buffer = None
        straight = self.scale == 1.0 and samples == 0 and not bloom
        self._straight.set_active(straight)
        self._copy.set_active(not straight)
        if straight:
            return
        properties = FrameBufferProperties()
        properties.set_rgba_bits(8, 8, 8, 8)
        properties.set_depth_bits(24)
        properties.set_stencil_bits(8)
        properties.set_multisamples(samples)
        buffer = self._offscreen("scene", -5, properties, (width, height))
        picture = Texture("scene")
        picture.set_minfilter(SamplerState.FT_linear_mipmap_linear if bloom else SamplerState.FT_linear)
        picture.set_magfilter(SamplerState.FT_linear)
        picture.set_wrap_u(SamplerState.WM_clamp)
        picture.set_wrap_v(SamplerState.WM_clamp)
        buffer.add_render_texture(picture, GraphicsOutput.RTM_bind_or_copy)
        buffer.set_clear_color_active(False)
        buffer.set_clear_depth_active(True)
        buffer.set_clear_stencil_active(True)
        buffer.make_display_region().set_camera(self._camera)
        self._card.set_shader_input("picture", picture)
        self._buffer = buffer

    def _offscreen(
        self, name: str, sort: int, properties: FrameBufferProperties, size: tuple[int, int]
    ) -> GraphicsOutput:
        flags = GraphicsPipe.BF_refuse_window | GraphicsPipe.BF_fb_props_optional
        window = self.window
        return window.engine.make_output(
            window.pipe, name, sort, properties, WindowProperties.size(*size), flags, window.gsg, window.output
        )

    @property
    def error_px(self) -> float:
        """Error of tiles on the screen that nobody minds: more where fewer pixels are drawn, least for what is kept."""
        return PRESETS["workstation"].error_px if self.keeps else min(self.preset.error_px / self.scale, _MOST_ERROR_PX)

    def best(self) -> None:
        """Full resolution and everything that is beautiful from the next frame on: for a picture to keep."""
        self.use(PRESETS["workstation"])

    def adapt(self, frame_ms: float) -> None:
        """Without a GPU, trade resolution of the scene for speed: steps of the scale by the smoothed frame time."""
        if not self.preset.scaling:
            return
        self._slow_ms = frame_ms if self._slow_ms == 0 else 0.9 * self._slow_ms + 0.1 * frame_ms
        now = _SCALES.index(self.scale)
        if self._slow_ms > _SLOWEST_MS and now + 1 < len(_SCALES):
            self.scale = _SCALES[now + 1]
        elif self._slow_ms < _FASTEST_MS and now > 0:
            self.scale = _SCALES[now - 1]
        else:
            return
        self._slow_ms = 0.5 * (_SLOWEST_MS + _FASTEST_MS)
        self.resize()

    def mask(self, boxes: Sequence[tuple[float, float, float, float]]) -> None:
        """Draw no scene in these rectangles (left, top, right, bottom; pixels): panels hide it, and pixels are dear."""
        wanted = tuple(boxes)
        if wanted == self._masked:
            return
        self._masked = wanted
        self._mask.node().remove_all_geoms()
        if wanted:
            box = np.array(wanted, np.float32)
            corner = np.full((len(box), 4, 3), -1.0, np.float32)  # as near as can be
            corner[..., 0], corner[..., 1] = box[:, [0, 2, 2, 0]], box[:, [1, 1, 3, 3]]
            index = (4 * np.arange(len(box))[:, None] + np.array([0, 1, 2, 0, 2, 3])).ravel()
            self._mask.node().add_geom(triangles(vertices((("vertex", corner.reshape(-1, 3)),)), index))
        self._mask.set_shader_input("size_px", vec(self.window.size))

    def clear(self) -> None:
        """Take all but camera and sky out of the scene."""
        self.town.get_children().detach()
        for child in self.scene.get_children():
            if child.get_name() in ("ground", "lines"):
                child.remove_node()

    def look(self, eye: Eye, ground_m: float) -> None:
        """Put the camera there."""
        width, height = self.window.size
        self._lens.set_film_size(width / height, 1.0)
        self._lens.set_fov(float(np.degrees(FOV_X_RAD)))
        near, far = near_far(eye, ground_m)
        self._lens.set_near_far(near, far)
        self._camera.set_pos(*map(float, eye.eye_m))
        self._camera.set_hpr(-float(np.degrees(eye.heading_rad)), -float(np.degrees(eye.pitch_rad)), 0.0)
        half = np.tan(FOV_X_RAD / 2)
        self.scene.set_shader_input("eye_m", vec(eye.eye_m))
        self.scene.set_shader_input("pixels_at_1_m", float(width * self.scale / 2 / half))
        self.scene.set_shader_input("dot_scale", float(self.scale))
        self._sky.set_shader_input("ray_middle", vec(eye.forward))
        self._sky.set_shader_input("ray_right", vec(eye.right * half))
        self._sky.set_shader_input("ray_up", vec(eye.up * half * height / width))

    def shine(self, light: Light) -> None:
        """Give the scene the light of the hour."""
        s = self.scene
        for name in ("sun", "up", "down", "zenith", "horizon", "glow"):
            s.set_shader_input(f"{name}_rgb", vec(getattr(light, name)))
        s.set_shader_input("key_enu", vec(light.key_enu))
        s.set_shader_input("sun_enu", vec(light.sun_enu))
        s.set_shader_input("glow_xy", vec(light.glow_xy))
        s.set_shader_input("mood", vec((light.exposure, light.lit, light.emit, light.night)))
        s.set_shader_input("haze_m", light.haze_m)
        day, night = _BEHIND
        grey = day + (night - day) * light.night
        self._mask.set_color(grey, grey, grey, 1.0)
        self._card.set_shader_input("bloom", vec((self.preset.bloom, light.night)))

    def cast(self, light: Light, centre_m: Float, radius_m: float, stamp: Any) -> None:
        """Redraw the shadow map when the light has turned or `stamp` (the set of tiles) is another one."""
        if float(light.key_enu @ self._key) > _TURN and stamp == self._stamp:
            if self._shadow is not None:
                self._shadow.set_active(False)
            return
        self._key, self._stamp = light.key_enu, stamp
        away = radius_m + 250
        self._shadow_lens.set_film_size(2 * radius_m, 2 * radius_m)
        self._shadow_lens.set_near_far(1.0, 2 * away)
        self._shadow_camera.set_pos(*map(float, centre_m + light.key_enu * away))
        self._shadow_camera.look_at(*map(float, centre_m))
        if self._shadow is not None:
            self._shadow.set_active(True)
        self.shadows_drawn += 1
        to_view = self.scene.get_mat(self._shadow_camera)
        to_unit = LMatrix4f.scale_mat(0.5, 0.5, 0.5) * LMatrix4f.translate_mat(0.5, 0.5, 0.5)
        self.scene.set_shader_input(
            "shadow_from_world", LMatrix4f(to_view * self._shadow_lens.get_projection_mat() * to_unit)
        )

    def _make_light_camera(self) -> NodePath:
        node = Camera("light", self._shadow_lens)
        node.set_initial_state(RenderState.make(ShaderAttrib.make(program("shadow"), 100), DepthOffsetAttrib.make(-1)))
        node.set_scene(self.town)
        node.set_camera_mask(SHADOW_MASK)
        node.set_tag_state_key(MASKED)
        node.set_tag_state("1", RenderState.make(ShaderAttrib.make(program("shadow_mask"), 200)))
        return self.scene.attach_new_node(node)

    def _make_shadow(self, size_px: int) -> GraphicsOutput:
        properties = FrameBufferProperties()
        properties.set_depth_bits(24)
        buffer = self._offscreen("shadow", -20, properties, (size_px, size_px))
        depth = Texture("shadow")
        depth.set_format(Texture.F_depth_component24)  # 16 bits asked for become 24 without a window, but not with one
        depth.set_minfilter(SamplerState.FT_shadow)
        depth.set_magfilter(SamplerState.FT_shadow)
        depth.set_wrap_u(SamplerState.WM_border_color)
        depth.set_wrap_v(SamplerState.WM_border_color)
        depth.set_border_color(LVecBase4f(1, 1, 1, 1))  # beyond the map nothing is in the way
        buffer.add_render_texture(depth, GraphicsOutput.RTM_bind_or_copy, GraphicsOutput.RTP_depth)
        buffer.set_clear_color_active(False)
        buffer.set_clear_depth_active(True)
        buffer.make_display_region().set_camera(self._shadow_camera)
        self.scene.set_shader_input("shadow_map", depth)
        return buffer

    def _make_sky(self) -> NodePath:
        maker = CardMaker("sky")
        maker.set_frame(-1, 1, -1, 1)
        sky = self.scene.attach_new_node(maker.generate())
        sky.set_shader(program("sky"))
        sky.set_depth_write(False)
        sky.set_attrib(DepthTestAttrib.make(DepthTestAttrib.M_less_equal))
        sky.set_bin("fixed", 15)  # after all that hides it
        sky.node().set_bounds(_everywhere())
        sky.node().set_final(True)
        sky.set_two_sided(True)
        return sky

    def _make_mask(self) -> NodePath:
        """Drawn before all else, at the near end of depth: whatever follows ends there."""
        node = GeomNode("mask")
        node.set_bounds(_everywhere())
        node.set_final(True)
        mask = self.scene.attach_new_node(node)
        mask.set_shader(program("mask"))
        mask.set_bin("background", -10)
        mask.set_two_sided(True)
        mask.hide(PICK_MASK)
        return mask

    def _copy_under_panels(self) -> None:
        maker = CardMaker("card")
        maker.set_frame(-1, 1, -1, 1)
        self._card.attach_new_node(maker.generate()).node().set_bounds(_everywhere())
        self._card.set_depth_test(False)
        self._card.set_depth_write(False)
        self._card.set_two_sided(True)
        camera = self._card.attach_new_node(Camera("flat", MatrixLens()))
        self._copy = self._region(camera)
        self._straight = self._region(self._camera)
        self._straight.set_clear_depth_active(True)
        self._straight.set_clear_stencil_active(True)
        self.window.output.set_clear_color_active(False)

    def _region(self, camera: NodePath) -> DisplayRegion:
        """A region of the output below the panels."""
        region = self.window.output.make_display_region()
        region.set_sort(0)
        region.set_camera(camera)
        return region


def _everywhere() -> Any:
    from panda3d.core import OmniBoundingVolume

    return OmniBoundingVolume()
