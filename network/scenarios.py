"""Scenarios that were saved under a name, as TOML: a package's `layers.toml`, or any file of that form.

    format = 1

    [[scenario]]
    name = "All the roofs"

    [[scenario.layer]]
    kind = "solar"
    share = 100.0  # %

A `--layers` option names one of them as `FILE.toml#NAME`. Files are replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from network import choices
from network.problems import Refused
from network.schema import LayerChoice, LayerKind, NamedScenario

LONGEST_NAME = 60
MOST = 200
"""Scenarios of a file."""


def read(path: Path, kinds: Sequence[LayerKind]) -> tuple[NamedScenario, ...]:
    """All scenarios of a file, in its order; a file with layers alone holds one, named as the file.

    Raises:
        Refused: it cannot be read, is no scenario, was written by a newer Surplus, or names what does not exist.
    """
    body = choices.load(path)
    tables = body.get("scenario", [])
    if "layer" in body or not body:
        return (NamedScenario(path.stem, choices.of_tables(body.get("layer", []), kinds, where=str(path))),)
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise Refused(f"{path} is no scenario: `scenario` should be [[scenario]] tables; mend or delete the file")
    found: list[NamedScenario] = []
    for table in tables:
        name = table.get("name")
        if not isinstance(name, str) or set(table) - {"name", "layer"}:
            raise Refused(f"{path}: a [[scenario]] should hold `name` and [[scenario.layer]] only, it holds "
                          f"{sorted(table)}; mend or delete the file")  # fmt: skip
        layers = choices.of_tables(table.get("layer", []), kinds, where=f"{path}, scenario {name!r}")
        found.append(NamedScenario(checked_name(name), layers))
    return tuple(found)


def write(path: Path, scenarios: Iterable[NamedScenario], kinds: Sequence[LayerKind]) -> None:
    """Replace the file as a whole; `read` reads it back.

    Raises:
        Refused: it cannot be written.
    """
    kept = tuple(scenarios)
    parts = [f"format = {choices.FORMAT}\n" + ("" if kept else "scenario = []\n")]
    for scenario in kept:
        parts.append(f"[[scenario]]\nname = {choices.quoted(scenario.name)}\n")
        parts += choices.tables(scenario.choices, kinds, table="scenario.layer")
    choices.replace_file(path, "\n".join(parts))


def one_of(text: str, kinds: Sequence[LayerKind]) -> tuple[LayerChoice, ...]:
    """Choices of a `--layers` option: a line, FILE.toml, or FILE.toml#NAME.

    Raises:
        Refused: the line or file cannot be used, or there are several scenarios and no name, or none of that name.
    """
    if not text.strip():
        return ()
    file, _, name = text.partition("#")
    if not file.strip().endswith(".toml"):
        return choices.parse(text, kinds)
    path = Path(file.strip())
    return pick(read(path, kinds), name.strip(), where=str(path))


def pick(scenarios: Sequence[NamedScenario], name: str, *, where: str) -> tuple[LayerChoice, ...]:
    """The scenario of that name, or without a name the only one.

    Raises:
        Refused: there is none, or there are several.
    """
    if not name and len(scenarios) == 1:
        return scenarios[0].choices
    for scenario in scenarios:
        if scenario.name == name:
            return scenario.choices
    offer = ", ".join(repr(s.name) for s in scenarios) or "none at all"
    if not name:
        raise Refused(f"{where} holds several scenarios ({offer}); name one: {where}#NAME", code=2)
    raise Refused(f"{where} holds no scenario {name!r}; it holds {offer}", code=2)


def checked_name(name: str) -> str:
    """A name without blanks around it.

    Raises:
        Refused: it is empty, too long, or holds what cannot be shown.
    """
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        raise Refused(f"a scenario's name has 1 to {LONGEST_NAME} characters; give it such a name")
    return plain


def changed(
    scenarios: Sequence[NamedScenario], name: str, layers: tuple[LayerChoice, ...] | None
) -> tuple[NamedScenario, ...]:
    """With `layers` under `name`, in place of what had that name; without layers the name is forgotten.

    Raises:
        Refused: the name is none, nothing goes by it that could be forgotten, or there are too many.
    """
    name = checked_name(name)
    names = [s.name for s in scenarios]
    if layers is None:
        if name not in names:
            raise Refused(f"there is no saved scenario {name!r}")
        return tuple(s for s in scenarios if s.name != name)
    made = NamedScenario(name, layers)
    if name in names:
        return tuple(made if s.name == name else s for s in scenarios)
    if len(scenarios) >= MOST:
        raise Refused(f"{MOST} scenarios are saved already; forget one before you save another")
    return (*scenarios, made)
