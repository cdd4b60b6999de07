"""A year of 100,000 buildings in a process of its own: how long it takes, and the most memory that process ever held.

The process does all of it: draws the district, works out the light on it, prepares the case and computes the year. Time
counts from the light on, like every other year here; memory counts from the start of the process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tools.bench_physics import Row

BUILDINGS = 100_000
BUDGETS = {"year-100000": 60.0, "year-100000-memory": 4.0}
"""[s], [GB]"""


def results(name: str, *, full: bool) -> list[Row]:
    """Rows as in bench_physics, in seconds and gigabytes; only with `full`: it takes a minute and 6 GB of disk."""
    if not full or not any(name in known for known in BUDGETS):
        return []
    return [row for row in rows(measured(BUILDINGS), BUILDINGS) if name in row["name"]]


def rows(m: dict[str, float], buildings: int) -> list[Row]:
    """What a process measured, as rows; ratio = reference over value, so greater is better.

    Of 100,000 buildings by the names of `BUDGETS`; no memory where the system does not tell it (Windows).
    """
    time_name, memory_name = (known.replace(str(BUILDINGS), str(buildings)) for known in BUDGETS)
    found = [(time_name, m["year_s"], "s", "reading its light from the file once", m["read_s"])]
    if m["peak_bytes"]:
        found.append((memory_name, m["peak_bytes"] / 1e9, "GB", "its light on disk", m["light_bytes"] / 1e9))
    return [
        {"name": title, "value": value, "unit": unit, "budget": budget, "reference": {"name": words, "value": of},
         "ratio": of / value, "holds": bool(value <= budget)}
        for (title, value, unit, words, of), budget in zip(found, BUDGETS.values(), strict=False)
    ]  # fmt: skip


def measured(buildings: int) -> dict[str, float]:
    """Run the year of so many buildings in a fresh process: {year_s, read_s, light_bytes, peak_bytes}.

    Raises:
        Refused: the process says why it cannot, a full disk for one.
    """
    from network.problems import Refused

    root = str(Path(__file__).resolve().parent.parent)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tools.bench_large", str(buildings)], check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise Refused(f"the year of {buildings} buildings was not computed: {last[0]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(buildings: int) -> dict[str, float]:
    """The year of so many random buildings without grid, here and now: what `measured` hands back."""
    from sim import kernels, lightfile, year
    from sim.prepare import prepare
    from sim.solar import solar
    from tools.random_district import random_district, random_weather

    kernels.warm()
    weather = random_weather()
    district = random_district(buildings=buildings, nodes=0, surfaces=6)
    light = solar(district, weather)
    begun = time.perf_counter()
    year.complete(prepare(district, light, weather))
    year_s = time.perf_counter() - begun
    begun = time.perf_counter()
    channels = (light.wall, light.roof, light.pane, light.sun, light.module)
    for channel in channels:
        for first in range(0, len(channel), 64):
            np.array(channel[first : first + 64])
            lightfile.give_back(light.mapped)
    read_s = time.perf_counter() - begun
    return {"year_s": year_s, "read_s": read_s, "light_bytes": float(sum(c.nbytes for c in channels)),
            "peak_bytes": float(peak_bytes())}  # fmt: skip


def peak_bytes() -> int:
    """Most memory that this process ever held, mapped files included; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent held when it started us
        return next(1024 * int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line)
    if sys.platform == "win32":
        return 0
    import resource

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main(arguments: list[str]) -> int:
    """Measure in this process and print it as JSON; the exit code."""
    from network.problems import Refused

    try:
        print(json.dumps(measure(int(arguments[0]))))
    except Refused as e:
        print(e, file=sys.stderr)
        return e.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
