"""What belongs to the district when its balance is drawn up: three boundaries, with or without mobility.

JPI Urban Europe (White Paper on Reference Framework for Positive Energy Districts, 2020; Lindholm et al., Energies 14
(2021) 5622) names three:

geographical  what stands inside the district's edge: every building and site of the package.
functional    what hangs on the district's own grid, behind its substations: buildings and sites connected to it. A
              turbine that feeds the medium voltage beside it is left out.
virtual       the geographical one, and by contract plant outside of which the people own shares (Place.holdings).

Membership is data: `node` of a building or site says whether it is connected, `[outside]` in district.toml lists by
boundary what does not belong. Losses of the grid count whole in each. With mobility, what cars charge counts as a use;
without, it is a use that does not count (non-EPB in ISO 52000-1): it takes what is left over before the grid does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim.district import District

Mask = NDArray[np.bool_]
GEOGRAPHICAL, FUNCTIONAL, VIRTUAL = MODES = ("geographical", "functional", "virtual")


def members(district: District, mode: str) -> tuple[Mask, Mask]:
    """([building], [site]) what belongs to the district under a boundary.

    Raises:
        Refused: there is no such boundary, or district.toml leaves something out that is not there.
    """
    if mode not in MODES:
        raise Refused(f"district.toml has the boundary {mode!r}; choose {', '.join(MODES)}")
    b, site = district.building, district.site
    out = set(district.place.outside.get(mode, ()))
    unknown = out - set(b.id) - set(site.id)
    if unknown:
        raise Refused(f"district.toml leaves {sorted(unknown)[0]!r} outside of the {mode} boundary, but no building "
                      "and no site has that id; take it out of [outside]")  # fmt: skip
    inside = np.array([i not in out for i in b.id], dtype=bool) if out else np.ones(len(b), bool)
    standing = np.array([i not in out for i in site.id], dtype=bool) if out else np.ones(len(site), bool)
    if mode == FUNCTIONAL:
        inside, standing = inside & (b.node >= 0), standing & (site.node >= 0)
    return inside, standing


def parts(district: District) -> dict[str, Mask]:
    """{boundary: [building] bool} of those boundaries that some building does not belong to."""
    if len(district.node) == 0 and not district.place.outside:
        return {}
    found = {mode: members(district, mode)[0] for mode in MODES}
    return {mode: inside for mode, inside in found.items() if not inside.all()}


def offered(district: District) -> tuple[str, ...]:
    """Boundaries under which this district's balance can come out otherwise than under the geographical one."""
    whole = members(district, GEOGRAPHICAL)
    grid = (FUNCTIONAL,) if len(district.node) else ()
    shares = (VIRTUAL,) if district.place.holdings or district.place.outside.get(VIRTUAL) else ()
    other = [m for m in (*grid, *shares) if m == VIRTUAL or _differ(district, members(district, m), whole)]
    return (GEOGRAPHICAL, *other)


def _differ(district: District, one: tuple[Mask, Mask], other: tuple[Mask, Mask]) -> bool:
    """Whether plant or a building that is there counts in one and not in the other."""
    at_work = (district.site.power_w > 0.0) | (district.site.capacity_j > 0.0)
    return bool((one[0] != other[0]).any() or ((one[1] != other[1]) & at_work).any())
