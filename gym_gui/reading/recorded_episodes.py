"""A recorded episode as the program needs it that plays it again, or the reason why it cannot."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.core.worker.envs.sampling import EpisodeSampling
from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.runs import RunFolder, RunPlan, WorkerPlan, load_plan
from gym_gui.telemetry import EpisodeReader, EpisodeRollup, StepRecord, row_place

#: Rows of the steps that are played again at most, those of episodes before included.
MAX_ROWS = 200_000
#: Episodes that are looked through for one that has a seed.
_EPISODES = 1000
#: Bytes of recorded observations that are compared.
_OBSERVATIONS = 64 << 20
#: Episodes of which the first says what its environment was made from.
_FIRST_EPISODES = 200
_PAGE = 10_000
_PYTHON = re.compile(r"python[0-9.]*")


class NotReplayable(Exception):  # noqa: N818 - an answer, not an error
    """An episode cannot be played again.

    Args:
        reason: Why.
        next_step: What to do about it.
    """

    def __init__(self, reason: str, next_step: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.next_step = next_step


class RecordedEpisode(NamedTuple):
    """An episode with its steps."""

    episode: EpisodeRollup
    steps: list[list[StepRecord]]
    """The rows of each step: one, or one of each agent that acted at once."""
    several: bool
    """Whether several agents act."""


def read_recorded(folder: RunFolder, episode: int) -> RecordedEpisode:
    """Return an episode with all its steps that are stored.

    Raises:
        UsageError: There is no such episode.
        NotReplayable: It is too long.
        TelemetryError: The database cannot be read.
    """
    reader = EpisodeReader(folder)
    found = reader.until(episode, limit=1)
    if not found:
        raise UsageError(
            f"run {folder.run_id} has no episode with the row id {episode}",
            where=folder.run_id,
            next_step=f"list its episodes: mosaic runs episodes {folder.run_id}",
        )
    return _with_steps(reader, found[0])


def simulation_request(folder: RunFolder, recorded: RecordedEpisode) -> tuple[str, dict[str, Any], WorkerPlan, RunPlan]:
    """Return the interpreter that plays an episode again, its request, the worker and the run.

    Raises:
        NotReplayable: Something is missing: steps, actions, a seed, an environment, the interpreter.
        TelemetryError: The database cannot be read.
        MosaicError: The run's plan cannot be read.
    """
    plan = load_plan(folder)
    worker = next((each for each in plan.workers if each.worker_id == recorded.episode.worker_id), None)
    if worker is None:
        raise NotReplayable(f"the run's plan has no worker {recorded.episode.worker_id}")
    _check_complete(folder, recorded, worker)
    python = _interpreter(worker)
    env_id, kwargs = _environment(folder, recorded, worker)
    chain = _seeded_chain(folder, recorded, worker)
    size = sum(len(row.observation or "") for each in chain for step in each.steps for row in step)
    episodes = [_episode(each, observations=size <= _OBSERVATIONS) for each in chain]
    request = {
        "env_id": env_id,
        "env_kwargs": kwargs,
        "api": _api(recorded, worker.config),
        "package": worker.argv[2].partition(".")[0] if worker.argv[1:2] == ["-m"] else "",
        "config": worker.config,
        "phase": recorded.episode.phase,
        "episodes": episodes,
    }
    return python, request, worker, plan


def _with_steps(reader: EpisodeReader, episode: EpisodeRollup, room: int = MAX_ROWS) -> RecordedEpisode:
    rows: list[StepRecord] = []
    while True:
        page = reader.steps_of(episode.id, after=rows[-1].id if rows else -1, limit=_PAGE) or []
        rows += page
        if len(rows) > room:
            raise NotReplayable(f"it has more than {MAX_ROWS:,} steps, with those of the episodes before it")
        if len(page) < _PAGE:
            break
    rows.sort(key=lambda row: (row.step_index, row.id))
    several = episode.agent_id is None and any(row.agent_id is not None for row in rows)
    steps: list[list[StepRecord]] = []
    for row in rows:
        if several and steps and steps[-1][0].step_index == row.step_index:
            steps[-1].append(row)
        else:
            steps.append([row])
    return RecordedEpisode(episode, steps, several)


def _check_complete(folder: RunFolder, recorded: RecordedEpisode, worker: WorkerPlan) -> None:
    """Raise :class:`NotReplayable` if steps or actions are missing."""
    episode, stored = recorded.episode, len(recorded.steps)
    whole = episode.steps
    again = f"record all steps next time: {_steps_option(worker)}"
    if not stored:
        rule = worker.config.get("steps")
        if folder.no_steps.exists() and _picks(rule, episode.ep_index):
            raise NotReplayable(
                "the run had used up its disk quota: since then it has recorded no steps",
                "allow more next time: limits.disk_mb in the run config",
            )
        if EpisodeReader(folder).ledger().sampled:
            why = f" (its rule: steps={rule})" if isinstance(rule, str) else ""
            raise NotReplayable(f"the steps of this episode were sampled out{why}", again)
        raise NotReplayable("the worker printed no steps of this episode", again)
    if whole is not None and stored != whole:
        if episode.extra.get("replayed_steps"):
            raise NotReplayable(
                f"its first {whole - stored:,} steps are recorded in the run that this one continues",
                "look at a later episode",
            )
        raise NotReplayable(f"only {stored:,} of its {whole:,} steps are stored", again)
    if any(row.action is None for step in recorded.steps for row in step):
        raise NotReplayable("its actions were not recorded", "have the worker emit the action with each step")


def _picks(rule: Any, ep_index: int) -> bool:
    """Return whether a worker's sampling rule records an episode; also if it cannot be read."""
    try:
        return EpisodeSampling(rule).picks(ep_index)
    except ConfigError:
        return True


