"""The page of the gallery: every picture that lies in its folder, with what it shows in words and figures."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MWH = 3.6e9
PAGE, NOTES = "index.html", "notes"
_POINTS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1500px; padding: 0 1rem;
       background: #f6f4f0; color: #25292f; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(440px, 1fr)); gap: 1.5rem; }
figure { margin: 0; } img { width: 100%; border-radius: 6px; display: block; }
img.small { width: 320px; height: 180px; } figcaption { font-size: 14px; padding: .4rem 0; }
h2 { grid-column: 1 / -1; } summary { cursor: pointer; color: #666; }
"""


@dataclass(frozen=True)
class Shown:
    """What a picture shows."""

    place: str
    time: str
    """Wall time, ISO."""
    scenario: str
    azimuth_deg: float
    """Of the sun, from north by east."""
    elevation_deg: float
    primary_margin_j: float
    co2_margin_kg: float
    surplus: bool
    file: str = ""
    """Name of the PNG, without its ending."""
    name: str = ""
    title: str = ""
    size: tuple[int, int] = (0, 0)


def remember(out: Path, shown: Shown) -> None:
    """Keep what the page says of a picture beside it."""
    (out / NOTES).mkdir(exist_ok=True)
    (out / NOTES / f"{shown.file}.json").write_text(json.dumps(asdict(shown), ensure_ascii=False, indent=1))


def write(
    out: Path, *, weak: Sequence[str], notes: Sequence[str], order: Sequence[str], failures: Sequence[str]
) -> Path:
    """Write index.html over all pictures that lie in `out`; its path."""
    held = [Shown(**json.loads(p.read_text())) for p in sorted((out / NOTES).glob("*.json"))]
    held = [s for s in held if (out / f"{s.file}.png").exists()]
    rank = {name: k for k, name in enumerate(order)}
    parts = []
    for place in dict.fromkeys(s.place for s in sorted(held, key=lambda s: s.file.startswith("delft"))):
        parts.append(f"<h2>{html.escape(place)}</h2>")
        mine = [s for s in held if s.place == place]
        parts += [_figure(s) for s in sorted(mine, key=lambda s: rank.get(s.name, len(rank)))]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Surplus: gallery</title><style>{_STYLE}</style></head><body>\n<h1>Surplus: gallery</h1>\n"
        "<p>Orange takes power from the grid, blue gives it; the shade says how much per footprint. "
        "Hatching marks takers, triangles mark the largest. What the sun gives in a year is straw to umber, on the "
        "walls or the roofs that get it; loading goes from sand over violet to black.</p>\n"
        + _list("Not shown", [*notes, *failures])
        + "<main>\n" + "\n".join(parts) + "\n</main>\n"
        + _list("What still looks weak", weak)
        + "</body></html>\n"
    )  # fmt: skip
    path = out / PAGE
    path.write_text(page, encoding="utf-8")
    return path


def caption(shown: Shown) -> str:
    """What is shown, where the sun stands, which scenario, and how its year ends."""
    day, _, hour = shown.time.partition("T")
    if shown.elevation_deg > -0.8:
        point = _POINTS[round(shown.azimuth_deg / 45.0) % 8]
        sun = f"sun {shown.elevation_deg:.0f}° high in the {point} ({shown.azimuth_deg:.0f}°)"
    else:
        sun = f"sun {-shown.elevation_deg:.0f}° below the horizon"
    verdict = "a positive energy district" if shown.surplus else "not yet a positive energy district"
    margins = f"{_signed(shown.primary_margin_j / MWH)} MWh primary energy, {_signed(shown.co2_margin_kg / 1e3)} t CO₂"
    return f"{shown.title}, {shown.scenario}. {day[5:]} {hour}, {sun}. Year: {verdict} ({margins})."


def _signed(value: float) -> str:
    return f"{value:+,.0f}".replace("-", "−")


def _figure(s: Shown) -> str:
    text = html.escape(caption(s))
    alt = html.escape(f"{s.place}: {s.title}, {s.scenario}", quote=True)
    return (
        f'<figure id="{html.escape(s.file)}"><a href="{s.file}.png"><img src="{s.file}.png" alt="{alt}" loading="lazy">'
        f"</a><figcaption>{text} <a href=\"#{s.file}\">{s.file}</a>, {s.size[0]}×{s.size[1]}"
        f'<details><summary>from the back of the room</summary><img class="small" src="small/{s.file}.png" '
        f'alt="{alt}, 320 by 180 pixels" loading="lazy"></details></figcaption></figure>'
    )


def _list(title: str, rows: Sequence[str]) -> str:
    if not rows:
        return ""
    return f"<h2>{title}</h2>\n<ul>" + "".join(f"<li>{html.escape(r)}</li>" for r in rows) + "</ul>\n"
