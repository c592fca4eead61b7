"""``mosaic runs render``: live frames of a run's workers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import TEXT, common, run_argument
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.reading import FrameSource

_WORDS = {
    "live": "live: its page shows the environment",
    "off": "switched off",
    "waiting": "the worker has not begun to show anything",
    "unable": "cannot be shown",
    "gone": "the worker has ended",
    "none": "not shown",
}


@click.command()
@run_argument
@click.argument("switch", metavar="[on|off]", type=click.Choice(["on", "off"]), required=False)
@click.option("--worker", "worker_id", type=TEXT, metavar="ID", default="", help="Only this worker.")
@click.option("--layout", type=click.Choice(["grid", "single"]), help="All environments of a vector, or one of them.")
@click.option("--place", type=click.IntRange(0, 1 << 20), metavar="N", help="Which one, from 0; implies a single one.")
@common
@anywhere
def render(
    home: Path,
    run: str,
    switch: str | None,
    worker_id: str,
    layout: str | None,
    place: int | None,
    as_json: bool,
) -> int:
    """Switch live frames of a running run on or off; without a word, say what its workers show.

    The run must have been started with `--render on`. Frames are taken only while its page is open.
    """
    from gym_gui.cli.output import echo, print_json

    if place is not None and layout is None:
        layout = "single"
    with site_of(home).connect() as client:
        run_id = client.resolve(run)
        if switch is None and layout is None:
            sources = client.frames(run_id)
        else:
            on = None if switch is None else switch == "on"
            sources = client.switch_frames(run_id, worker_id, on=on, layout=layout, place=place)
    shown = [source for source in sources if not worker_id or source.worker_id == worker_id]
    if as_json:
        print_json({"run_id": run_id, "workers": shown})
        return 0
    for source in shown:
        echo(f"{source.worker_id}  {_sentence(source)}")
    return 0


def _sentence(source: FrameSource) -> str:
    from gym_gui.look.figures import age

    parts = [_WORDS.get(source.state, source.state)]
    if source.why:
        parts.append(source.why)
    if source.environments > 1:
        layout = "a grid" if source.layout == "grid" else f"number {source.place} alone"
        parts.append(f"{source.environments} environments, {layout}")
    if source.number:
        parts.append(f"last picture {age(source.time)}")
    return "; ".join(parts)
