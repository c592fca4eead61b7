"""Has every worker run every awkward environment, each in a process of its own, as MOSAIC would start it.

``python 3rd_party/tests/survey.py NAME...`` runs workers that ``mosaic workers install`` has installed, writes what
happened into ``environments.json`` beside this file, and exits with 1 where something went wrong. The page
``docs/workers/environments.md`` is drawn from that file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "environments.json"
#: What a worker may do with an environment: train on it, refuse it before it is queued, or fail and say why.
TRAINS, REFUSED, FAILS, WRONG = "trains", "refused", "fails", "wrong"

ACTIONS = [
    "Discrete",
    "DiscreteStart",
    "DiscreteNegativeStart",
    "MultiDiscrete",
    "MultiDiscreteStart",
    "MultiDiscrete2D",
    "MultiBinary",
    "MultiBinary2D",
    "BoxScalar",
    "BoxPlain",
    "Box2D",
    "BoxFloat64",
    "BoxInteger",
    "BoxUnbounded",
    "BoxHalfBounded",
    "BoxHuge",
    "Dict",
    "Tuple",
    "NestedDict",
    "Text",
    "Sequence",
    "Graph",
    "OneOf",
]
OBSERVATIONS = [
    "Discrete",
    "DiscreteStart",
    "DiscreteNegativeStart",
    "MultiDiscrete",
    "MultiDiscreteStart",
    "MultiDiscrete2D",
    "MultiBinary",
    "MultiBinary2D",
    "BoxScalar",
    "Box2D",
    "BoxInteger",
    "BoxUnbounded",
    "Dict",
    "Tuple",
    "NestedDict",
    "DictOfScalar",
    "Text",
    "Sequence",
    "Graph",
    "OneOf",
]
HABITS = ["ReusedArrays", "HalfPrecisionRewards", "BothEnds", "Endless", "OneDies"]


def cases() -> dict[str, str]:
    """Return the name of each environment to the id that a config has for it."""
    return {
        **{f"actions: {name}": f"awkward_spaces:AwkwardAction{name}-v0" for name in ACTIONS},
        **{f"observations: {name}": f"awkward_spaces:AwkwardObservation{name}-v0" for name in OBSERVATIONS},
        **{f"habit: {name}": f"awkward_habits:Awkward{name}-v0" for name in HABITS},
    }


@dataclass(frozen=True)
class Attempt:
    """A short run of a worker.

    Args:
        label: What of it the table names: the algorithm.
        settings: Its config, less the environment.
    """

    label: str
    settings: dict[str, Any]


#: Fields that the reason names when an environment is refused.
_FIELDS = ("env_id", "algo")
_CLEANRL = {"num_envs": 2, "num_steps": 16, "num_minibatches": 1, "total_timesteps": 64}
_SB3 = {"total_timesteps": 64, "device": "cpu", "n_envs": 2}
_RAY = {"env_api": "gymnasium", "num_env_runners": 0, "total_timesteps": 200}
ATTEMPTS: dict[str, list[Attempt]] = {
    "random": [
        Attempt("one", {"total_steps": 64, "observations": True}),
        Attempt("two together", {"total_steps": 64, "observations": True, "num_envs": 2}),
    ],
    "cleanrl": [
        Attempt("ppo", {"algo": "ppo", **_CLEANRL}),
        Attempt("ppo_continuous_action", {"algo": "ppo_continuous_action", **_CLEANRL}),
    ],
    "sb3": [Attempt("PPO", {"algo": "PPO", "n_steps": 16, "batch_size": 8, **_SB3})],
    "ray": [Attempt("PPO", {"algo": "PPO", "train_batch_size": 100, "minibatch_size": 50, **_RAY})],
    "spade_bdi": [Attempt("q_learning", {"total_steps": 64})],
    "xuance": [
        Attempt("PPO", {"algo": "PPO", "total_timesteps": 64, "n_envs": 2, "horizon_size": 16, "n_minibatch": 1})
    ],
}
"""The runs that are tried with each worker."""


@dataclass(frozen=True)
class Outcome:
    """What a worker did with an environment, and why."""

    what: str
    why: str = ""


class Survey:
    """The runs of one worker.

    Args:
        worker: Its name.
        python: The interpreter of the environment that it is installed in.
        folder: Where its runs are kept.
    """

    def __init__(self, worker: str, python: Path, folder: Path) -> None:
        self._worker, self._python, self._folder = worker, python, folder

    def outcome(self, case: str, env_id: str) -> Outcome:
        """Try an environment with each of the worker's algorithms; what goes wrong with one is the outcome."""
        tried: list[Outcome] = []
        taken: list[str] = []
        for number, attempt in enumerate(ATTEMPTS[self._worker]):
            folder = self._folder / f"{case.replace(': ', '-')}-{number}"
            folder.mkdir(parents=True)
            found = self._try(folder, case, {**attempt.settings, "env_id": env_id})
            if found.what == WRONG:
                return Outcome(WRONG, f"{attempt.label}: {found.why}")
            tried.append(found)
            if found.what == TRAINS:
                taken.append(attempt.label)
        return Outcome(TRAINS, ", ".join(taken)) if taken else tried[0]

    def _try(self, folder: Path, case: str, settings: dict[str, Any]) -> Outcome:
        config = {"run_id": folder.name, "seed": 1, "heartbeat_interval_s": 3600, **settings}
        (folder / "config.json").write_text(json.dumps(config))
        code, events, errors = self._run(folder, "--dry-run")
        if code == 2:
            problems = events[-1].get("payload", {}).get("problems", []) if events else []
            why = "; ".join(str(problem["message"]) for problem in problems if problem["path"] in _FIELDS)
            return Outcome(REFUSED, why) if why else Outcome(WRONG, f"refused without a reason: {errors[-300:]}")
        if code != 0:
            return Outcome(WRONG, f"the dry run ended with {code}: {errors[-300:]}")
        code, events, errors = self._run(folder)
        last = events[-1] if events else {}
        if case == "habit: OneDies" and code == 1 and "died on purpose" in json.dumps(last):
            return Outcome(FAILS, "says which error the environment raised")
        if code != 0 or last.get("event") != "run_completed":
            return Outcome(WRONG, f"queued, then ended with {code}: {errors[-300:]}")
        return Outcome(WRONG, fault) if (fault := _fault(case, events)) else Outcome(TRAINS)

    def _run(self, folder: Path, *flags: str) -> tuple[int, list[dict[str, Any]], str]:
        log = folder / ("dry.jsonl" if flags else "log.jsonl")
        names = ("WORKER_ID", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR", "PYTHONUNBUFFERED", "VIRTUAL_ENV")
        environment = {name: value for name, value in os.environ.items() if name not in names}
        environment |= {
            "MOSAIC_HOME": str(self._folder / "home"),
            "MOSAIC_LOG": str(log),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")])),
            "PYTHONWARNINGS": "ignore",
        }
        command = [str(self._python), "-m", f"{self._worker}_worker.cli", "--config", "config.json", *flags]
        with (folder / f"{log.stem}.stderr").open("w+") as stream:
            code = subprocess.run(
                command, cwd=folder, env=environment, stdout=stream, stderr=stream, check=False, timeout=600
            ).returncode
            stream.seek(0)
            errors = stream.read()
        lines = log.read_text().splitlines() if log.exists() else []
        return code, [json.loads(line) for line in lines], errors


def _fault(case: str, events: Iterable[dict[str, Any]]) -> str:
    """Return what is not right in the telemetry of a run that ended well."""
    of = {kind: [event for event in events if event.get("event_type") == kind] for kind in ("step", "episode")}
    returns = [episode["total_reward"] for episode in of["episode"] if episode.get("phase", "train") == "train"]
    if case == "habit: Endless":
        return "" if not returns and of["step"] else f"episodes where there are none: {returns[:3]}"
    if not returns or set(returns) != {5.0}:
        return f"episodes are paid {sorted(set(returns))[:3]} instead of 5"
    if case == "habit: BothEnds" and not all(episode.get("terminated") for episode in of["episode"]):
        return "an episode that ended is said to be cut off"
    if any(not isinstance(step["reward"], (int, float)) for step in of["step"]):
        return "rewards are not numbers"
    return ""


def survey(worker: str, python: Path, jobs: int, only: str = "") -> dict[str, Outcome]:
    """Return what a worker does with each environment.

    Args:
        worker: Its name.
        python: The interpreter of its environment.
        jobs: Runs at the same time.
        only: A part of the names of the environments to try.
    """
    wanted = {case: env_id for case, env_id in cases().items() if only in case}
    with tempfile.TemporaryDirectory(prefix=f"survey-{worker}-") as folder, ThreadPoolExecutor(jobs) as pool:
        runs = Survey(worker, python, Path(folder))
        found = {}
        for case, outcome in zip(wanted, pool.map(runs.outcome, wanted, wanted.values()), strict=False):
            found[case] = outcome
            print(f"{worker} {case}: {outcome.what} {outcome.why}", flush=True)
    return found


def main() -> int:
    """Run workers, and write down what they did."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("workers", nargs="+", choices=sorted(ATTEMPTS), metavar="NAME")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time")
    parser.add_argument("--only", default="", help="only environments with this in their names")
    parser.add_argument("--python", type=Path, help="interpreter of the workers (default: of their own environments)")
    options = parser.parse_args()
    home = Path(os.environ.get("MOSAIC_HOME", "var")).resolve()
    wrong = 0
    for worker in options.workers:
        python = options.python or home / "envs" / worker / "current" / "bin" / "python"
        found = survey(worker, python, options.jobs, options.only)
        wrong += sum(outcome.what == WRONG for outcome in found.values())
        known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        former = known.get(worker, {}) if options.only else {}
        known[worker] = {**former, **{case: [outcome.what, outcome.why] for case, outcome in found.items()}}
        RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
