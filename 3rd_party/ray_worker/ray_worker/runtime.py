"""The work of a run: check it, then train, resume, evaluate or search."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import RayWorkerConfig
from .sdk import Cancelled, RunLifecycle, log_constant, log_constants, require_sdk

if TYPE_CHECKING:
    from .environments import EnvPlan
    from .numbering import SharedNumbers
    from .preflight import Facts
    from .pulse import Pulse
    from .signals import Signals


class RayWorkerRuntime:
    """Does the work of one run: trains, resumes, evaluates or searches.

    Args:
        config: What to do.
        dry_run: Check everything and train nothing.
        logger: Takes log records besides the telemetry.

    Raises:
        UsageError: MOSAIC's SDK is not installed.
    """

    def __init__(self, config: RayWorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None) -> None:
        require_sdk("ray")
        self.config = config
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._logger = logger or logging.getLogger(__name__)
        self._work_at_hand: Any = None
        self._scalars: Any = None
        self._run = RunLifecycle(
            config,
            "ray",
            dry_run=dry_run,
            announcement=self._announcement(),
            progress=self._vital_signs,
            write_manifest=self._write_manifest,
            heartbeat_interval_s=0,  # `Pulse` emits them
            logger=self._logger,
        )
        self._checkpoints = self._run.folder("checkpoints")
        self._tensorboard = self._run.folder("tensorboard")

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment, the algorithm or the checkpoint do not fit; every reason is listed.
        """
        with self._run as run:
            facts = self._check()
            if not run.dry_run:
                run.summary.update(self._work(facts))
            elif self.config.training or self.config.model:  # only then what RLlib knows has to be asked
                from .building import check_settings

                check_settings(self.config)
            return run.summary

    def _announcement(self) -> dict[str, Any]:
        from .presets import preset_for

        config = self.config
        said: dict[str, Any] = {"mode": config.mode, "algo": config.algo, "env_id": config.env_id}
        said["num_env_runners"] = config.num_env_runners
        if config.mode == "evaluate":
            said["eval_episodes"] = config.eval_episodes
        else:
            said["total_timesteps"] = config.total_timesteps
        if config.mode != "resume":  # then the seed is the checkpoint's
            said["seed"] = self.seed
        if config.mode in ("resume", "evaluate"):
            said["checkpoint_path"] = config.checkpoint_path
        preset = preset_for(config.algo, config.env_id) if config.preset == "auto" else None
        said["preset"] = preset.source if preset else None
        if config.mode == "tune":
            said.update(tune_space=config.tune_space, tune_samples=config.tune_samples)
        return said

    def _check(self) -> Facts:
        self._run.phase("importing gymnasium")
        from .preflight import check_run

        self._run.phase("building the environment")
        facts, problems = check_run(self.config)
        self._run.refuse(problems)
        assert facts is not None
        if self.config.mode in ("resume", "evaluate"):
            from .checkpoint import check_continuation, read_facts

            config, path = self.config, str(self.config.checkpoint_path)
            saved = read_facts(path, algo=config.algo, env_id=config.env_id)
            if config.mode == "resume":
                wanted = {"paradigm": facts.paradigm, "league_size": config.league_size}
                check_continuation(path, saved, wanted)
                self.seed = int(saved["seed"])
        return facts

    def _work(self, facts: Facts) -> dict[str, Any]:
        from .pulse import Pulse
        from .scalars import Scalars, open_tracking
        from .scratch import Scratch

        config = self.config
        if config.torch_threads:
            os.environ["OMP_NUM_THREADS"] = str(config.torch_threads)
        with (
            Pulse(self._run.emitter, config.heartbeat_interval_s, self._vital_signs) as pulse,
            Scratch() as scratch,
            contextlib.closing(
                Scalars(self._tensorboard_folder(), open_tracking(config, Path.cwd(), self._run.worker_id))
            ) as self._scalars,
        ):
            if config.mode == "evaluate":
                pulse.tell("evaluating")
                result = self._evaluate(self._plan(facts, scratch.path, "eval"), facts, str(config.checkpoint_path))
            else:
                result = self._train_interruptibly(facts, scratch, pulse)
        return {
            "mode": config.mode,
            "algo": config.algo,
            "env_id": config.env_id,
            "paradigm": facts.paradigm,
            **result,
        }

    def _train_interruptibly(self, facts: Facts, scratch: Any, pulse: Pulse) -> dict[str, Any]:
        from .signals import Signals

        with Signals() as signals:
            try:
                return self._train(facts, scratch, pulse, signals)
            except Exception as error:
                if signals.asked is None:
                    raise _with_words(error)  # noqa: B904 - it has a cause of its own
                # What a signal's handler raises inside of Ray's compiled code comes out of it as something else.
                raise Cancelled(signals.asked) from error

    def _train(self, facts: Facts, scratch: Any, pulse: Pulse, signals: Signals) -> dict[str, Any]:
        from .checkpoint import CheckpointFolder, read_facts
        from .cluster import Cluster
        from .numbering import SharedNumbers
        from .preflight import cpus_needed
        from .telemetry import Road

        config = self.config
        first = {"next_step": 0, "episode": 0}
        if config.mode == "resume":
            first = read_facts(str(config.checkpoint_path), algo=config.algo, env_id=config.env_id)
        numbers = SharedNumbers.create(
            scratch.path / "numbers.train", step=int(first["next_step"]), episode=int(first["episode"])
        )
        remote = config.num_env_runners > 0 or config.mode == "tune"
        with Road(scratch.path, remote=remote) as road:
            pulse.tell("starting Ray")
            self._run.phase("starting Ray")
            cpus, store = cpus_needed(config), config.object_store_mb
            with Cluster(scratch, cpus=cpus, object_store_mb=store, logger=self._logger) as cluster:
                self._import_libraries()
                self._run.phase("joining Ray")
                facts_of_cluster = cluster.connect(f"mosaic-{config.run_id}")
                log_constant(
                    self._logger, log_constants.LOG_WORKER_RAY_CLUSTER_STARTED, run_id=config.run_id, **facts_of_cluster
                )
                plan = self._plan(facts, scratch.path, "train", road.log)
                result = self._train_or_tune(facts, plan, numbers, scratch.path, pulse, signals)
            log_constant(self._logger, log_constants.LOG_WORKER_RAY_CLUSTER_SHUTDOWN, run_id=config.run_id)
            road.drain()
            if config.eval_at_end and config.mode != "tune":
                pulse.tell("evaluating")
                last = str(CheckpointFolder(self._checkpoints, 0).path(int(result["total_steps"])))
                result["evaluation"] = self._evaluate(self._plan(facts, scratch.path, "eval"), facts, last)
        return result

    def _train_or_tune(
        self, facts: Facts, plan: EnvPlan, numbers: SharedNumbers, scratch: Path, pulse: Pulse, signals: Signals
    ) -> dict[str, Any]:
        from .checkpoint import CheckpointFolder
        from .training import Output, Training
        from .tuning import Tuning

        config = self.config
        folder = CheckpointFolder(self._checkpoints, config.keep_checkpoints)
        output = Output(self._run.emitter, pulse.tell, self._scalars, folder, self._logger)
        if config.mode == "tune":
            self._work_at_hand = search = Tuning(config, facts, plan, seed=self.seed, scratch=scratch, output=output)
            return search.run()
        self._work_at_hand = training = Training(
            config, facts, plan, numbers, seed=self.seed, scratch=scratch, output=output
        )
        training.build()
        result = training.run(signals)
        training.close()
        return result

    def _evaluate(self, plan: EnvPlan, facts: Facts, path: str) -> dict[str, Any]:
        self._import_libraries()
        from .checkpoint import read_facts
        from .evaluation import Policies, evaluate
        from .numbering import SharedNumbers

        config = self.config
        saved = read_facts(path, algo=config.algo, env_id=config.env_id)
        policies = Policies(path, facts)
        self._run.emitter.checkpoint_loaded(
            {"path": path, "step": saved["step"]}, constant=log_constants.LOG_WORKER_RAY_CHECKPOINT_LOADED
        )
        SharedNumbers.create(Path(plan.numbers)).close()
        self._run.phase("")
        evaluation = evaluate(plan, policies, episodes=config.eval_episodes)
        if config.mode != "evaluate":
            return evaluation
        return {
            "seed": self.seed,
            "total_steps": evaluation["steps"],
            "episodes": evaluation["episodes"],
            "mean_return": evaluation["mean_return"],
            "std_return": evaluation["std_return"],
            "checkpoint_step": saved["step"],
            "evaluation": evaluation,
        }

    def _plan(self, facts: Facts, scratch: Path, phase: str, log: str | None = None) -> EnvPlan:
        from .environments import EnvPlan

        config = self.config
        return EnvPlan(
            env_id=facts.env_id,
            env_api=facts.api,
            env_kwargs=config.env_kwargs,
            seed=self.seed,
            run_id=config.run_id,
            worker_id=self._run.worker_id,
            log=log,
            numbers=str(scratch / f"numbers.{phase}"),
            steps=config.steps,
            observations=config.observations,
            phase=phase,
            render=config.render,
        )

    def _import_libraries(self) -> None:
        """Import what takes long, in the main thread."""
        self._run.phase("importing torch and Ray RLlib")
        import torch

        if self.config.torch_threads:
            torch.set_num_threads(self.config.torch_threads)
        torch.manual_seed(self.seed)
        import ray.rllib.algorithms.algorithm  # noqa: F401

    def _tensorboard_folder(self) -> Path | None:
        return self._tensorboard if self.config.tensorboard and self.config.mode != "evaluate" else None

    def _write_manifest(self) -> Path:
        from .analytics import write_analytics_manifest

        manifest = write_analytics_manifest(
            self.config,
            checkpoints_dir=self._checkpoints,
            tensorboard_dir=self._tensorboard,
            wandb=self._scalars.describe() if self._scalars else None,
            worker_id=self._run.worker_id,
            metadata={"seed": self.seed},
        )
        created = log_constants.LOG_WORKER_RAY_ANALYTICS_MANIFEST_CREATED
        log_constant(self._logger, created, run_id=self.config.run_id, path=str(manifest))
        return manifest

    def _vital_signs(self) -> dict[str, Any]:
        return self._work_at_hand.vital_signs() if self._work_at_hand is not None else {}


def _with_words(error: BaseException) -> BaseException:
    """Return the first of an error and its causes that says something: RLlib raises bare ones from an environment's."""
    while not str(error) and error.__cause__ is not None:
        error = error.__cause__
    return error


__all__ = ["RayWorkerRuntime"]
