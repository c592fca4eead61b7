"""``mosaic replay``: an episode step by step, or as a video."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import TEXT, common, run_argument
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.analysis import RunSource
    from gym_gui.telemetry import EpisodeRollup, StepRecord

_PAGE = 1000
#: Characters of an observation on a line.
_SHOWN = 100
#: Row ids are above this, numbers of episodes below.
_FIRST_ROW_ID = 1 << 44
_BEST = {"latest": "-id", "best": "-return", "worst": "return"}


@click.command()
@run_argument
@click.argument("episode", type=TEXT, metavar="[EPISODE]", default="latest")
@click.option("--phase", type=click.Choice(["train", "eval"]), help="Only training, or only evaluation episodes.")
@click.option("--worker", "worker_id", type=TEXT, metavar="ID", default="", help="Of this worker.")
@click.option("--agent", "agent_id", type=TEXT, metavar="ID", default="", help="Of this agent.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PATH",
    help="Write a video: a .mp4 or .gif file, or a folder for a PNG file per picture.",
)  # fmt: skip
@click.option("--fps", type=click.FloatRange(1, 240), default=30.0, show_default=True, help="Pictures per second.")
@click.option(
    "--size", "max_side", type=click.IntRange(0, 4096), metavar="PIXELS", default=0,
    help="The longer side of the pictures at most; 0: as they are.",
)  # fmt: skip
@click.option(
    "--source", type=click.Choice(["simulation", "stored"]), help="Pictures of this source alone; default: the better."
)
@common
@starts_daemon
@anywhere
def replay(
    home: Path,
    run: str,
    episode: str,
    phase: str | None,
    worker_id: str,
    agent_id: str,
    output: Path | None,
    fps: float,
    max_side: int,
    source: str | None,
    as_json: bool,
) -> int:
    """Show an episode's steps one by one: action, reward, observation; with -o write its pictures as a video.

    EPISODE is its number, its id (as `mosaic runs episodes` lists it), latest, best or worst. Pictures come from
    playing it again in the worker's own Python environment, compared with the recording step by step, or from frames
    that the run recorded.
    """
    from gym_gui.cli.output import page, print_json
    from gym_gui.reading import EpisodeQuery, ReplayQuery

    if output is not None:
        from gym_gui.app import check_output

        check_output(output)
    with site_of(home).runs() as runs:
        run_id = runs.resolve(run)
        chosen = _find(runs, run_id, episode, EpisodeQuery(phase or "", worker_id, agent_id, limit=20))
        if output is not None:
            from gym_gui.cli.progress.replay_view import write_video

            return write_video(
                runs, run_id, chosen, ReplayQuery(chosen.id, source or "", max_side=max_side), output, fps, as_json
            )
        steps = _steps(runs, run_id, chosen.id)
        if as_json:
            print_json({"episode": chosen, "steps": [_document(step) for step in steps]})
        else:
            page(_lines(chosen, steps))
    return 0


def _find(runs: RunSource, run_id: str, reference: str, query: Any) -> EpisodeRollup:
    """Return the episode that a user means.

    Raises:
        UsageError: There is none, or there are several.
    """
    from dataclasses import replace

    from gym_gui.core.worker.errors import UsageError

    if reference in _BEST:
        asked = replace(query, sort=_BEST[reference], limit=1)
    elif reference.isascii() and reference.isdecimal() and len(reference) < 19:
        number = int(reference)
        asked = replace(query, id=number) if number >= _FIRST_ROW_ID else replace(query, index=number)
    else:
        raise UsageError(
            f"{reference!r} is no episode",
            where="EPISODE",
            next_step=f"name its number or its id, latest, best or worst: mosaic runs episodes {run_id}",
        )
    found = runs.episodes(run_id, asked).episodes
    if len(found) > 1:
        which = ", ".join(
            " ".join(filter(None, [f"{each.id}:", each.phase, each.worker_id, each.agent_id])) for each in found[:8]
        )
        raise UsageError(
            f"{len(found)} episodes have the number {reference}",
            where=run_id,
            why=f"workers and phases count apart: {which}",
            next_step="name one by its id, or add --phase, --worker or --agent",
        )
    if not found:
        raise UsageError(
            f"run {run_id} has no such episode" if reference not in _BEST else f"run {run_id} has no episodes yet",
            where=reference,
            next_step=f"list its episodes: mosaic runs episodes {run_id}",
        )
    return found[0]


def _steps(runs: RunSource, run_id: str, episode: int) -> Iterator[StepRecord]:
    last = -1
    while True:
        page = runs.steps(run_id, episode, after=last, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1].id


def _document(step: StepRecord) -> dict[str, Any]:
    import msgspec

    values: dict[str, Any] = msgspec.to_builtins(step)
    for name in ("action", "observation"):
        if values[name] is not None:
            values[name] = json.loads(values[name])
    return values


def _lines(episode: EpisodeRollup, steps: Iterator[StepRecord]) -> Iterator[str]:
    from gym_gui.look import figures

    whose = "" if episode.agent_id is None else f" of agent {episode.agent_id}"
    yield (
        f"{episode.phase} episode {figures.count(episode.ep_index)}{whose}, worker {episode.worker_id}:"
        f" return {figures.decimal(episode.total_reward)}, {figures.count(episode.steps)} steps"
    )
    total, number, last = 0.0, 0, None
    for step in steps:
        if number == 0:
            first = step.extra.get("reset_observation")
            start = "" if first is None else f"  {_short(json.dumps(first))}"
            yield f"{'step':>6}  {'reward':>10}  {'return':>10}  action{start and '  observation'}"
            if start:
                yield f"{'reset':>6}  {'':>10}  {'':>10}  {'-'}{start}"
        if step.step_index != last:
            number, last = number + 1, step.step_index
        total += step.reward or 0.0
        agent = "" if step.agent_id is None or step.agent_id == episode.agent_id else f"{step.agent_id}: "
        parts = [f"{number:>6}", f"{_figure(step.reward):>10}", f"{_figure(total):>10}",
                 f"{agent}{_short(step.action or '-')}"]  # fmt: skip
        if step.observation is not None:
            parts.append(_short(step.observation))
        if step.terminated or step.truncated:
            parts.append("terminated" if step.terminated else "truncated")
        yield "  ".join(parts)
    if number == 0:
        yield "no steps of this episode are stored; record all next time: mosaic train … --set steps=all"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " …"
