"""The random worker against a bare loop: CPU of stepping CartPole and emitting every step.

``python -m benchmarks.random_worker [--tiny] [--rounds N]``; at most 1.5 times, since other benchmarks load with it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import gymnasium
import numpy as np

from benchmarks import harness
from gym_gui.core.worker import TelemetryEmitter
from random_worker.config import RandomWorkerConfig
from random_worker.play import play


def bare_loop(emitter: TelemetryEmitter, steps: int) -> None:
    """Step CartPole and emit, with nothing else around it; the actions are drawn beforehand."""
    env = gymnasium.make("CartPole-v1")
    actions = np.random.default_rng(1).integers(0, 2, steps).tolist()
    env.reset(seed=1)
    episode, total, length = 0, 0.0, 0
    for index, action in enumerate(actions):
        _, reward, terminated, truncated, _ = env.step(action)
        emitter.step(index, reward=reward, ep_index=episode, terminated=terminated, truncated=truncated, action=action)
        total += reward
        length += 1
        if terminated or truncated:
            emitter.episode(episode, total_reward=total, steps=length, terminated=terminated, truncated=truncated)
            env.reset()
            episode, total, length = episode + 1, 0.0, 0
    env.close()


def worker(emitter: TelemetryEmitter, steps: int) -> None:
    """Do what the worker's process does after its start."""
    play(RandomWorkerConfig(run_id="bench", seed=1, total_steps=steps), 1, emitter, lambda _: None)


def main() -> None:
    """Measure both arms in turn, and print the ratio last."""
    options = harness.arguments("The random worker against a bare loop that emits the same.")
    steps = 1_000 if options.tiny else 100_000
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"

        def emptied(arm: Callable[[TelemetryEmitter, int], None]) -> Callable[[], None]:
            def run() -> None:
                with log.open("w", encoding="utf-8") as sink:
                    arm(TelemetryEmitter("bench", worker_id="000001", sink=sink), steps)

            return run

        samples = harness.interleave({"bare": emptied(bare_loop), "worker": emptied(worker)}, options.rounds)
    for name, taken in samples.items():
        print(f"{name}: {harness.median_cpu(taken) / steps * 1e6:.2f} us CPU a step")
    ratio = harness.Ratio(
        "CPU of the random worker / a bare loop that emits the same", harness.ratio_of(samples, "worker", "bare"), 1.5
    )
    harness.report("random_worker", [ratio], tiny=options.tiny, details={"steps": steps, "samples": samples})


if __name__ == "__main__":
    main()
