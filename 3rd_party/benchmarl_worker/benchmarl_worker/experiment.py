"""BenchMARL's experiment of a run: its config, and the moments at which the worker does something beside it."""

from __future__ import annotations

import dataclasses
import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarl.algorithms import algorithm_config_registry
from benchmarl.environments import task_config_registry
from benchmarl.experiment import Callback, Experiment, ExperimentConfig
from benchmarl.models.mlp import MlpConfig

from .config import BenchmarlWorkerConfig

#: Settings of ``ExperimentConfig`` that follow from fields of the run's config, by the field.
DECIDED = {
    "sampling_device": "device", "train_device": "device", "buffer_device": "device", "gamma": "gamma", "lr": "lr",
    "share_policy_params": "share_policy_params", "prefer_continuous_actions": "prefer_continuous_actions",
    "max_n_frames": "total_timesteps", "max_n_iters": "total_timesteps",
    "on_policy_collected_frames_per_batch": "frames_per_batch", "on_policy_n_envs_per_worker": "n_envs",
    "on_policy_n_minibatch_iters": "n_minibatch_iters", "on_policy_minibatch_size": "minibatch_size",
    "off_policy_collected_frames_per_batch": "frames_per_batch", "off_policy_n_envs_per_worker": "n_envs",
    "off_policy_n_optimizer_steps": "n_optimizer_steps", "off_policy_train_batch_size": "train_batch_size",
    "off_policy_memory_size": "memory_size", "off_policy_init_random_frames": "init_random_frames",
    "evaluation": "eval_at_end", "render": "eval_at_end", "evaluation_interval": "eval_at_end",
    "evaluation_episodes": "eval_episodes", "evaluation_deterministic_actions": "eval_deterministic",
    "evaluation_static": "eval_at_end", "loggers": "tensorboard", "project_name": "wandb_project",
    "wandb_extra_kwargs": "wandb", "create_json": "tensorboard", "save_folder": "checkpoint_path",
    "restore_file": "checkpoint_path", "restore_map_location": "device", "checkpoint_interval": "checkpoint_interval",
    "checkpoint_at_end": "checkpoint_interval", "keep_checkpoints_num": "keep_checkpoints",
    "exclude_buffer_from_checkpoint": "save_replay_buffer",
}  # fmt: skip
_NAMED = ("n_minibatch_iters", "minibatch_size", "n_optimizer_steps", "train_batch_size", "memory_size",
          "init_random_frames")  # fmt: skip


