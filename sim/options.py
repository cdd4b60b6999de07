"""What the command line asks of a simulation process, as one value: `python -m sim JSON`."""

from __future__ import annotations

import msgspec


class ServeOptions(msgspec.Struct, frozen=True):
    """Options of `surplus serve`, and what the supervisor adds to them."""

    package: str
    bind: str = "127.0.0.1"
    """HOST or HOST:PORT; without a port any free one."""
    allow: str | None = None
    """File of viewers' public keys; needed beyond loopback."""
    layers: str = ""
    """`kind:param=value,...;kind...` or FILE.toml; empty: none, or those of the restored session."""
    time: str = ""
    """ISO wall time to begin at."""
    interactive: bool = False
    """Restore the package's last session and keep it; otherwise begin afresh and leave that session alone."""
    catalogue: str = ""
    """MODULE:NAME of another catalogue of layers; never settable over the wire."""
    state_dir: str = ""
    """State folder; empty: the user's."""
    parent_pipe: bool = False
    """End at EOF of stdin, leave Ctrl+C to the parent."""
    session: str = ""
    """File of the session of a run that is not interactive, for its restart."""
    record: str = ""
    """File to record the session to; empty: none."""
    resume: bool = False
    """Restart after a death: take the session up where the clock would be now."""
