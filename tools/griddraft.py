"""A grid that somebody drew, while it is read: buses, branches, sources and loads -> the tables [node] and [line].

Branches become series impedances; what a pi-section or an iron core draws is put at the nodes on either side, which
leaves every voltage as it was. A transformer's T-section is turned into a pi-section exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from network.schema import Problem
from sim.district import LineKind, Lines, NodeKind, Nodes
from sim.physics.gridmesh import split_group

UNLIMITED_VA = 1e12
"""Rating of what names none."""
ZERO_SEQUENCE = 4.0
"""Zero over positive sequence of a cable that names none: its neutral as thick as its phases, (R + 3 R) / R."""


@dataclass(frozen=True)
class Load:
    """What the file says is drawn at a node; negative where it generates."""

    name: str
    words: tuple[str, ...]
    """Texts of the file that may name a building."""
    node: int
    p_w: tuple[float, float, float]
    """Of each phase."""
    q_var: tuple[float, float, float]


@dataclass(frozen=True)
class Drawn:
    """A grid as drawn. Coordinates are the file's, nan where it has none."""

    file: str
    nodes: Nodes
    lines: Lines
    loads: tuple[Load, ...]
    keys: dict[str, int]
    """Other words for a node, the file's own numbers -> row."""
    problems: tuple[Problem, ...]
    unsure: tuple[tuple[str, str], ...]
    """(id of the line, column) that the file does not say."""

    @property
    def uneven(self) -> bool:
        """Whether a load is not the same in all three phases."""
        return any(len(set(load.p_w)) > 1 or len(set(load.q_var)) > 1 for load in self.loads)


@dataclass
class Branch:
    """One line, switch or transformer in ohms on the side of `to`."""

    name: str
    kind: LineKind
    ends: tuple[int, int]
    closed: bool
    z_ohm: complex
    z0_ohm: complex | None
    """None: the file does not say."""
    rating_va: float
    ratio: float = 1.0
    group: str = ""
    length_m: float = 0.0


