"""Where the eye is and how the hand moves it: orbit around what you look at, or fly.

World is east-north-up in metres; heading is clockwise from north, pitch is down from the horizon (both rad). A camera
is one value: eye, heading, pitch and the distance `reach` to the pivot it turns around.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.tiles.eye import Eye
from app.tiles.geodesy import ecef_from_enu, ecef_from_geodetic
from network.problems import Refused
from network.schema import Hello, Roster

Float = NDArray[np.float64]

FOV_X_RAD = float(np.radians(48.0))
HOME_HEADING_RAD = float(np.radians(302.0))
NAMES = ("home", "top", "street")
_LOWEST_M = 1.7
_NEAREST_M = 90.0
_NEAREST_HOME_M, _FARTHEST_HOME_M = 270.0, 620.0
_HOME_SPREADS = 1.95
"""Distance of the home camera over the radius that holds six in ten of the buildings."""
_HOME_PITCH_RAD = float(np.radians(12.3))
_CROWD_M, _CROWD = 120.0, 1500
_FAR_M = 9000.0
MODEL_HEADING_RAD = float(np.radians(330.0))
_MARGIN = 0.80
"""Share of the picture that a box alone fills."""
GLIDE_S = 0.4
"""Time of a soft move."""


@dataclass(frozen=True)
class Camera:
    """A place to look from."""

    eye_m: Float
    heading_rad: float
    pitch_rad: float
    """Down is positive."""
    reach_m: float
    """Distance to the pivot of orbiting and zooming."""
    flying: bool = False

    @property
    def forward(self) -> Float:
        """Unit vector of the view."""
        c = np.cos(self.pitch_rad)
        return np.array([c * np.sin(self.heading_rad), c * np.cos(self.heading_rad), -np.sin(self.pitch_rad)])

    @property
    def right(self) -> Float:
        """Unit vector to the right, horizontal."""
        return np.array([np.cos(self.heading_rad), -np.sin(self.heading_rad), 0.0])

    @property
    def up(self) -> Float:
        """Unit vector upward in the picture."""
        return np.cross(self.right, self.forward)

    @property
    def pivot_m(self) -> Float:
        """The point that orbiting turns around."""
        return self.eye_m + self.forward * self.reach_m


def fov_y(aspect: float) -> float:
    """Vertical field of view in rad for width / height; the horizontal one is fixed up to 16:9."""
    return float(2 * np.arctan(np.tan(FOV_X_RAD / 2) / aspect))


def near_far(camera: Camera, ground_m: float) -> tuple[float, float]:
    """Clip distances in metres: the near plane rises with the height, which buys depth resolution."""
    height = float(camera.eye_m[2]) - ground_m
    return float(np.clip(height * 0.06, 0.5, 40.0)), _FAR_M + 4 * max(height, 0.0)


def looking_at(target_m: Float, *, distance_m: float, heading_rad: float, pitch_rad: float) -> Camera:
    """Camera at `distance_m` from `target_m`, which becomes the pivot."""
    here = Camera(np.zeros(3), heading_rad, pitch_rad, distance_m)
    return replace(here, eye_m=np.asarray(target_m, np.float64) - here.forward * distance_m)


def named(name: str, points_m: Float, ground_m: float, *, aspect: float = 16 / 9) -> Camera:
    """home: the dense middle at a low angle; top: straight down, north up; street: among the roofs.

    `points_m` [n, 3] are the buildings' feet (or the corners of what is to be seen).

    Raises:
        Refused: no such name.
    """
    p = np.asarray(points_m, np.float64)
    if name == "home":
        # A town is not one look: stand before its middle, where roofs are roofs, and let the haze have the rest.
        middle = dense_middle(p)
        spread = float(np.quantile(np.hypot(*(p - middle)[:, :2].T), 0.6))
        distance = float(np.clip(_HOME_SPREADS * spread, _NEAREST_HOME_M, _FARTHEST_HOME_M))
        return looking_at(middle, distance_m=distance, heading_rad=HOME_HEADING_RAD, pitch_rad=_HOME_PITCH_RAD)
    if name == "top":
        return framing(p, heading_rad=0.0, pitch_rad=float(np.radians(89.0)), aspect=aspect)
    if name == "street":
        near = (np.linalg.norm(p[:, None, :2] - p[None, :, :2], axis=2) < 70.0).sum(axis=1)
        target = p[int(np.argmax(near))] + [0.0, 0.0, 6.0]
        return looking_at(target, distance_m=185.0, heading_rad=HOME_HEADING_RAD, pitch_rad=float(np.radians(24.0)))
    raise Refused(
        f"--camera {name}: no such view; use one of {', '.join(NAMES)} or LAT,LON,HEIGHT,HEADING,PITCH.", code=2
    )


def around(low_m: Float, high_m: Float, name: str, *, aspect: float) -> Camera:
    """The same views of a box that stands alone, in the middle of the picture: home from the south, as models face.

    Raises:
        Refused: no such name.
    """
    if name not in NAMES:
        raise Refused(f"--camera {name}: no such view; use one of {', '.join(NAMES)} or LAT,LON,HEIGHT,HEADING,PITCH.",
                      code=2)  # fmt: skip
    size = np.maximum(high_m - low_m, 1e-6)
    flat = size[2] < 0.12 * max(size[:2])
    pitch = {"home": 42.0 if flat else 22.0, "top": 89.0, "street": 6.0}[name]
    here = Camera(np.zeros(3), 0.0 if name == "top" else MODEL_HEADING_RAD, float(np.radians(pitch)), 1.0)
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * size + low_m
    target = (low_m + high_m) / 2
    wide, tall = _MARGIN * np.tan(FOV_X_RAD / 2), _MARGIN * np.tan(fov_y(aspect) / 2)
    distance = 1.0
    for _ in range(4):  # nearer corners look larger: the middle of the picture is not that of the box
        off = corners - target
        depth, side, lift = off @ here.forward, off @ here.right, off @ here.up
        distance = float(max((np.abs(side) / wide - depth).max(), (np.abs(lift) / tall - depth).max()))
        x, y = side / (depth + distance), lift / (depth + distance)
        shift = here.right * (x.max() + x.min()) / 2 + here.up * (y.max() + y.min()) / 2
        target = target + shift * distance
    return looking_at(target, distance_m=distance, heading_rad=here.heading_rad, pitch_rad=here.pitch_rad)


def dense_middle(points_m: Float) -> Float:
    """Middle [3] of the half of the points that stand closest together: outskirts do not pull it out of the town.

    Of very many points every k-th is asked.
    """
    p = points_m[:: 1 + len(points_m) // _CROWD]
    near = (np.hypot(*(p[:, None, :2] - p[None, :, :2]).transpose(2, 0, 1)) < _CROWD_M).sum(axis=1)
    return np.asarray(np.median(p[near >= np.median(near)], axis=0), np.float64)


def framing(points_m: Float, *, heading_rad: float, pitch_rad: float, aspect: float) -> Camera:
    """The nearest camera of that direction that sees nearly all points clear of the panels' edges.

    A point is inside when |side| <= t * depth; each bound is linear in the eye, so the eye follows in closed form. Of
    every bound the outermost 2 % of points may be cut, so that one lone house does not shrink the town.
    """
    here = Camera(np.zeros(3), heading_rad, pitch_rad, 1.0)
    f, r, u = here.forward, here.right, here.up
    wide, tall = np.tan(FOV_X_RAD / 2), np.tan(fov_y(aspect) / 2)
    rightward, leftward, above, below = wide * 0.56, wide * 0.98, tall * 0.50, tall * 0.56
    depth, side, lift = points_m @ f, points_m @ r, points_m @ u

    def bound(values: Float) -> float:
        return float(np.quantile(values, 0.98))

    a, b = bound(side - rightward * depth), bound(-side - leftward * depth)
    c, d = bound(lift - above * depth), bound(-lift - below * depth)
    along = min(-(a + b) / (rightward + leftward), -(c + d) / (above + below), float(np.median(depth)) - _NEAREST_M)
    height = ((c + above * along) + (-d - below * along)) / 2
    across = ((a + rightward * along) + (-b - leftward * along)) / 2
    eye = f * along + r * across + u * height
    return Camera(eye, heading_rad, pitch_rad, float(np.median(depth)) - along)


def placed(text: str, hello: Hello) -> Camera:
    """Camera at LAT,LON,HEIGHT,HEADING,PITCH: degrees and metres above the ellipsoid, pitch negative downward.

    Raises:
        Refused: not five numbers.
    """
    try:
        lat, lon, height, heading, pitch = values = [float(part) for part in text.split(",")]
        if not np.isfinite(values).all():
            raise ValueError(text)
    except ValueError as error:
        raise Refused(
            f"--camera {text}: not LAT,LON,HEIGHT,HEADING,PITCH (five numbers, degrees and m).", code=2
        ) from error
    origin = ecef_from_enu(hello.latitude_rad, hello.longitude_rad, hello.height_m)
    point = ecef_from_geodetic(np.radians(lat), np.radians(lon), height)
    eye = (np.linalg.inv(origin) @ [*point, 1.0])[:3]
    down = float(-np.radians(pitch))
    reach = max(20.0, (float(eye[2]) - hello.ground_m) / max(np.sin(down), 0.15))
    return Camera(eye, float(np.radians(heading)), down, reach)


def of_text(text: str, hello: Hello, points_m: Float, *, aspect: float = 16 / 9) -> Camera:
    """Camera of the command line: a name or a place."""
    if "," in text:
        return placed(text, hello)
    return named(text or "home", points_m, hello.ground_m, aspect=aspect)


def sights(hello: Hello, roster: Roster | None) -> Float:
    """[n, 3] what a named view should show: the buildings' feet, else middle and corners of the extent."""
    if roster is not None and len(roster.building_xyz_m):
        return np.asarray(roster.building_xyz_m, np.float64)
    west, south, east, north = hello.extent_m
    places = [((west + east) / 2, (south + north) / 2), *((x, y) for x in (west, east) for y in (south, north))]
    return np.array([(*place, hello.ground_m) for place in places])


