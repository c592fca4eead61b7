"""A program that trains by self-play and prints, after each iteration, who plays with other weights than those learned.

One line of JSON for each iteration: its step, the league's snapshots, and ``stale``: the policies of which some process
that steps environments has other weights than the learner.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ray_worker.checkpoint import CheckpointFolder
from ray_worker.cluster import Cluster
from ray_worker.config import RayWorkerConfig
from ray_worker.numbering import SharedNumbers
from ray_worker.preflight import check_run
from ray_worker.scratch import Scratch


def main() -> None:
    config = RayWorkerConfig(run_id="players", **json.loads(sys.argv[1]))
    facts, problems = check_run(config)
    assert facts is not None
    assert not problems
    logger = logging.getLogger("players")
    with Scratch() as scratch:
        numbers = SharedNumbers.create(scratch.path / "numbers")
        with Cluster(scratch, cpus=2, object_store_mb=100, logger=logger) as cluster:
            cluster.connect("players")
            # Ray reads its environment as it is imported: not before the instance has set it.
            from ray_worker.environments import EnvPlan
            from ray_worker.training import Output, Training

            plan = EnvPlan(facts.env_id, facts.api, {}, 1, "players", None, os.devnull, str(scratch.path / "numbers"),
                           "none", observations=False)  # fmt: skip
            quiet: Any = SimpleNamespace(
                add=print_nothing, metrics=print_nothing, phase=print_nothing, checkpoint_loaded=print_nothing
            )
            output = Output(quiet, print_nothing, quiet, CheckpointFolder(Path("checkpoints"), 0), logger)
            training = Training(config, facts, plan, numbers, seed=1, scratch=scratch.path, output=output)
            training.build()
            tell(training)
            while training.step < config.total_timesteps:
                training._iterate()
                tell(training)
            training.close()


def print_nothing(*_: Any, **__: Any) -> None:
    pass


def tell(training: Any) -> None:
    algorithm = training._algorithm
    learner = algorithm.learner_group.get_state(components=["learner/rl_module"], inference_only=True)["learner"]
    learned = learner["rl_module"]
    stale = set()
    for played in algorithm.env_runner_group.foreach_env_runner(
        lambda runner: runner.get_state(components=["rl_module"], inference_only=True)["rl_module"]
    ):
        stale |= {
            name
            for name, weights in learned.items()
            if any((value != played[name][key]).any() for key, value in weights.items())
        }
    told = {"step": training.step, "snapshots": training._league.snapshots, "stale": sorted(stale)}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
