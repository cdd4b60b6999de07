"""What the first start needs beyond packages: compiled kernels and the demo district. Quiet when all is there."""

from __future__ import annotations

import sys

from network.problems import Refused
from tools.progress import Progress


def main() -> int:
    """Compile the kernels and build the demo, with progress on stderr; exit code."""
    from sim import kernels
    from tools import demo_package

    try:
        with Progress() as progress:
            kernels.warm(lambda module, done: progress("compiling kernels", done))
            demo_package.ensure(progress)
    except Refused as e:
        print(f"surplus: {e}", file=sys.stderr)
        return e.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
