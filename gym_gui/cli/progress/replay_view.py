"""Writes an episode as a video, with a bar, and says how that ended."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.app import open_sink
from gym_gui.cli import exits
from gym_gui.cli.output import console, print_json, say
from gym_gui.core.worker.errors import MosaicError

if TYPE_CHECKING:
    from gym_gui.analysis import RunSource
    from gym_gui.reading import ReplayEnd, ReplayQuery
    from gym_gui.telemetry import EpisodeRollup


def write_video(
    runs: RunSource,
    run_id: str,
    episode: EpisodeRollup,
    query: ReplayQuery,
    output: Path,
    fps: float,
    as_json: bool,
) -> int:
    """Write the pictures of an episode; return the exit code.

    Raises:
        UsageError: The place cannot be written.
        MosaicError: There are no pictures.
    """
    end = _write(runs, run_id, query, output, fps)
    if end is None or not end.frames:
        raise MosaicError(
            f"episode {episode.ep_index} of run {run_id} has no pictures",
            where=episode.episode_id,
            why=end.reason if end is not None else "the replay ended early",
            next_step=end.next_step if end is not None else "try again",
        )
    if as_json:
        print_json({"output": str(output), "fps": fps, "replay": end})
    else:
        say(f"wrote {output}: {end.frames:,} pictures, {end.frames / fps:.1f} s")
        say(_conclusion(end))
        if end.reason and end.outcome != "reproduced":
            say(f"  why:  {end.reason}")
    return exits.COMPLETED if end.outcome in ("reproduced", "stored") else exits.FAILED


def _write(runs: RunSource, run_id: str, query: ReplayQuery, output: Path, fps: float) -> ReplayEnd | None:
    """Write pictures as they come; those of a source that is given up for another are written again."""
    updates = runs.replay(run_id, query)
    with _bar() as advance, open_sink(output, fps=fps) as sink:
        source = ""
        for update in updates:
            if update.start is not None:
                sink.restart()
                source = update.start.source
                advance(0, update.start.steps + 1)
            if update.frame is not None:
                sink.add(update.frame.number, update.frame.media_type, update.frame.data)
                advance(update.frame.number + 1, None)
            if update.progress is not None and source == "simulation":
                advance(update.progress.done, update.progress.total)
            if update.end is not None:
                return update.end
    return None


def _conclusion(end: ReplayEnd) -> str:
    if end.outcome == "reproduced":
        seen = f" and {end.observations:,} observations" if end.observations else ""
        return f"the environment did again all that was recorded: {end.compared:,} rewards{seen}"
    if end.outcome == "stored":
        return "the pictures are the frames that the run recorded"
    if end.outcome == "differs":
        return f"only the first {end.frames:,} pictures: then it differs from the recording"
    return f"only the first {end.frames:,} pictures"


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int | None], None]]:
    """Give a function that shows how far it is: on a terminal a bar, else nothing."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield lambda *_: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("playing it again"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("", total=None)

        def advance(done: int, total: int | None) -> None:
            progress.update(task, completed=done, total=total) if total else progress.update(task, completed=done)

        yield advance