def orbit(camera: Camera, *, turn_rad: float, tilt_rad: float) -> Camera:
    """Turn around the pivot; stays above the horizon."""
    pivot = camera.pivot_m
    heading = (camera.heading_rad + turn_rad) % (2 * np.pi)
    pitch = float(np.clip(camera.pitch_rad + tilt_rad, np.radians(2.0), np.radians(89.0)))
    return replace(
        looking_at(pivot, distance_m=camera.reach_m, heading_rad=heading, pitch_rad=pitch), flying=camera.flying
    )


def look(camera: Camera, *, turn_rad: float, tilt_rad: float) -> Camera:
    """Turn the head; the eye stays."""
    pitch = float(np.clip(camera.pitch_rad + tilt_rad, np.radians(-85.0), np.radians(89.0)))
    return replace(camera, heading_rad=(camera.heading_rad + turn_rad) % (2 * np.pi), pitch_rad=pitch)


def zoom(camera: Camera, *, steps: float, toward: Float | None = None) -> Camera:
    """Towards the pivot, or the point `toward` [3], by 12 % a step, away for negative steps."""
    reach = float(np.clip(camera.reach_m * 0.88**steps, 8.0, 12000.0))
    point = camera.pivot_m if toward is None else toward
    share = reach / camera.reach_m
    return replace(camera, eye_m=point + (camera.eye_m - point) * share, reach_m=reach)


