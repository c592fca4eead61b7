"""The argument that names a study, and its completion."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click


def complete_study(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the ids of studies that begin like what was typed, read from the home."""
    from gym_gui.config.paths import mosaic_home

    ids: list[str] = []
    with contextlib.suppress(OSError):
        ids = sorted((path.name for path in (Path(mosaic_home()) / "studies").iterdir()), reverse=True)
    return [name for name in ids if name.startswith(incomplete.upper())]


study_argument = click.argument("study", metavar="STUDY", shell_complete=complete_study)
