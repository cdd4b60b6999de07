"""Dials that several kinds of layers have."""

from __future__ import annotations

from network.schema import Parameter


def share(name: str, label: str, top: float, default: float, description: str) -> Parameter:
    """A share from 0 to `top` (1 = all), shown in percent, in steps of 5 %."""
    return Parameter(name=name, label=label, unit="1", display_unit="%", display_factor=100.0, minimum=0.0,
                     maximum=top, default=default, step=0.05, description=description)  # fmt: skip
