"""Where the scenarios of a package are kept: its `layers.toml`, or the state folder where the package is read-only.

A copy in the state folder is the newer one while it exists: it was made because the package could not be written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from network import keys, scenarios
from network.problems import Refused
from network.schema import LayerKind, NamedScenario
from sim.history import Choices


class Shelf:
    """The saved scenarios of one package on disk."""

    def __init__(self, package: Path, kinds: Sequence[LayerKind], validate: Callable[[Choices], Choices]) -> None:
        """`validate` as in session.Facts."""
        self._kinds, self._validate = kinds, validate
        name = hashlib.blake2b(str(package.resolve()).encode(), digest_size=8).hexdigest()
        self.inside = package / "layers.toml"
        self.outside = keys.state_folder() / "scenarios" / f"{package.name}-{name}.toml"

    def read(self) -> tuple[NamedScenario, ...]:
        """What is kept, checked against today's catalogue and district.

        Raises:
            Refused: the file cannot be read, is of a newer Surplus, or names what does not exist here.
        """
        path = self.outside if self.outside.exists() else self.inside
        if not path.exists():
            return ()
        kept = []
        for scenario in scenarios.read(path, self._kinds):
            try:
                kept.append(NamedScenario(scenario.name, self._validate(scenario.choices)))
            except Refused as e:
                raise Refused(f"{path}, scenario {scenario.name!r}: {e}; mend or delete the file") from e
        return tuple(kept)

    def keep(self, kept: Sequence[NamedScenario]) -> None:
        """Replace the file in the package, or where that cannot be written the one in the state folder.

        Raises:
            Refused: neither can be written.
        """
        try:
            scenarios.write(self.inside, kept, self._kinds)
        except Refused as inside:
            try:
                self.outside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as e:
                raise inside from e
            scenarios.write(self.outside, kept, self._kinds)
        else:
            self.outside.unlink(missing_ok=True)
