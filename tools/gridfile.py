"""Files of grids, of whatever kind: JSON of pandapower or of power-grid-model, also .gz; folders of SimBench.

pandapower and power-grid-model-io would read the first kind too, with a tree of packages of a few hundred megabytes
(pandas, numba, openpyxl) for what is a table of numbers: here json reads it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from network.problems import Refused
from tools import gridpandapower, gridpgm, gridsimbench
from tools.griddraft import Drawn


def read(path: Path) -> Drawn:
    """The grid in a file, or in a SimBench folder (or that of its Node.csv).

    Raises:
        Refused: there is no such file, or it is neither of the known kinds, or something in it is broken.
    """
    folder = path.parent if path.name == "Node.csv" else path
    if (folder / "Node.csv").is_file():
        return gridsimbench.read(folder)
    body, file = _json(path), path.name
    try:
        if isinstance(body, dict) and body.get("_class") == "pandapowerNet":
            return gridpandapower.read(body, file)
        if isinstance(body, dict) and {"type", "data"} <= set(body):
            return gridpgm.read(body, file)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as e:
        what = f"no {e.args[0]}" if isinstance(e, KeyError) else str(e)
        raise Refused(f"{file} is broken ({what}); export the grid again") from e
    raise Refused(f"{file} is neither a pandapower network (pandapower.to_json) nor a power-grid-model input dataset")


def _json(path: Path) -> Any:
    try:
        data = path.read_bytes()
        return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except OSError as e:
        raise Refused(f"{path} cannot be read: {e.strerror or e}; name a grid file with --grid") from e
    except (ValueError, EOFError, zlib.error) as e:
        raise Refused(f"{path.name} is not JSON ({e}); export the grid again") from e