def _steps_option(worker: WorkerPlan) -> str:
    own = worker.argv[1:2] == ["-m"] or "steps" in worker.config
    return "mosaic train … --set steps=all" if own else "have the program emit its steps"


def _interpreter(worker: WorkerPlan) -> str:
    program = worker.argv[0] if worker.argv else ""
    if worker.argv[1:2] != ["-m"] and not _PYTHON.fullmatch(Path(program).name):
        raise NotReplayable("the Python environment of its worker is unknown: a command started it")
    if not Path(program).exists():
        raise NotReplayable(
            f"the Python environment of worker {worker.worker_type} is not here any more: {program}",
            f"mosaic workers install {worker.worker_type}",
        )
    return program


def _environment(folder: RunFolder, recorded: RecordedEpisode, worker: WorkerPlan) -> tuple[str, dict[str, Any]]:
    """Return an environment's id and arguments, by the worker's config, else as the SDK's wrapper recorded them."""
    if worker.env_id:
        kwargs = worker.config.get("env_kwargs")
        return worker.env_id, kwargs if isinstance(kwargs, dict) else {}
    place = row_place(recorded.episode.id)
    firsts = EpisodeReader(folder).episodes(worker_no=place.worker_no, attempt=place.attempt, limit=_FIRST_EPISODES)
    firsts.sort(key=lambda each: each.phase != recorded.episode.phase)
    for each in firsts:
        named = each.extra.get("environment")
        if (
            isinstance(named, dict)
            and isinstance(named.get("env_id"), str)
            and isinstance(named.get("env_kwargs"), dict)
        ):
            if named.get("vectorized"):
                raise NotReplayable(
                    f"{named['env_id']} was stepped as one program of many environments, which share random numbers:"
                    " one of them cannot be played again by itself",
                    'make the vector with vectorization_mode="sync" or "async" next time, or record frames',
                )
            return named["env_id"], named["env_kwargs"]
    raise NotReplayable(
        "neither the run's config nor its first episodes name the environment",
        "name it as `env_id` in the worker's config, or record it with the SDK's wrapper",
    )


def _seeded_chain(folder: RunFolder, recorded: RecordedEpisode, worker: WorkerPlan) -> list[RecordedEpisode]:
    """Return the episodes to play: the wanted one, after all that the same environment played since it was seeded.

    An environment that is reset without a seed goes on with the random numbers of the episode before.
    """
    if _seed(recorded.episode) is not None:
        return [recorded]
    reader = EpisodeReader(folder)
    place = recorded.episode.extra.get("env_index")
    chain, number, room = [recorded], recorded.episode.ep_index, MAX_ROWS
    for earlier in reader.until(recorded.episode.id, limit=_EPISODES)[1:]:
        if earlier.extra.get("env_index") != place:
            continue
        if place is None and earlier.ep_index != number - 1:
            break  # one in between was abandoned, and nothing of it is known
        number = earlier.ep_index
        room -= sum(map(len, chain[-1].steps))
        each = _with_steps(reader, earlier, room)
        try:
            _check_complete(folder, each, worker)
        except NotReplayable as missing:
            raise NotReplayable(
                f"it was reset without a seed, and cannot be reached from the last seeded one: of episode"
                f" {earlier.ep_index} {missing.reason}",
                "reset each episode with a seed of its own, or record the steps of all episodes",
            ) from None
        chain.append(each)
        if _seed(earlier) is not None:
            return chain[::-1]
    raise NotReplayable(
        "no seed is recorded: neither of this episode nor of one before it in the same environment",
        "reset the environment with a seed next time; MOSAIC's workers do so",
    )


def _seed(episode: EpisodeRollup) -> int | None:
    seed = episode.extra.get("seed")
    return seed if type(seed) is int else None


def _api(recorded: RecordedEpisode, config: dict[str, Any]) -> str:
    """Return which of PettingZoo's interfaces was used, as far as the steps or the config tell."""
    if not recorded.several:
        return ""
    if any(len(step) > 1 for step in recorded.steps):
        return "parallel"
    named = [config.get(name) for name in ("api", "env_api")]
    chosen = next((each for each in named if each in ("aec", "parallel")), None)
    agents = {row.agent_id for step in recorded.steps for row in step}
    return str(chosen) if chosen else "aec" if len(agents) > 1 else "parallel"


def _episode(recorded: RecordedEpisode, *, observations: bool) -> dict[str, Any]:
    steps = [[_row(row, observations=observations) for row in step] for step in recorded.steps]
    return {"seed": _seed(recorded.episode), "steps": steps}


def _row(row: StepRecord, *, observations: bool) -> dict[str, Any]:
    values: dict[str, Any] = {
        "agent": row.agent_id or "",
        "action": json.loads(row.action or "null"),
        "reward": row.reward,
        "terminated": row.terminated,
        "truncated": row.truncated,
    }
    if observations and row.observation is not None:
        values["observation"] = json.loads(row.observation)
        if "reset_observation" in row.extra:
            values["reset_observation"] = row.extra["reset_observation"]
    return values
