"""A search with Ray Tune: several trials, each trial's results as telemetry, the best trial's checkpoint kept."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem

from .building import algorithm_class, build_config
from .checkpoint import library_versions, place, write_facts
from .config import TRAINING_FIELDS
from .environments import PLAN
from .results import flat_metrics, number, sampled_steps
from .sdk import log_constant, log_constants

if TYPE_CHECKING:
    from .config import RayWorkerConfig
    from .environments import EnvPlan
    from .preflight import Facts
    from .training import Output

_DRAWS = {"uniform": tune.uniform, "loguniform": tune.loguniform, "randint": tune.randint, "choice": tune.choice}


class Tuning:
    """A search.

    Args:
        config: What to do.
        facts: Of the environment.
        plan: How environments are made.
        seed: The run's seed.
        scratch: Folder for what the run's processes share.
        output: Where what happens goes.
    """

    def __init__(
        self, config: RayWorkerConfig, facts: Facts, plan: EnvPlan, *, seed: int, scratch: Path, output: Output
    ) -> None:
        self._config, self._facts, self._plan = config, facts, plan
        self._seed, self._scratch, self._output = seed, scratch, output
        self._reports = _Reports(config, output)

    def run(self) -> dict[str, Any]:
        """Run every trial.

        Returns:
            What each came to, and the best.

        Raises:
            ConfigError: The search space names settings that are none.
            MosaicError: No trial came to a result.
        """
        config, output = self._config, self._output
        space = self._space()
        log_constant(
            output.logger,
            log_constants.LOG_WORKER_RAY_TUNE_STARTED,
            run_id=config.run_id,
            space=config.tune_space,
            samples=config.tune_samples,
        )
        output.tell("searching")
        output.emitter.phase("")
        tuner = tune.Tuner(
            algorithm_class(config.algo),
            param_space=space,
            tune_config=tune.TuneConfig(
                num_samples=config.tune_samples,
                max_concurrent_trials=config.tune_concurrent,
                search_alg=tune.search.BasicVariantGenerator(
                    max_concurrent=config.tune_concurrent, random_state=self._seed % 2**31
                ),
                reuse_actors=False,
            ),
            run_config=tune.RunConfig(
                name="search",
                storage_path=str(self._scratch / "tune"),
                stop=lambda _trial, result: sampled_steps(result) >= config.total_timesteps,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=True, num_to_keep=1),
                callbacks=[self._reports],
                verbose=0,
            ),
        )
        grid = tuner.fit()
        output.tell("ending")
        trials = self._reports.summary()
        log_constant(
            output.logger, log_constants.LOG_WORKER_RAY_TUNE_COMPLETED, run_id=config.run_id, trials=len(trials)
        )
        best = self._best(grid, trials)
        return {
            "seed": self._seed,
            "total_steps": sum(trial["step"] for trial in trials.values()),
            "trials": trials,
            "best_trial": best,
            "mean_return_100": trials[best]["return"],
            "metric": config.tune_metric,
        }

    def vital_signs(self) -> dict[str, Any]:
        """Return how far it came."""
        trials = self._reports.summary()
        return {"trials": len(trials), "step": sum(trial["step"] for trial in trials.values())}

    def _space(self) -> dict[str, Any]:
        drawn = search_space(self._config.tune_space)
        made = build_config(self._config, self._facts, self._plan, seed=self._seed, league=self._scratch / "league")
        problems = [
            Problem(f"tune_space.{name}", "is not an argument of RLlib", value=self._config.tune_space[name])
            for name in drawn
            if not hasattr(made, TRAINING_FIELDS.get(name, name))
        ]
        if problems:
            raise ConfigError("The run cannot start.", problems)
        space: dict[str, Any] = made.to_dict()
        for name, values in drawn.items():
            space[TRAINING_FIELDS.get(name, name)] = values
        numbers = itertools.count()
        # Every process of a trial is told the trial's name by its environments' settings.
        own = {**space["env_config"][PLAN], "trial": tune.sample_from(lambda _spec: f"t{next(numbers):03d}")}
        space["env_config"] = {PLAN: own}
        space["callbacks"] = made.callbacks_class
        return space

    def _best(self, grid: Any, trials: dict[str, dict[str, Any]]) -> str:
        config = self._config
        if grid.num_errors == len(grid) or not trials:
            raise MosaicError(
                "No trial of the search came to a result.",
                why=str(grid.errors[0]).strip().splitlines()[-1] if grid.errors else "",
                next_step="Run one of them by itself: mode=train with its settings.",
            )
        best = grid.get_best_result(metric=config.tune_metric, mode=config.tune_mode, filter_nan_and_inf=True)
        name = str(best.config["env_config"][PLAN]["trial"])
        if best.checkpoint is not None:
            self._keep(Path(best.checkpoint.path), name, trials[name])
        return name

    def _keep(self, source: Path, name: str, trial: dict[str, Any]) -> None:
        """Copy the best trial's checkpoint to where a run's checkpoints lie."""
        config, output = self._config, self._output
        path = output.folder.path(int(trial["step"]))
        unfinished = path.with_name(f".{path.name}.tmp")
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, unfinished, dirs_exist_ok=True)
        facts = {
            "algorithm": config.algo,
            "env_id": config.env_id,
            "env_api": self._facts.api,
            "env_kwargs": config.env_kwargs,
            "paradigm": self._facts.paradigm,
            "step": int(trial["step"]),
            "next_step": 0,
            "episode": 0,
            "seed": self._seed,
            "run_id": config.run_id,
            "trial": name,
            "settings": trial["settings"],
        }
        write_facts(unfinished, facts)
        place(unfinished, path)
        output.folder.saved(path)
        payload = {"path": str(path), "step": int(trial["step"]), "trial": name, "settings": trial["settings"]}
        payload |= {"algorithm": config.algo, "env_id": config.env_id, "libraries": library_versions()}
        output.emitter.checkpoint_saved(payload, constant=log_constants.LOG_WORKER_RAY_CHECKPOINT_SAVED)


_in_use: dict[str, _Reports] = {}


class _Reports(tune.Callback):
    """Turns each trial's results into metrics, in the worker's process."""

    def __init__(self, config: RayWorkerConfig, output: Output) -> None:
        self._config, self._output = config, output
        self._trials: dict[str, dict[str, Any]] = {}
        _in_use[config.run_id] = self

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Tune writes its state down now and then; what reads it in this process finds this object again."""
        return _in_use.get, (self._config.run_id,)

    def on_trial_result(self, *_: Any, trial: Any, result: Any, **__: Any) -> None:
        """Emit what a trial reports."""
        name = trial_name(trial.config)
        record = self._trials.setdefault(
            name, {"settings": drawn_settings(self._config.tune_space, trial.config), "step": 0, "return": None}
        )
        metrics = flat_metrics(result)
        record["step"] = max(record["step"], sampled_steps(result))
        record["return"] = metrics.get("env_runners/episode_return_mean", record["return"])
        record["value"] = metrics.get(self._config.tune_metric, record.get("value"))
        values = {f"{name}/{key}": value for key, value in metrics.items()}
        self._output.emitter.metrics(record["step"], values, trial=name, settings=record["settings"])
        self._output.scalars.add(record["step"], metrics, part=name)

    def on_trial_error(self, *_: Any, trial: Any, **__: Any) -> None:
        """Take note of a trial that failed."""
        record = self._trials.setdefault(trial_name(trial.config), {"settings": {}, "step": 0, "return": None})
        record["error"] = str(trial.get_error() or "failed").strip().splitlines()[-1]

    def summary(self) -> dict[str, dict[str, Any]]:
        """Return what each trial came to, by its name."""
        return {name: dict(self._trials[name]) for name in sorted(self._trials)}


