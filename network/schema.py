"""Every message between sim and its viewers: one frozen struct each, one tagged union.

State flows down (PUB/SUB, whole values, latest wins), wishes and questions flow up (DEALER to ROUTER).
Arrays travel as raw frames beside the header (see codec.py). All numbers are SI; times are seconds since
1 January 00:00 local standard time of the district's calendar year.
"""

from __future__ import annotations

import msgspec
import numpy as np

from network.terms import Sum
from network.verdict import Verdict

PROTOCOL = 3
"""Raised whenever a message changes its meaning; Hello carries it."""


class Message(msgspec.Struct, frozen=True, tag=True):
    """Base of everything on the wire; the class name is the tag."""


# ---------------------------------------------------------------- state, revisioned


class Hello(Message, frozen=True):
    """Who serves what: the first thing a viewer asks for."""

    protocol: int
    run: str
    """Changes whenever sim starts; not part of any scenario."""
    version: str
    package: str
    """Name of the package folder."""
    name: str
    """Title of the district."""
    state_address: str
    """tcp address of the PUB socket."""
    tiles: str
    """Path or http address of tileset.json."""
    latitude_rad: float
    longitude_rad: float
    height_m: float
    """Ellipsoidal height of the local origin; world coordinates are east-north-up metres around it."""
    zone: str
    utc_offset_s: float
    year: int
    steps: int
    step_s: float
    extent_m: tuple[float, float, float, float]
    """West, south, east, north of the buildings in local metres."""
    ground_m: float
    """Typical (median) ground height in local metres, for the plain ground."""


class Roster(Message, frozen=True):
    """Names, places and static facts of everything that has a slot; slot = row + 1, 0 = no data."""

    revision: int
    building_ids: tuple[str, ...]
    building_names: tuple[str, ...]
    building_xyz_m: np.ndarray
    """[building, 3] foot point in local metres."""
    building_height_m: np.ndarray
    footprint_m2: np.ndarray
    building_year: np.ndarray
    building_use: tuple[str, ...]
    line_ids: tuple[str, ...]
    line_kind: tuple[str, ...]
    """cable, service or transformer."""
    line_rating_w: np.ndarray
    vertex_start: np.ndarray
    """[line + 1] offsets into vertices_m."""
    vertices_m: np.ndarray
    """[vertex, 3] polylines, from `from` (substation side) to `to`."""
    node_ids: tuple[str, ...]
    ranges: dict[str, float]
    """Symmetric colour range per quantity, SI; never changes with time or toggle."""
    site_ids: tuple[str, ...] = ()
    site_names: tuple[str, ...] = ()
    site_kind: tuple[str, ...] = ()
    """battery, turbine, canopy or charger: places for plant, whose capacity may be 0."""
    site_xyz_m: np.ndarray = msgspec.field(default_factory=lambda: np.zeros((0, 3)))
    """[site, 3] foot point in local metres."""
    line_fed: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(0, bool))
    """[line] whether a source reaches it; empty: all."""


class Parameter(msgspec.Struct, frozen=True):
    """One dial of a layer kind. Values travel in SI; people see value * display_factor in display_unit."""

    name: str
    label: str
    unit: str
    display_unit: str
    display_factor: float
    minimum: float
    maximum: float
    default: float
    step: float
    description: str = ""


class LayerKind(msgspec.Struct, frozen=True):
    """One kind of what-if, as the catalogue offers it."""

    kind: str
    label: str
    r: str
    """Its place in the 9R ladder."""
    description: str
    parameters: tuple[Parameter, ...]
    cost: str
    """What it costs, in words with figure and source."""
    embodied: str
    source: str
    attributes: tuple[str, ...] = ()
    """Attributes a selection may compare."""
    paint: str = "surplus_w_m2"
    """Quantity that shows best what it does: the panel offers it, and shows it when the layer is switched on."""


class Catalogue(Message, frozen=True):
    """The what-ifs on offer, in the order in which a scenario folds them."""

    revision: int
    kinds: tuple[LayerKind, ...]


class LayerChoice(msgspec.Struct, frozen=True):
    """One chosen layer: kind + SI values + selection (see sim/layers/select.py for the grammar)."""

    kind: str
    values: dict[str, float]
    selection: str = "all"


class Scenario(Message, frozen=True):
    """The choices of one side, with the state of its history."""

    side: str
    revision: int
    choices: tuple[LayerChoice, ...]
    can_undo: bool
    can_redo: bool
    undo_label: str = ""
    redo_label: str = ""
    sender: str = ""
    """Who changed it last."""


class Balance(Message, frozen=True):
    """The year of one side."""

    side: str
    revision: int
    """Revision of the Scenario it belongs to."""
    totals_j: dict[str, float]
    """generated used imported exported losses stored of electricity and gas together; primary_energy: net
    non-renewable, of what is imported less what is exported."""
    carriers_j: dict[str, dict[str, float]]
    """Per carrier: generated used imported exported losses stored."""
    co2_kg: float
    verdict: Verdict
    kpi: dict[str, float]
    """SI values; shares as 1 = 100 %."""
    grid: dict[str, float]
    """Extremes of the year: voltage_min_pu voltage_max_pu line_loading_max transformer_loading_max (1 = rating) and
    hours_over_limit; empty without a grid."""
    months_j: dict[str, np.ndarray]
    """Per account: [12] of electricity."""
    residual: float
    """Largest conservation residual of any step and carrier, relative to throughput."""
    compute_s: float
    fraction: float = 1.0
    """1 when complete."""
    curves: dict[str, np.ndarray] = {}
    """net_import_w: [101] load-duration curve, net import exceeded in 0, 1 .. 100 % of the steps; negative = export."""