class RunExperiment(Experiment):
    """BenchMARL's experiment, without files of its own.

    Args:
        at_iteration_end: Called when an iteration is whole: its updates are done.
        folder: For the files that BenchMARL writes in any case.
        options: What ``Experiment`` takes.
    """

    env_func: Any

    def __init__(self, at_iteration_end: Callable[[], None], **options: Any) -> None:
        self._at_iteration_end = at_iteration_end
        super().__init__(**options)
        self.config.checkpoint_interval = 1  # every iteration, wherever a resumed training began

    def _setup_task(self) -> None:
        super()._setup_task()
        if not self.test_env.batch_size:
            make = self.env_func
            self.env_func = lambda: self._seeded(make())

    def _seeded(self, environments: Any) -> Any:
        # BenchMARL gives them all the same seed: they would play the same episodes side by side.
        environments.set_seed(self.seed)
        return environments

    def _save_experiment(self) -> None:
        self._at_iteration_end()

    def begin_at(self, step: int) -> None:
        """Continue at a step, with the iterations that are left from there.

        Args:
            step: Environment steps taken before.
        """
        settings, frames = self.config, self.config.collected_frames_per_batch(self.on_policy)
        left = max(0, -(-(settings.max_n_frames - step) // frames))
        self.total_frames, self.n_iters_performed = step, settings.get_max_n_iters(self.on_policy) - left


class _Watch(Callback):  # type: ignore[misc]
    def __init__(
        self,
        on_batch: Callable[[Any], None],
        on_update: Callable[[], None],
        on_rollouts: Callable[[list[Any]], None],
    ) -> None:
        super().__init__()
        self._on_batch, self._on_update, self._on_rollouts = on_batch, on_update, on_rollouts

    def on_batch_collected(self, batch: Any) -> None:
        self._on_batch(batch)

    def on_train_step(self, _batch: Any, _group: str) -> None:
        self._on_update()

    def on_evaluation_end(self, rollouts: list[Any]) -> None:
        self._on_rollouts(rollouts)

    def __reduce__(self) -> Any:  # BenchMARL pickles its callbacks into a file that is not used here
        return (Callback, ())


def make_task(config: BenchmarlWorkerConfig) -> Any:
    """Return BenchMARL's task with the settings of the run's config."""
    if config.env_id.startswith("pettingzoo/"):
        # MPE left PettingZoo; TorchRL still imports it from there, for the other tasks too.
        sys.modules.setdefault("pettingzoo.mpe", importlib.import_module("mpe2"))
    task = task_config_registry[config.env_id].get_from_yaml()
    task.config.update(config.env_kwargs)
    return task


def make_settings(config: BenchmarlWorkerConfig, *, buffer: bool) -> ExperimentConfig:
    """Return BenchMARL's ``ExperimentConfig`` of a run.

    Args:
        config: A config without faults.
        buffer: Whether checkpoints have the replay buffer.
    """
    made = ExperimentConfig.get_from_yaml()
    for name, value in config.experiment.items():
        setattr(made, name, value)
    prefix = "on_policy" if config.on_policy else "off_policy"
    n_envs = config.n_envs or getattr(made, f"{prefix}_n_envs_per_worker")
    frames = config.frames_per_batch or min(
        getattr(made, f"{prefix}_collected_frames_per_batch"), max(config.total_timesteps, n_envs)
    )
    frames = -(-frames // n_envs) * n_envs
    setattr(made, f"{prefix}_n_envs_per_worker", n_envs)
    setattr(made, f"{prefix}_collected_frames_per_batch", frames)
    for name in _NAMED:
        value = getattr(config, name)
        if value is not None and hasattr(made, f"{prefix}_{name}"):
            setattr(made, f"{prefix}_{name}", value)
    made.on_policy_minibatch_size = min(made.on_policy_minibatch_size, frames)
    for name in ("lr", "gamma"):
        if getattr(config, name) is not None:
            setattr(made, name, getattr(config, name))
    made.sampling_device = made.train_device = made.buffer_device = config.device
    made.share_policy_params = config.share_policy_params
    made.prefer_continuous_actions = config.prefer_continuous_actions
    made.max_n_frames, made.max_n_iters = max(config.total_timesteps, frames), None
    made.evaluation, made.render, made.evaluation_static = False, False, False
    made.evaluation_interval = frames
    made.evaluation_episodes = config.eval_episodes
    made.evaluation_deterministic_actions = config.eval_deterministic
    made.loggers, made.create_json = [], False
    made.save_folder, made.restore_file = None, None
    made.checkpoint_interval, made.checkpoint_at_end, made.keep_checkpoints_num = frames, False, None
    made.exclude_buffer_from_checkpoint = not buffer
    return made


def make_experiment(
    config: BenchmarlWorkerConfig,
    *,
    seed: int,
    at_iteration_end: Callable[[], None],
    on_batch: Callable[[Any], None],
    on_update: Callable[[], None],
    on_rollouts: Callable[[list[Any]], None],
) -> RunExperiment:
    """Make the experiment of a run.

    Args:
        config: A config without faults.
        seed: Of everything random in it.
        at_iteration_end: Called after every iteration.
        on_batch: Takes every batch of steps.
        on_update: Called after every gradient step.
        on_rollouts: Takes the episodes of an evaluation.
    """
    algorithm = algorithm_config_registry[config.algo].get_from_yaml()
    for name, value in config.algorithm.items():
        setattr(algorithm, name, value)
    model = MlpConfig.get_from_yaml()
    for name, value in config.model.items():
        setattr(model, name, value)
    if config.hidden_sizes is not None:
        model.num_cells = list(config.hidden_sizes)
    settings = make_settings(config, buffer=config.save_replay_buffer and not config.on_policy)
    with tempfile.TemporaryDirectory(prefix="benchmarl-") as folder:
        settings.save_folder = str(Path(folder))
        return RunExperiment(
            at_iteration_end,
            task=make_task(config),
            algorithm_config=algorithm,
            model_config=model,
            seed=seed,
            config=settings,
            callbacks=[_Watch(on_batch, on_update, on_rollouts)],
        )


def field_names(kind: Any) -> list[str]:
    """Return the names of a dataclass's fields."""
    return [entry.name for entry in dataclasses.fields(kind)]