def trial_name(trial_config: Any) -> str:
    """Return a trial's name: ``t000``, ``t001``, …"""
    return str(trial_config["env_config"][PLAN]["trial"])


def drawn_settings(space: dict[str, Any], trial_config: Any) -> dict[str, Any]:
    """Return what was drawn for a trial, by the names of the run's config."""
    values = {name: trial_config.get(TRAINING_FIELDS.get(name, name)) for name in space}
    return {name: value if (plain := number(value)) is None else plain for name, value in values.items()}


def search_space(space: dict[str, Any]) -> dict[str, Any]:
    """Return Tune's own search space.

    Args:
        space: Setting to a list (a grid), to ``{"uniform": [low, high]}`` and the like, or to one value.

    Raises:
        ConfigError: A setting cannot be drawn so.
    """
    drawn, problems = {}, []
    for name, values in space.items():
        if isinstance(values, list):
            drawn[name] = tune.grid_search(values)
        elif isinstance(values, dict):
            try:
                ((kind, arguments),) = values.items()
                drawn[name] = _DRAWS[kind](arguments) if kind == "choice" else _DRAWS[kind](*arguments)
            except (KeyError, TypeError, ValueError):
                allowed = f"a list, or one of {', '.join(_DRAWS)} with its arguments"
                problems.append(Problem(f"tune_space.{name}", "cannot be drawn from", value=values, allowed=allowed))
        else:
            drawn[name] = values
    if problems:
        raise ConfigError("The run cannot start.", problems)
    return drawn


__all__ = ["Tuning", "drawn_settings", "search_space", "trial_name"]
