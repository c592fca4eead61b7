"""What telemetry adds to a training loop: CartPole stepped with and without it, CPU of the worker.

``python -m benchmarks.train [--tiny] [--rounds N]`` (target T2). A controller that balances the pole plays, so that
episodes last as long as those of a trained agent; the random policy's, twenty times shorter, are in the details.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import msgspec
import numpy as np

from benchmarks import harness
from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.envs import TelemetryWrapper, wrap

Policy = Callable[[Any], int]
WIDTH = 8
"""Sub-environments of the vector."""


def balancing(observation: Any) -> int:
    """Push to the side the pole falls to."""
    return int(observation[2] + observation[3] > 0)


def chance(_observation: Any) -> int:
    """Push anywhere."""
    return random.getrandbits(1)


def bare_loop(env: Any, steps: int, policy: Policy) -> None:
    """Step as a training loop does, which keeps count of its episodes' returns anyway."""
    observation, _ = env.reset(seed=1)
    total, length, returns = 0.0, 0, []
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = env.step(policy(observation))
        total += reward
        length += 1
        if terminated or truncated:
            returns.append(total)
            total, length = 0.0, 0
            observation, _ = env.reset()


def every_step(env: Any, steps: int, policy: Policy, emitter: TelemetryEmitter) -> None:
    """The same loop, every step and episode emitted."""
    observation, _ = env.reset(seed=1)
    total, length, returns, ep_index = 0.0, 0, [], 0
    for index in range(steps):
        action = policy(observation)
        observation, reward, terminated, truncated, _ = env.step(action)
        emitter.step(index, reward=reward, ep_index=ep_index, terminated=terminated, truncated=truncated, action=action)
        total += reward
        length += 1
        if terminated or truncated:
            emitter.episode(ep_index, total_reward=total, steps=length)
            returns.append(total)
            total, length, ep_index = 0.0, 0, ep_index + 1
            observation, _ = env.reset()


def episodes_only(env: Any, steps: int, policy: Policy, emitter: TelemetryEmitter) -> None:
    """The same loop, episodes emitted."""
    observation, _ = env.reset(seed=1)
    total, length, returns, ep_index = 0.0, 0, [], 0
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = env.step(policy(observation))
        total += reward
        length += 1
        if terminated or truncated:
            emitter.episode(ep_index, total_reward=total, steps=length)
            returns.append(total)
            total, length, ep_index = 0.0, 0, ep_index + 1
            observation, _ = env.reset()


def measure(policy: Policy, steps: int, rounds: int, log: Path) -> dict[str, Any]:
    """Return microseconds a step of each arm, and its ratio to the bare loop."""
    emitter = TelemetryEmitter("01JD3ZQ0F4M3Y1M5V9S4X1T7KQ", worker_id="000001")
    env = gymnasium.make("CartPole-v1")
    wrapped = {rule: TelemetryWrapper(gymnasium.make("CartPole-v1"), emitter, steps=rule) for rule in ("all", "none")}
    arms: dict[str, Callable[[], None]] = {
        "bare": lambda: bare_loop(env, steps, policy),
        "every step": lambda: every_step(env, steps, policy, emitter),
        "episodes only": lambda: episodes_only(env, steps, policy, emitter),
        "wrapper, every step": lambda: bare_loop(wrapped["all"], steps, policy),
        "wrapper, episodes only": lambda: bare_loop(wrapped["none"], steps, policy),
    }
    samples = harness.interleave(arms, rounds)
    os.truncate(log, 0)
    return {
        name: {"us": harness.median_cpu(taken) / steps * 1e6, "ratio": harness.ratio_of(samples, name, "bare")}
        for name, taken in samples.items()
    }


