"""A training or an evaluation, with the library loaded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from .checkpoint import SHARED, Checkpoint, CheckpointFolder, library_versions, save_checkpoint
from .config import MctxWorkerConfig
from .evaluation import Evaluator
from .learning import make_optimizer, make_update
from .network import make_network
from .recorder import Recorder, sampling_period
from .scalars import Scalars
from .sdk import HeldSignals, MosaicError, log_constants
from .search import make_search
from .selfplay import begin_games, make_selfplay

#: Seconds that a signal waits for the end of an iteration: a supervisor kills 30 s after its SIGTERM.
_PATIENCE_S = 12.0


class Job:
    """One training or evaluation.

    Args:
        config: The run's config.
        seed: The run's seed.
        run: Its lifecycle: phases and telemetry.
        game: The game.
        checkpoints: Folder of checkpoints.
        scalars: TensorBoard and Weights & Biases.

    Raises:
        ConfigError: A checkpoint does not fit.
    """

    def __init__(
        self, config: MctxWorkerConfig, seed: int, run: Any, game: Any, checkpoints: Path, scalars: Scalars
    ) -> None:
        self._config, self._run, self._emitter, self._scalars = config, run, run.emitter, scalars
        self._game = game
        self._folder = CheckpointFolder(checkpoints, config.keep_checkpoints)
        self._start = self._load(config.checkpoint_path, "checkpoint_path") if config.mode != "train" else None
        resumed = self._start if config.mode == "resume" else None
        self.seed: int = resumed.record["seed"] if resumed else seed
        self._network = make_network(game.num_actions, channels=config.num_channels, blocks=config.num_blocks)
        self._optimizer = make_optimizer(config)
        key, init_key = jax.random.split(jax.random.PRNGKey(self.seed))
        shape = jax.eval_shape(lambda: begin_games(game, key, 1)).observation.shape

        def begin(some_key: Any) -> tuple[Any, Any]:
            params = self._network.init(some_key, jax.numpy.zeros(shape))
            return params, self._optimizer.init(params)

        self._params, self._optimizer_state = jax.jit(begin)(init_key)  # in one piece: op by op takes a minute
        self._first_params = self._params
        if self._start is not None:
            self._params = self._start.restore("params", self._params)
            self._first_params = self._start.restore("frozen", self._first_params)
        self._frozen = self._first_params
        if config.opponent_checkpoint:
            opponent = self._load(config.opponent_checkpoint, "opponent_checkpoint")
            self._frozen = opponent.restore("params", self._frozen)
        self._key = key
        if resumed:
            self._optimizer_state = resumed.restore("optimizer", self._optimizer_state)
            self._key = resumed.restore("key", self._key)
        record = resumed.record if resumed else {}
        self.step: int = record.get("step", 0)
        self._first_step = self.step
        self._updates: int = record.get("updates", 0)
        self._saved_at = self.step if resumed else -1
        self._recorder = Recorder(
            run.emitter,
            config.steps,
            config.num_envs,
            first_step=self.step,
            first_episode=record.get("next_episode", 0),
        )
        search = make_search(config, game, self._network, simulations=config.eval_simulations, explore=False)
        self._evaluator = Evaluator(
            game,
            search,
            config.eval_episodes,
            lambda *what: self._compile("evaluation", *what),
            opening=config.eval_opening,
        )
        self._began = time.perf_counter()
        self._compile_s = 0.0

    # -- work --------------------------------------------------------------------------------------------------------

    def train(self) -> dict[str, Any]:
        """Train, and evaluate the result if the config says so.

        Returns:
            A JSON-ready summary.
        """
        config = self._config
        try:
            if self.step < config.total_steps:
                self._learn()
            with HeldSignals():
                self._save()
        finally:
            self._recorder.close()
        result: dict[str, Any] = {
            "seed": self.seed,
            "total_steps": self.step,
            "episodes": self._recorder.episodes,
            "updates": self._updates,
            "steps_per_second": round(self.speed(), 1),
            "compile_seconds": round(self._compile_s, 1),
        }
        if config.eval_at_end:
            result["evaluation"] = self._evaluate()
        return result

    def evaluate(self) -> dict[str, Any]:
        """Play the network of the config's checkpoint.

        Returns:
            A JSON-ready summary.
        """
        assert self._start is not None
        evaluation = self._evaluate()
        first = evaluation[self._config.opponents[0]]
        return {
            "seed": self.seed,
            "total_steps": sum(part["steps"] for part in evaluation.values()),
            "episodes": sum(part["episodes"] for part in evaluation.values()),
            "mean_return": first["mean_return"],
            "std_return": first["std_return"],
            "checkpoint_step": self._start.record["step"],
            "evaluation": evaluation,
        }

    def announce_start(self) -> None:
        """Report the checkpoint that the work begins with, if there is one, and versions that differ."""
        if self._start is None:
            return
        record = {
            "path": str(self._start.path),
            "step": self._start.record["step"],
            "algorithm": self._config.algo,
            "libraries": self._start.record["libraries"],
            "seed": self.seed,
        }
        if self._start.other_versions():
            record["other_versions"] = self._start.other_versions()
        self._emitter.checkpoint_loaded(record, constant=log_constants.LOG_WORKER_MCTX_CHECKPOINT_LOADED)

    def speed(self) -> float:
        """Return moves per second of this process, without the time of compiling."""
        seconds = time.perf_counter() - self._began - self._compile_s
        return (self.step - self._first_step) / seconds if seconds > 0 else 0.0

    def vital_signs(self) -> dict[str, Any]:
        """Return the payload of a heartbeat."""
        if self._config.mode == "evaluate":
            return {"state": "evaluating"}
        progress = min(1.0, self.step / self._config.total_steps)
        return {"step": self.step, "steps_per_second": round(self.speed(), 1), "progress": round(progress, 4)}

    # -- training ----------------------------------------------------------------------------------------------------

    def _learn(self) -> None:
        config = self._config
        self._key, begin_key = jax.random.split(self._key)
        states = jax.jit(lambda key: begin_games(self._game, key, config.num_envs))(begin_key)
        search = make_search(config, self._game, self._network, simulations=config.num_simulations, explore=True)
        play = make_selfplay(
            self._game,
            search,
            games=config.num_envs,
            moves=config.rollout_steps,
            random_moves=config.random_moves,
        )
        moves = jax.eval_shape(play, self._params, states, self._key)[1]
        play = self._compile("self-play", play, self._params, states, self._key)
        update = make_update(config, self._network, self._optimizer)
        update = self._compile("learning", update, self._params, self._optimizer_state, moves, states, self._key)
        if config.eval_interval:  # now: a signal that comes meanwhile need not wait
            for name in config.opponents:
                self._evaluator.prepare(self._params, self._frozen if name == "frozen" else None)
        self._began = time.perf_counter() - self._compile_s
        with HeldSignals(_PATIENCE_S) as signals:
            evaluated_at = self.step
            while self.step < config.total_steps:
                self._key, play_key, update_key = jax.random.split(self._key, 3)
                states, moves = play(self._params, states, play_key)
                learned = update(self._params, self._optimizer_state, moves, states, update_key)
                self._wait_for(learned, signals)
                self._params, self._optimizer_state, losses = learned
                self._recorder.add(moves)
                self.step, self._updates = self._recorder.next_step, self._updates + 1
                self._measure(losses, last=self.step >= config.total_steps)
                if config.eval_interval and self.step - evaluated_at >= config.eval_interval:
                    evaluated_at = self.step
                    self._plot_evaluation(signals)
                if config.checkpoint_interval and self.step - max(self._saved_at, 0) >= config.checkpoint_interval:
                    self._save()
                self._stop_if_asked(signals)

    def _wait_for(self, arrays: Any, signals: HeldSignals) -> None:
        """Wait until arrays are computed; if a signal has waited for long, end with what the last update learned."""
        pause = 0.001
        while not all(leaf.is_ready() for leaf in jax.tree.leaves(arrays)):
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
            if signals.is_late:
                self._stop_if_asked(signals)

    def _stop_if_asked(self, signals: HeldSignals) -> None:
        """Save a checkpoint and end, if a signal waits."""
        if signals.pending:
            self._save()
            signals.deliver()

    def _compile(self, what: str, function: Any, *arguments: Any) -> Any:
        """Compile a function ahead of its first call, which would look like a hang."""
        self._run.phase(f"compiling {what} of {self._config.env_id}")
        began = time.perf_counter()
        compiled = jax.jit(function).lower(*arguments).compile()
        self._compile_s += time.perf_counter() - began
        self._run.phase("")
        return compiled

    def _measure(self, losses: dict[str, Any], *, last: bool) -> None:
        values = {f"losses/{name}": float(value) for name, value in losses.items()}
        if not all(np.isfinite(value) for value in values.values()):
            raise MosaicError(
                "The losses are no longer finite.",
                where=f"step {self.step}",
                why=", ".join(f"{name} {value}" for name, value in values.items()),
                next_step="Lower learning_rate, or resume from an earlier checkpoint.",
            )
        if self._updates % self._config.metrics_interval and not last:
            return
        values["charts/SPS"] = round(self.speed(), 1)
        values["time/compile_s"] = round(self._compile_s, 2)
        if self._recorder.lengths:
            values["selfplay/mean_length_100"] = float(np.mean(self._recorder.lengths))
            values["selfplay/first_mover_reward_100"] = float(np.mean(self._recorder.first_mover_rewards))
        self._plot(values)

    def _plot(self, values: dict[str, float]) -> None:
        self._emitter.metrics(self.step, values)
        self._scalars.add(self.step, values)

    def _plot_evaluation(self, signals: HeldSignals) -> None:
        values = {}
        for name in self._config.opponents:
            self._key, key = jax.random.split(self._key)
            opponent = self._frozen if name == "frozen" else None
            found = self._evaluator.play(self._params, opponent, key, lambda: self._stop_if_asked(signals))
            values[f"eval/{name}_mean_reward"] = found["mean_return"]
        self._plot(values)

    def _evaluate(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        episode = step = 0
        period = sampling_period(self._config.steps)
        with HeldSignals() as signals:
            for number, name in enumerate(self._config.opponents):
                found[name] = self._evaluator.play(
                    self._params,
                    self._frozen if name == "frozen" else None,
                    jax.random.PRNGKey(self.seed + 1 + number),
                    lambda: signals.deliver() if signals.pending else None,
                    self._emitter,
                    name=name,
                    first_episode=episode,
                    first_step=step,
                    emits_steps=lambda i: bool(period) and i % period == 0 and self._emitter.allows_steps(),
                )
                episode += found[name]["episodes"]
                step += found[name]["steps"]
        return found

    # -- checkpoints -------------------------------------------------------------------------------------------------

    def _load(self, path: str | None, field: str) -> Checkpoint:
        checkpoint = Checkpoint(Path(str(path)), field)
        wanted = {name: getattr(self._config, name) for name in SHARED}
        if field == "opponent_checkpoint":
            del wanted["algo"]  # an opponent may have been trained with the other search
        checkpoint.check(wanted)
        return checkpoint

    def _save(self) -> None:
        """Save a checkpoint, unless this step's is saved already."""
        if self._saved_at == self.step:
            return
        config, path = self._config, self._folder.path(self.step)
        trees = {
            "params": self._params,
            "frozen": self._first_params,
            "optimizer": self._optimizer_state,
            "key": self._key,
        }
        record = {
            "step": self.step,
            "updates": self._updates,
            "next_episode": self._recorder.next_episode,
            "seed": self.seed,
            "run_id": config.run_id,
            "algorithm": config.algo,
            "env_id": config.env_id,
            "config": config.to_dict(),
        }
        save_checkpoint(path, trees, record)
        self._saved_at = self.step
        self._folder.added(path)
        self._emitter.checkpoint_saved(
            {
                "path": str(path),
                "step": self.step,
                "algorithm": config.algo,
                "env_id": config.env_id,
                "libraries": library_versions(),
            },
            constant=log_constants.LOG_WORKER_MCTX_CHECKPOINT_SAVED,
        )