def ground_under(camera: Camera, pointer: tuple[float, float], size: tuple[int, int], ground_m: float) -> Float:
    """World point [3] of the plain ground under the pointer; above the horizon a point at the pivot's distance."""
    width, height = size
    half = np.tan(FOV_X_RAD / 2)
    x, y = (2 * pointer[0] / width - 1) * half, (1 - 2 * pointer[1] / height) * half * height / width
    ray = camera.forward + camera.right * x + camera.up * y
    fall = float(camera.eye_m[2]) - ground_m
    far = fall / -ray[2] if ray[2] < -1e-3 and fall > 0 else np.inf
    return np.asarray(camera.eye_m + ray * min(far, 3.0 * camera.reach_m), np.float64)


@dataclass(frozen=True)
class Glide:
    """A move of the camera that takes time: it starts and ends softly."""

    start: Camera
    end: Camera
    began_s: float

    def at(self, now_s: float) -> Camera:
        """Camera at a moment of the monotonic clock."""
        x = float(np.clip((now_s - self.began_s) / GLIDE_S, 0.0, 1.0))
        if x >= 1.0:
            return self.end
        part = x * x * (3.0 - 2.0 * x)
        turn = (self.end.heading_rad - self.start.heading_rad + np.pi) % (2 * np.pi) - np.pi
        return Camera(
            self.start.eye_m + (self.end.eye_m - self.start.eye_m) * part,
            float((self.start.heading_rad + turn * part) % (2 * np.pi)),
            self.start.pitch_rad + (self.end.pitch_rad - self.start.pitch_rad) * part,
            self.start.reach_m + (self.end.reach_m - self.start.reach_m) * part,
            self.end.flying,
        )

    def over(self, now_s: float) -> bool:
        """Whether it has arrived."""
        return now_s - self.began_s >= GLIDE_S


