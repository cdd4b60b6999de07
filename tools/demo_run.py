"""`surplus` alone: the demo district; on a screen where there is one, else as a picture and the year's balance."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tools import demo_package, options, supervise
from tools.progress import Progress

PICTURE = "surplus-demo.png"


def run() -> int:
    """Start sim and viewer of the demo; without a display save a picture, print the balance, say where."""
    with Progress() as progress:
        package = demo_package.ensure(progress)
    if options.has_display():
        view = options.view(offscreen=False, size="", camera="home", time="", paint="", layers="", settle=False,
                            shot=None, stats=None, frames=0)  # fmt: skip
        return supervise.run(options.serve(package, layers="", time="", interactive=True, catalogue=""), view)
    from tools import simulate

    here = Path.cwd()
    picture = (here if os.access(here, os.W_OK) else Path(tempfile.gettempdir())) / PICTURE
    print("no display: drawing the demo district offscreen", file=sys.stderr)
    view = options.view(offscreen=True, size="1920x1080", camera="home", time="", paint="", layers="",
                        settle=True, shot=picture, stats=None, frames=0)  # fmt: skip
    code = supervise.run(
        options.serve(package, layers="", time="", interactive=False, catalogue=""), view
    )
    if code == 0:
        print(simulate.page(simulate.simulate(package)))
        print(f"picture: {picture}")
    return code
