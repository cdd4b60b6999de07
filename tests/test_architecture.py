"""The house rules of the README's map: who imports whom, fences around libraries, no cycles, small rooms."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSES = ("app", "network", "sim", "tools")
MAY_IMPORT = {
    "network": {"network"},
    "sim": {"sim", "network"},
    "app": {"app", "network"},
    "tools": {"tools", "app", "network", "sim"},
}
FENCES = {
    "zmq": ["network/wire.py"],
    "panda3d": ["app/gpu/"],
    "imgui_bundle": ["app/ui/"],
    "numba": ["sim/"],
    "pandas": ["sim/weather.py", "sim/solar.py", "tools/"],
    "pvlib": ["sim/weather.py", "sim/solar.py", "tools/"],
    "lxml": ["tools/"],
    "trimesh": ["tools/"],
    "embreex": ["tools/"],
    "shapely": ["tools/"],
    "demandlib": ["tools/"],
}
LAZY = {"pandas", "pvlib", "trimesh", "demandlib", "pyarrow"}
"""Slow to import: only inside functions."""
BANNED_NAMES = {"utils", "helpers", "common", "manager"}
STANDARD_ONLY = [ROOT / "tools" / n for n in ("run", "test", "setup.py")]
FILE_LINES = 400
BODY_LINES = 60

MODULES = {
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
    for house in HOUSES
    for path in sorted((ROOT / house).rglob("*.py"))
}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path, *, top_only: bool = False) -> set[str]:
    names: set[str] = set()
    nodes = tree(path).body if top_only else ast.walk(tree(path))
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
    return names


@pytest.mark.parametrize("module", MODULES)
def test_imports_stay_inside_the_rules(module: str) -> None:
    house = module.split(".")[0]
    ours = {n.split(".")[0] for n in imported(MODULES[module])} & {*HOUSES, "tests"}
    assert ours <= MAY_IMPORT[house], f"{module} imports {sorted(ours - MAY_IMPORT[house])}"


@pytest.mark.parametrize("module", MODULES)
def test_libraries_stay_behind_their_fences(module: str) -> None:
    path = MODULES[module].relative_to(ROOT).as_posix()
    for library in {n.split(".")[0] for n in imported(MODULES[module])} & set(FENCES):
        assert any(path.startswith(room) for room in FENCES[library]), f"{path} imports {library}"


@pytest.mark.parametrize("module", MODULES)
def test_slow_libraries_are_imported_inside_functions(module: str) -> None:
    assert not {n.split(".")[0] for n in imported(MODULES[module], top_only=True)} & LAZY


def test_no_import_cycles() -> None:
    graph = {
        m: {n for n in imported(p, top_only=True) if n in MODULES and n != m} for m, p in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as e:
        pytest.fail(f"import cycle: {' -> '.join(e.args[1])}")


@pytest.mark.parametrize("module", MODULES)
def test_rooms_are_small_and_well_named(module: str) -> None:
    path = MODULES[module]
    assert not BANNED_NAMES & set(module.split("."))
    assert len(path.read_text().splitlines()) <= FILE_LINES, f"{module} is too long"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1
            assert lines <= BODY_LINES, f"{module}.{node.name} has {lines} lines"


@pytest.mark.parametrize("path", STANDARD_ONLY, ids=lambda p: p.name)
def test_set_up_needs_the_standard_library_alone(path: Path) -> None:
    names = {n.split(".")[0] for n in imported(path)}
    assert names <= {*sys.stdlib_module_names, "tools"}


def test_the_readme_map_names_every_room() -> None:
    readme = (ROOT / "README.md").read_text()
    for module, path in MODULES.items():
        if path.name != "__init__.py":
            assert path.name in readme, f"README's map does not name {module}"


def test_nothing_names_a_package_registry() -> None:
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "--index" + "-url")
    for path in [*ROOT.glob("*.*"), *(ROOT / "tools").iterdir(), *(ROOT / ".ci").iterdir()]:
        if path.is_file():
            text = path.read_text(errors="ignore")
            assert not any(h in text for h in hosts), path