def vector_loop(env: Any, steps: int) -> None:
    """Step a vector as a training loop does: actions for all at once, returns kept in arrays."""
    observations, _ = env.reset(seed=1)
    totals, returns = np.zeros(WIDTH), []
    for _ in range(steps // WIDTH):
        actions = (observations[:, 2] + observations[:, 3] > 0).astype(np.int64)
        observations, rewards, terminations, truncations, _ = env.step(actions)
        totals += rewards
        done = terminations | truncations
        if done.any():
            returns += totals[done].tolist()
            totals[done] = 0.0


def agents_loop(env: Any, steps: int) -> None:
    """Step an environment of three agents that act at once."""
    env.reset(seed=1)
    for _ in range(steps // 3):
        if not env.agents:
            env.reset()
        env.step(dict.fromkeys(env.agents, 1))


def measure_many(steps: int, rounds: int, log: Path) -> dict[str, Any]:
    """Return microseconds a step (of one sub-environment, of one agent) in vectors and with several agents."""
    from mpe2.simple_spread_v3 import parallel_env

    emitter = TelemetryEmitter("01JD3ZQ0F4M3Y1M5V9S4X1T7KQ", worker_id="000001")
    vector = gymnasium.make_vec("CartPole-v1", WIDTH, vectorization_mode="sync")
    wrapped = wrap(gymnasium.make_vec("CartPole-v1", WIDTH, vectorization_mode="sync"), emitter)
    few = max(3, steps // 10)
    agents, told = parallel_env(), wrap(parallel_env(), emitter)
    samples = harness.interleave(
        {
            "vector": lambda: vector_loop(vector, steps),
            "vector, wrapper": lambda: vector_loop(wrapped, steps),
            "agents": lambda: agents_loop(agents, few),
            "agents, wrapper": lambda: agents_loop(told, few),
        },
        rounds,
    )
    os.truncate(log, 0)
    return {
        name: {
            "us": harness.median_cpu(taken) / (steps if "vector" in name else few) * 1e6,
            "ratio": harness.ratio_of(samples, name, name.partition(",")[0]),
        }
        for name, taken in samples.items()
    }


def event_us(events: int, rounds: int, log: Path) -> dict[str, float]:
    """Return the CPU of emitting one step and one episode with nothing between them, in microseconds.

    Beside them the least that a step can cost with a system call an event: a line that stands ready is written, and a
    dict that stands ready is encoded and written.
    """
    emitter = TelemetryEmitter("01JD3ZQ0F4M3Y1M5V9S4X1T7KQ", worker_id="000001")

    def steps() -> None:
        for index in range(events):
            emitter.step(index, reward=1.0, ep_index=index // 500, terminated=False, truncated=False, action=index % 2)

    def episodes() -> None:
        for index in range(events):
            emitter.episode(index, total_reward=500.0, steps=500)

    steps()
    line = log.read_bytes().splitlines(keepends=True)[-1]
    event, encode = json.loads(line), msgspec.json.Encoder().encode
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)

    def write() -> None:
        for _ in range(events):
            os.write(descriptor, line)

    def encode_and_write() -> None:
        for _ in range(events):
            os.write(descriptor, encode(event) + b"\n")

    arms = {"step": steps, "episode": episodes, "os.write": write, "encode, os.write": encode_and_write}
    samples = harness.interleave(arms, rounds)
    os.close(descriptor)
    return {name: harness.median_cpu(taken) / events * 1e6 for name, taken in samples.items()}


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("CartPole with and without telemetry (T2).")
    # Short turns, many of them: what the machine does besides then falls on all arms alike.
    steps, rounds = (1_000, options.rounds) if options.tiny else (10_000, 3 * options.rounds)
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log.jsonl"
        log.touch()
        os.environ["MOSAIC_LOG"] = str(log)
        for name, policy in (("balancing", balancing), ("random", chance)):
            found[name] = measure(policy, steps, rounds, log)
            figures = ", ".join(f"{arm} {figure['us']:.2f} us" for arm, figure in found[name].items())
            print(f"{name} policy: {figures}")
        events = event_us(steps // 5, rounds, log)
        print(", ".join(f"{arm} {us:.2f} us" for arm, us in events.items()))
        many = found["many"] = measure_many(steps, rounds, log)
        print(", ".join(f"{arm} {figure['us']:.2f} us" for arm, figure in many.items()))
    arms = found["balancing"]
    added = arms["every step"]["us"] - arms["bare"]["us"]
    ratios = [
        harness.Ratio("T2 % added to CartPole, every step", (arms["every step"]["ratio"] - 1) * 100, 55),
        # As a difference between loops it would drown in their noise; the event itself can be measured.
        harness.Ratio(
            "T2 % added to CartPole, one event per 500 steps", events["episode"] / (500 * arms["bare"]["us"]) * 100, 1
        ),
        harness.Ratio("T2 % of a core for 5,000 steps/s, what they add to CartPole", added * 5_000 / 1e6 * 100, 1),
        harness.Ratio("T2 % of a core for 5,000 steps/s, emitted one after the other", events["step"] * 0.5, 1),
        harness.Ratio(
            "T2 CPU of emitting one after the other / of encoding a ready dict with msgspec and os.write",
            events["step"] / events["encode, os.write"],
            2,
        ),
        harness.Ratio(
            "T2 % added to CartPole, wrapper, every step", (arms["wrapper, every step"]["ratio"] - 1) * 100, 55
        ),
        harness.Ratio(
            f"T2 % added to {WIDTH} CartPoles in a vector, every step", (many["vector, wrapper"]["ratio"] - 1) * 100, 55
        ),
        harness.Ratio(
            "T2 % added to simple_spread, every step of every agent", (many["agents, wrapper"]["ratio"] - 1) * 100, 55
        ),
    ]
    harness.report(
        "train",
        ratios,
        tiny=options.tiny,
        details={"steps": steps, "rounds": rounds, "event_us": events, "policies": found},
    )


if __name__ == "__main__":
    main()