class Fact(msgspec.Struct, frozen=True):
    """One thing known of a building, line or site, with where it comes from."""

    name: str
    """Column of the district, with its unit as suffix."""
    label: str
    text: str = ""
    """The value where it is a word."""
    value: float | None = None
    """SI."""
    display_unit: str = ""
    display_factor: float = 1.0
    origin: str = "source"
    """source, inferred, scenario or modelled."""
    rule: str = ""
    """How it was inferred."""


class Facts(Message, frozen=True):
    """What is known of one row of an axis, and its year month by month; the answer to Ask(facts)."""

    side: str
    axis: str
    row: int
    id: str
    revision: int
    """Revision of the Scenario that facts and months belong to."""
    facts: tuple[Fact, ...]
    months_j: dict[str, np.ndarray] = {}
    """Per account of this row (pv, appliances, heater, gas, ...): [12]."""


class Explanation(Message, frozen=True):
    """The chains of terms behind the figures of one building in one step; the answer to Ask(explain)."""

    side: str
    axis: str
    row: int
    id: str
    revision: int
    """Revision of the Scenario that it belongs to."""
    time_s: float
    """Start of the step."""
    step_s: float
    sums: tuple[Sum, ...]


class NamedScenario(msgspec.Struct, frozen=True):
    """A scenario that was saved under a name."""

    name: str
    choices: tuple[LayerChoice, ...]


class Saved(Message, frozen=True):
    """All saved scenarios of the package, in the order in which they were saved."""

    revision: int
    scenarios: tuple[NamedScenario, ...]


class Problem(msgspec.Struct, frozen=True):
    """Something the user should know: a code, a sentence, what it concerns and how often."""

    code: str
    message: str
    count: int = 1
    ids: tuple[str, ...] = ()


class Problems(Message, frozen=True):
    """All known problems of package and run."""

    revision: int
    problems: tuple[Problem, ...]


# ---------------------------------------------------------------- state, streaming


class BlockKey(msgspec.Struct, frozen=True):
    """Identity of the shown blocks of a side."""

    run: str
    scenario_revision: int
    first_step: int
    provisional: bool


class FluxBlock(Message, frozen=True):
    """A quantity over a short span (the shown day plus a step on either side), whole-state, latest wins."""

    side: str
    quantity: str
    key: BlockKey
    step_s: float
    first_time_s: float
    """Start of the first row; row k holds the mean over [k, k+1) step_s (sun_enu: the value at the start)."""
    values: np.ndarray
    """[steps, n]"""
    origin: str = "modelled"


class Clock(Message, frozen=True):
    """10 Hz heartbeat, also while paused: time, pace and every revision."""

    run: str
    time_s: float
    pace: float
    """Simulated seconds per second, 0 when paused."""
    resume_pace: float
    """Pace to take up again after a pause."""
    revisions: dict[str, int]
    """roster, catalogue, problems, saved, and per side `scenario:a`, `balance:a`."""
    keys: dict[str, BlockKey]
    computing: float = 1.0
    """Fraction of the wanted year that is done; 1 = nothing pending."""


# ---------------------------------------------------------------- wishes and questions


class ChooseLayers(Message, frozen=True):
    """Make `choices` the scenario of `side`. `gesture`: wishes of one drag share it and make one undo step."""

    side: str
    sender: str
    based_on: int
    gesture: str
    choices: tuple[LayerChoice, ...]


class Seek(Message, frozen=True):
    """Show another moment."""

    sender: str
    time_s: float


class SetPace(Message, frozen=True):
    """Simulated seconds per second; 0 pauses."""

    sender: str
    pace: float


class Undo(Message, frozen=True):
    """Take back the last change of `side`."""

    side: str
    sender: str
    based_on: int


class Redo(Message, frozen=True):
    """Bring back what was undone."""

    side: str
    sender: str
    based_on: int


class SaveScenario(Message, frozen=True):
    """Keep `choices` under `name`, in place of what had that name; without choices the name is forgotten."""

    sender: str
    name: str
    choices: tuple[LayerChoice, ...] | None


class Ask(Message, frozen=True):
    """A question: hello, roster, catalogue, scenario, balance, problems, saved, clock, flux (with `quantities`), facts
    (of `row` of `axis`), explain (of the building `row` in the step of `time_s`)."""

    what: str
    side: str = "a"
    quantities: tuple[str, ...] = ()
    axis: str = "building"
    """building, line or site."""
    row: int = -1
    time_s: float = -1.0
    """Below 0: the moment that is shown."""


class Answer(Message, frozen=True):
    """What followed from a wish or question; `refused` is empty or one sentence. The named state follows in frames."""

    refused: str = ""
    parts: int = 0
    """How many messages follow in the same reply."""


Told = Facts | Explanation
Down = Hello | Roster | Catalogue | Scenario | Balance | Problems | Saved | Told | FluxBlock | Clock | Answer
Wish = ChooseLayers | Seek | SetPace | Undo | Redo | SaveScenario
AnyMessage = Down | Wish | Ask
