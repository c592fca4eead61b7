"""The random worker against a bare loop: CPU of stepping CartPole and emitting every step.

``python -m benchmarks.random_worker [--steps N] [--repeats R]`` prints the ratio last and writes
``benchmarks/results/random_worker.json``. Target: at most 1.5.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import gymnasium
import numpy as np

from gym_gui.core.worker import TelemetryEmitter
from random_worker.config import RandomWorkerConfig
from random_worker.play import play

RESULT = Path(__file__).parent / "results" / "random_worker.json"


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


def cpu_us(arm: Callable[[TelemetryEmitter, int], None], steps: int, log: Path) -> float:
    """Return the CPU of an arm in microseconds a step."""
    with log.open("w", encoding="utf-8") as sink:
        emitter = TelemetryEmitter("bench", worker_id="000001", sink=sink)
        started = time.process_time()
        arm(emitter, steps)
        return (time.process_time() - started) / steps * 1e6


def main() -> None:
    """Measure both arms in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--repeats", "--rounds", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="a small size: only to see that it works")
    arguments = parser.parse_args()
    if arguments.tiny:
        arguments.steps = 1_000
    taken: dict[str, list[float]] = {"bare": [], "worker": []}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        for _ in range(arguments.repeats):
            taken["bare"].append(cpu_us(bare_loop, arguments.steps, log))
            taken["worker"].append(cpu_us(worker, arguments.steps, log))
    medians = {name: statistics.median(values) for name, values in taken.items()}
    ratio = statistics.median(w / b for b, w in zip(taken["bare"], taken["worker"], strict=True))
    result = {"steps": arguments.steps, "python": platform.python_version(), "cpu_us_per_step": taken, "ratio": ratio}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(f"bare loop      {medians['bare']:6.2f} CPU us/step")
    print(f"random worker  {medians['worker']:6.2f} CPU us/step")
    print(f"ratio          {ratio:6.2f} (target: at most 1.50)")


if __name__ == "__main__":
    main()