@dataclass
class Draft:
    """Rows as they come."""

    file: str
    names: list[str] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    volts: list[float] = field(default_factory=list)
    at: list[tuple[float, float]] = field(default_factory=list)
    source_pu: dict[int, float] = field(default_factory=dict)
    shunt: dict[int, complex] = field(default_factory=dict)
    """Node -> P + i Q that it draws at nominal voltage."""
    branches: list[Branch] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def bus(self, key: str, name: str, volts: float, at: tuple[float, float] = (math.nan, math.nan)) -> int:
        """A node; `key` is the file's own word for it."""
        if key in self.keys:
            raise Refused(f"{self.file} has two nodes {key}; give each its own number")
        if not volts > 0.0:
            raise Refused(f"node {name or key} of {self.file} has a nominal voltage of {volts:g} V; give one above 0")
        self.keys[key] = len(self.names)
        self.names.append(name or key)
        self.volts.append(volts)
        self.at.append(at)
        return self.keys[key]

    def node(self, key: str, whose: str) -> int:
        """Row of the node that something is connected to."""
        if key not in self.keys:
            raise Refused(f"{whose} of {self.file} is connected to node {key}, which the file does not have")
        return self.keys[key]

    def draw(self, node: int, admittance_s: complex) -> None:
        """A shunt: g + i b [S] at its node's nominal voltage draws (g - i b) V^2."""
        self.shunt[node] = self.shunt.get(node, 0j) + admittance_s.conjugate() * self.volts[node] ** 2

    def line(
        self, name: str, ends: tuple[int, int], *, z_ohm: complex, z0_ohm: complex | None, y_s: complex = 0j,
        amps: float = math.inf, closed: tuple[bool, bool] = (True, True), length_m: float = 0.0,
    ) -> None:  # fmt: skip
        """A cable, overhead line or switch (impedance 0), with its charging y_s half at each end.

        Open at one end it still charges from the other.
        """
        self._sound(name, z_ohm)
        if self.volts[ends[0]] != self.volts[ends[1]] and abs(self.volts[ends[0]] / self.volts[ends[1]] - 1.0) > 0.2:
            raise Refused(
                f"line {name} of {self.file} joins nodes of {self.volts[ends[0]]:g} V and {self.volts[ends[1]]:g} V; "
                "put a transformer between them"
            )
        for own, other, end in ((closed[0], closed[1], ends[0]), (closed[1], closed[0], ends[1])):
            if own and y_s:
                self.draw(end, y_s / 2.0 if other else y_s)
        rating = math.sqrt(3.0) * self.volts[ends[1]] * amps if 0.0 < amps < 1e6 else UNLIMITED_VA
        # two nominal voltages that differ by a little are the same copper: their ratio is undone
        ratio = self.volts[ends[0]] / self.volts[ends[1]]
        self.branches.append(Branch(
            name or f"line {len(self.branches) + 1}", LineKind.CABLE, ends, all(closed), z_ohm, z0_ohm, rating,
            ratio=ratio, group="" if ratio == 1.0 else "YNyn0", length_m=length_m,
        ))  # fmt: skip

    def transformer(
        self, name: str, ends: tuple[int, int], *, high_v: float, low_v: float, z_ohm: complex, y_s: complex,
        rating_va: float, group: str, z0_ohm: complex | None = None, tee: bool, closed: tuple[bool, bool],
    ) -> None:  # fmt: skip
        """A transformer from high to low voltage; rated voltages with taps, z and y on the low side.

        tee: the iron core is drawn between two halves of z; else half of it at either end (pi).
        """
        self._sound(name, z_ohm)
        if not (high_v > 0.0 and low_v > 0.0 and rating_va > 0.0):
            raise Refused(f"transformer {name} of {self.file} has no rated voltages or power; give them above 0")
        try:
            split_group(group.rstrip("0123456789"))
        except ValueError:
            raise Refused(f'transformer {name} of {self.file} has the vector group "{group}"; give one such as Dyn5')\
                from None  # fmt: skip
        half = y_s / 2.0
        if tee and y_s:  # star to triangle (A. E. Kennelly, 1899)
            half = half / (1.0 + z_ohm * y_s / 4.0)
            z_ohm = z_ohm * (1.0 + z_ohm * y_s / 4.0)
        for own, end, volts in ((closed[0], ends[0], high_v), (closed[1], ends[1], low_v)):
            if own and half:
                self.draw(end, half * (low_v / volts) ** 2)
        ratio = (low_v / self.volts[ends[1]]) / (high_v / self.volts[ends[0]])
        rating = rating_va * self.volts[ends[1]] / low_v  # its rated current at the node's nominal voltage
        self.branches.append(Branch(
            name or f"transformer {len(self.branches) + 1}", LineKind.TRANSFORMER, ends, all(closed), z_ohm,
            z0_ohm or z_ohm, rating, ratio=ratio, group=group,
        ))  # fmt: skip

    def load(self, name: str, node: int, p_w: Sequence[float], q_var: Sequence[float], words: Sequence[str]) -> None:
        """What is drawn: one number for three equal phases, or three."""
        p, q = ([v[0] / 3.0] * 3 if len(v) == 1 else list(v) for v in (p_w, q_var))
        if not all(math.isfinite(v) for v in (*p, *q)):
            raise Refused(f"load {name} of {self.file} is no finite power; give p and q in numbers")
        self.loads.append(Load(name, tuple(w for w in words if w), node, (p[0], p[1], p[2]), (q[0], q[1], q[2])))

    def note(self, code: str, text: str, names: Sequence[str]) -> None:
        """Something in the file that is left out."""
        if names:
            self.problems.append(Problem(code, text, len(names), tuple(names)))

    def _sound(self, name: str, z_ohm: complex) -> None:
        if not (math.isfinite(abs(z_ohm)) and z_ohm.real >= 0.0):
            raise Refused(f"{name} of {self.file} has an impedance of {z_ohm:g} ohm; give resistance and reactance")

    def done(self) -> Drawn:
        """The tables.

        Raises:
            Refused: there is no node, or no source.
        """
        if not self.names:
            raise Refused(f"{self.file} has no node; export the grid again")
        if not self.source_pu:
            raise Refused(f"{self.file} has no source in service (ext_grid, source); add one at the substation")
        ids, n = _unique(self.names), len(self.names)
        line_ids = _unique([b.name for b in self.branches])
        keys = self.keys | {name: k for k, name in enumerate(ids)}
        shunt = np.array([self.shunt.get(k, 0j) for k in range(n)])
        nodes = Nodes(
            id=ids, kind=self._kinds(), x_m=np.array([a[0] for a in self.at]), y_m=np.array([a[1] for a in self.at]),
            z_m=np.zeros(n), nominal_v=np.array(self.volts, dtype=float),
            source_pu=np.array([self.source_pu.get(k, 1.0) for k in range(n)]), shunt_w=shunt.real.copy(),
            shunt_var=shunt.imag.copy(),
        )  # fmt: skip
        unsure = tuple(
            (i, column) for i, b in zip(line_ids, self.branches, strict=True) if b.z0_ohm is None and b.z_ohm
            for column in ("zero_resistance_ohm", "zero_reactance_ohm")
        )  # fmt: skip
        lines = self._lines(line_ids, nodes.kind)
        return Drawn(self.file, nodes, lines, tuple(self.loads), keys, tuple(self.problems), unsure)

    def _kinds(self) -> NDArray[np.int8]:
        kind = np.full(len(self.names), NodeKind.JUNCTION, np.int8)
        kind[[load.node for load in self.loads]] = NodeKind.SERVICE
        kind[[b.ends[1] for b in self.branches if b.kind == LineKind.TRANSFORMER]] = NodeKind.BUSBAR
        kind[list(self.source_pu)] = NodeKind.SOURCE
        return kind

    def _lines(self, ids: tuple[str, ...], node_kind: NDArray[np.int8]) -> Lines:
        rows = self.branches
        ends = np.array([b.ends for b in rows], dtype=np.int32).reshape(-1, 2)
        z = np.array([b.z_ohm for b in rows], dtype=complex)
        zero = np.array([ZERO_SEQUENCE * b.z_ohm if b.z0_ohm is None else b.z0_ohm for b in rows], dtype=complex)
        kind = np.array([b.kind for b in rows], dtype=np.int8)
        degree = np.bincount(ends.ravel(), minlength=len(node_kind))
        leaf = (degree == 1) & (node_kind == NodeKind.SERVICE)
        kind[(kind == LineKind.CABLE) & leaf[ends].any(axis=1)] = LineKind.SERVICE
        return Lines(
            id=ids, kind=kind, from_node=ends[:, 0].copy(), to_node=ends[:, 1].copy(),
            closed=np.array([b.closed for b in rows], dtype=bool), resistance_ohm=z.real.copy(),
            reactance_ohm=z.imag.copy(), zero_resistance_ohm=zero.real.copy(), zero_reactance_ohm=zero.imag.copy(),
            ratio=np.array([b.ratio for b in rows]), vector_group=tuple(b.group for b in rows),
            rating_va=np.array([b.rating_va for b in rows]), length_m=np.array([b.length_m for b in rows]),
            vertex_start=np.arange(0, 2 * len(rows) + 1, 2, dtype=np.int32),
        )  # fmt: skip


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names as ids: what occurs twice gets its row as well."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    return tuple(name if seen[name] == 1 else f"{name} ({k})" for k, name in enumerate(names))
