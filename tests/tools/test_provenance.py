"""Nothing among the assets is without source and licence."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ASSETS = ROOT / "assets"
OURS = ("__init__.py", "PROVENANCE.toml")


def test_every_asset_has_a_source_and_a_licence() -> None:
    known = tomllib.loads((ASSETS / "PROVENANCE.toml").read_text(encoding="utf-8"))
    for entry in known["asset"] + known["figure"]:
        assert all(entry.get(key) for key in ("path", "source", "licence", "note")), entry
    named = {entry["path"] for entry in known["asset"]}
    files = [p.relative_to(ASSETS) for p in ASSETS.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    missing = [str(f) for f in files if f.name not in OURS and not ({str(f)} | {str(p) for p in f.parents}) & named]
    assert not missing, f"name source and licence in assets/PROVENANCE.toml: {missing}"
    gone = [n for n in named if not (ASSETS / n).exists()]
    assert not gone
