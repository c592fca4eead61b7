"""Trains workers and draws their learning curves for the documentation: ``python docs/learning_curves.py NAME...``.

A worker that ``mosaic workers install`` has installed is trained, unless it was before with the same words: its runs
have the tag ``picture-NAME``, and are to be deleted where a worker has changed since. The values come from
``mosaic runs metrics``, and the picture is ``docs/images/NAME-learning.png``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gym_gui.analysis import plot_learning_curve
from gym_gui.reading import Line, smoothed
from gym_gui.runs import read_seeds

IMAGES = Path(__file__).parent / "images"
MOSAIC = Path(sys.executable).parent / "mosaic"
RETURN = "return of training episodes (sum of rewards)"


@dataclass(frozen=True)
class Picture:
    """What is trained, and how it is drawn.

    Args:
        title: The picture's title.
        trainings: Label of a curve, with the run's ``{seed}``, to the words after ``mosaic train``.
        series: What is drawn, by its name in ``mosaic runs metrics``.
        values: What that is, for the vertical axis.
        window: Values that a point is the mean of: the last ones up to it.
        axis: The horizontal axis: what ``mosaic runs metrics --x`` takes, and what that is.
        levels: Labels of horizontal lines, and where they are.
    """

    title: str
    trainings: dict[str, str]
    series: str = "return"
    values: str = RETURN
    window: int = 20
    axis: tuple[str, str] = ("step", "environment steps")
    levels: dict[str, float] = field(default_factory=dict)


_CARTPOLE = {"highest possible return": 500, "a random policy's mean return": 22.2}
_BABYAI = "balrog --env babyai/BabyAI-GoToLocal-v0 --seed 1 --set episodes=20 --set max_episode_steps=16"
PICTURES = {
    "cleanrl": Picture(
        "PPO on CartPole-v1: 2 seeds",
        {
            "seed {seed}": "cleanrl --algo ppo --env CartPole-v1 --steps 50000 --seeds 1-2 --set steps=none"
            " --set eval_at_end=true --set eval_episodes=20"
        },
        levels=_CARTPOLE,
    ),
    "sb3": Picture(
        "PPO of Stable-Baselines3 on CartPole-v1: 2 seeds",
        {"seed {seed}": "sb3 --algo ppo --env CartPole-v1 --steps 30000 --seeds 1-2 --set steps=none"},
        levels=_CARTPOLE,
    ),
    "ray": Picture(
        "PPO of RLlib on CartPole-v1: 2 seeds",
        {
            "seed {seed}": "ray --algo PPO --env CartPole-v1 --steps 40000 --seeds 1-2"
            " --set num_envs_per_env_runner=8 --set steps=none --set eval_at_end=true --set eval_episodes=20"
        },
        levels=_CARTPOLE,
    ),
    "spade_bdi": Picture(
        "BDI agents with Q-learning on FrozenLake-v1: 2 seeds",
        {"seed {seed}": "spade_bdi --env FrozenLake-v1 --steps 100000 --seeds 1-2 --set steps=none"},
        values="return of training episodes (1: the goal is reached)",
        window=100,
        levels={"a random policy's mean return": 0.015},
    ),
    "random": Picture(
        "Random actions on CartPole-v1: 2 seeds",
        {"seed {seed}": "random --env CartPole-v1 --steps 50000 --seeds 1-2 --set steps=none"},
        levels={"highest possible return": 500},
    ),
    "benchmarl": Picture(
        "MAPPO of BenchMARL on vmas/balance, 3 agents: 2 seeds",
        {
            "seed {seed}": "benchmarl --algo mappo --env vmas/balance --steps 150000 --seeds 1-2"
            " --set env_kwargs.n_agents=3 --set n_envs=60 --set n_minibatch_iters=15 --set minibatch_size=600"
            " --set lr=5e-4 --set 'hidden_sizes=[64, 64]' --set checkpoint_interval=0 --set steps=none"
        },
        window=100,
        levels={"a random policy's mean return": -28.2},
    ),
    "balrog": Picture(
        "Agents in BabyAI-GoToLocal-v0, episodes of at most 16 steps",
        {
            "oracle": f"{_BABYAI} --set agent=oracle",
            "random actions": f"{_BABYAI} --set agent=random",
            "SmolLM2, 135 million parameters": f"{_BABYAI} --set agent=naive --set reply_format=json_schema"
            " --set base_url=http://127.0.0.1:8080/v1 --set model=smollm2 --set timeout_s=600",
        },
        series="progression/mean",
        values="mean progression of the episodes so far\n(0: nothing, 1: all of the task)",
        window=1,
        axis=("update", "episodes"),
    ),
    "marllib": Picture(
        "MAPPO of MARLlib on mpe/simple_speaker_listener: 2 seeds",
        {
            "seed {seed}": "marllib --algo mappo --env mpe/simple_speaker_listener --steps 50000 --seeds 1-2"
            ' --set batch_episode=40 --set lr=1e-3 --set \'algo_args={"lambda": 0.95, "vf_clip_param": 10000.0}\''
            " --set checkpoint_interval=0 --set steps=none --set eval_at_end=true --set eval_episodes=100"
        },
        window=100,
        levels={"a random policy's mean return": -79.6},
    ),
    "xuance": Picture(
        "PPO of XuanCe on CartPole-v1: 2 seeds",
        {"seed {seed}": "xuance --algo PPO --env CartPole-v1 --steps 50000 --seeds 1-2 --set steps=none"},
        levels=_CARTPOLE,
    ),
    "mctx": Picture(
        "Gumbel MuZero of mctx on tic_tac_toe: 2 seeds",
        {"seed {seed}": "mctx --env tic_tac_toe --steps 60000 --seeds 1-2 --set eval_interval=4000 --set steps=none"},
        series="eval/random_mean_reward",
        values="mean reward of 20 games against random moves,\n32 simulations a move",
        window=1,
        axis=("step", "moves of self-play"),
        levels={"random moves on both sides": 0},
    ),
    "goliat": Picture(
        "The built-in study of goliat: its own messages of progress",
        {
            "6 simulations of 4 seconds": "goliat --set command=practice"
            """ --set 'study_config={"simulations": 6, "seconds": 4}'"""
        },
        series="overall_progress",
        values="overall progress (percent)",
        window=1,
        axis=("relative", "seconds since the start of the run"),
    ),
}


def mosaic(*words: str) -> Any:
    """Run the command, and return the document that it printed."""
    ended = subprocess.run([MOSAIC, *words, "--json"], check=False, stdout=subprocess.PIPE, text=True)
    if ended.returncode:
        sys.exit(f"mosaic {shlex.join(words)}: exit code {ended.returncode}")
    return json.loads(ended.stdout)


def lines_of(name: str, picture: Picture) -> Iterator[Line]:
    """Train what was not trained yet, and return the curve of each run."""
    for label, words in picture.trainings.items():
        arguments = shlex.split(words)
        seeds = read_seeds(arguments[arguments.index("--seeds") + 1]) if "--seeds" in arguments else [None]
        training = f"training-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
        query = f"tag:picture-{name} tag:{training} state:completed"
        runs = mosaic("runs", "list", "--query", query)["runs"]
        if len(runs) < len(seeds):
            mosaic("train", *arguments, "--tag", f"picture-{name}", "--tag", training)
            runs = mosaic("runs", "list", "--query", query)["runs"]
        newest = {run["seed"]: run for run in reversed(runs)} if len(seeds) > 1 else {None: runs[0]}
        for run in sorted(newest.values(), key=lambda run: run["seed"] or 0):
            words_ = ("runs", "metrics", run["run_id"], picture.series, "--x", picture.axis[0], "--points", "10000")
            lines = mosaic(*words_)["series"][0]["lines"]
            line = next(line for line in lines if not line["agent_id"])
            curve = Line(label.format(seed=run["seed"]), tuple(line["last_x"]), tuple(line["mean"]))
            mean = smoothed(curve, picture.window)
            whole = slice(picture.window - 1, None)  # without means of fewer values
            yield Line(mean.label, mean.steps[whole], mean.returns[whole])


def draw(name: str) -> Path:
    """Draw the picture of a worker."""
    picture = PICTURES[name]
    values = picture.values if picture.window == 1 else f"{picture.values},\nmean of the last {picture.window}"
    return plot_learning_curve(
        list(lines_of(name, picture)),
        IMAGES / f"{name}-learning.png",
        title=picture.title,
        returns=values,
        steps=picture.axis[1],
        levels=picture.levels,
        seeds=any("{seed}" in label for label in picture.trainings),
    )


def main() -> int:
    """Draw pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("workers", nargs="+", choices=sorted(PICTURES), metavar="NAME")
    for name in parser.parse_args().workers:
        sys.stdout.write(f"{draw(name)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