def facing(camera: Camera, middle_m: Float, radius_m: float) -> Camera:
    """Camera that frames a ball, from the side that it looked from, not flatter than 20 degrees."""
    distance = max(4.2 * radius_m, 60.0)
    pitch = float(np.clip(camera.pitch_rad, np.radians(20.0), np.radians(60.0)))
    framed = looking_at(middle_m, distance_m=distance, heading_rad=camera.heading_rad, pitch_rad=pitch)
    return replace(framed, flying=camera.flying)


def drag(camera: Camera, *, right_m: float, forward_m: float) -> Camera:
    """Slide over the ground."""
    ahead = np.array([np.sin(camera.heading_rad), np.cos(camera.heading_rad), 0.0])
    return replace(camera, eye_m=camera.eye_m + camera.right * right_m + ahead * forward_m)


def fly(
    camera: Camera, direction: Float, *, seconds: float, ground_m: float, fast: bool, pace: float = 1.0
) -> Camera:
    """Move along right, forward, up (-1..1 each); the speed follows the height, so that it suits street and sky."""
    height = max(float(camera.eye_m[2]) - ground_m, 5.0)
    speed = (0.6 * height + 8.0) * (4.0 if fast else 1.0) * pace
    ahead = camera.forward if camera.flying else np.array([np.sin(camera.heading_rad), np.cos(camera.heading_rad), 0.0])
    step = camera.right * direction[0] + ahead * direction[1] + np.array([0.0, 0.0, 1.0]) * direction[2]
    return replace(camera, eye_m=camera.eye_m + step * speed * seconds)


def above_ground(camera: Camera, ground_m: float) -> Camera:
    """Never under the ground."""
    if camera.eye_m[2] >= ground_m + _LOWEST_M:
        return camera
    return replace(camera, eye_m=np.array([*camera.eye_m[:2], ground_m + _LOWEST_M]))


def eye_of(camera: Camera, *, size: tuple[int, int]) -> Eye:
    """What tile selection needs: place, four side planes, resolution."""
    width, height = size
    tall = fov_y(width / height)
    f, r, u = camera.forward, camera.right, camera.up
    sx, cx, sy, cy = np.sin(FOV_X_RAD / 2), np.cos(FOV_X_RAD / 2), np.sin(tall / 2), np.cos(tall / 2)
    normals = np.array([f * sx + r * cx, f * sx - r * cx, f * sy + u * cy, f * sy - u * cy, f])
    offsets = -normals @ camera.eye_m
    return Eye(camera.eye_m, np.c_[normals, offsets], float(height), tall)


def project(camera: Camera, points_m: Float, size: tuple[int, int]) -> Float:
    """[n, 3]: pixel x, pixel y and distance along the view of world points; behind the eye the distance is <= 0."""
    width, height = size
    d = np.asarray(points_m, np.float64) - camera.eye_m
    depth = d @ camera.forward
    scale = width / 2 / np.tan(FOV_X_RAD / 2) / np.maximum(depth, 1e-6)
    return np.c_[width / 2 + d @ camera.right * scale, height / 2 - d @ camera.up * scale, depth]
