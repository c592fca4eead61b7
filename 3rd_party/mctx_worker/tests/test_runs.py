"""What a run of the worker emits and leaves behind."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest

from mctx_worker.sdk import ConfigError

pytestmark = pytest.mark.library


def test_a_training(worker: Any) -> None:
    ran = worker(eval_at_end=True, eval_interval=96)
    assert ran.lifecycle() == ["run_started", "checkpoint_saved", "run_completed"]
    steps = ran.data("step")
    assert [step["step_index"] for step in steps] == list(range(192))
    assert ran.summary["total_steps"] == 192
    games = ran.data("episode")
    assert ran.summary["episodes"] == len(games) > 0
    for game in games:
        own = [step for step in steps if step["ep_index"] == game["ep_index"]]
        assert game["steps"] == len(own)
        assert [step["terminated"] for step in own] == [False] * (len(own) - 1) + [True]
        assert len({step["action"] for step in own}) == len(own)  # no field is taken twice: all moves are legal
        assert game["total_reward"] == sum(game["agent_rewards"].values()) == 0.0
        players = [step["agent_id"] for step in own]
        assert all(mine != other for mine, other in itertools.pairwise(players))
    assert all(math.isfinite(value) for value in ran.metric("losses/policy_loss"))
    assert ran.metric("time/compile_s")[0] > 0
    assert len(ran.metric("eval/random_mean_reward")) == 2
    phases = [payload["phase"] for payload in ran.named("heartbeat") if payload.get("phase")]
    assert [phase for phase in phases if phase.startswith("compiling")] == [
        "compiling self-play of tic_tac_toe",
        "compiling learning of tic_tac_toe",
        "compiling evaluation of tic_tac_toe",
    ]
    assert ran.summary["evaluation"]["random"]["episodes"] == 6


@pytest.mark.parametrize("algo", ["gumbel_muzero", "alphazero"])
def test_resume_and_evaluate(worker: Any, algo: str) -> None:
    first = worker(algo=algo, steps="episodes:2")
    assert sum(game.get("sampled", 0) for game in first.data("episode")) > 0
    saved = first.named("checkpoint_saved")[-1]
    assert saved["libraries"]["mctx"] == "0.0.71"
    resumed = worker(algo=algo, mode="resume", checkpoint_path=saved["path"], total_steps=384)
    assert resumed.named("checkpoint_loaded")[0]["step"] == 192
    assert resumed.data("step")[0]["step_index"] == 192
    assert resumed.data("episode")[0]["ep_index"] >= len(first.data("episode"))
    assert resumed.summary["total_steps"] == 384
    path = resumed.named("checkpoint_saved")[-1]["path"]
    ran = worker(algo=algo, mode="evaluate", checkpoint_path=path, eval_opponent="both")
    games = ran.data("episode", "eval")
    assert [game["ep_index"] for game in games] == list(range(12))
    assert [game["opponent"] for game in games] == ["random"] * 6 + ["frozen"] * 6
    assert [game["seat"] for game in games] == [0, 1] * 6
    by_random = [game["total_reward"] for game in games[:6]]
    assert ran.summary["mean_return"] == pytest.approx(sum(by_random) / 6)
    found = ran.summary["evaluation"]["random"]
    assert found["wins"] + found["draws"] + found["losses"] == 6
    assert [step["step_index"] for step in ran.data("step", "eval")] == list(range(ran.summary["total_steps"]))


def test_seats_are_those_of_the_first_move(worker: Any) -> None:
    saved = worker().named("checkpoint_saved")[-1]["path"]
    ran = worker(mode="evaluate", checkpoint_path=saved, eval_opponent="frozen", eval_simulations=0)
    evaluation = ran.summary["evaluation"]["frozen"]
    first, second = evaluation["mean_return_first"], evaluation["mean_return_second"]
    assert ran.summary["mean_return"] == pytest.approx((first + second) / 2)


def test_the_same_seed_gives_the_same_games(worker: Any) -> None:
    runs = [[(step["ep_index"], step["action"]) for step in worker(seed=seed).data("step")] for seed in (5, 5, 6)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_frozen_opponent_of_another_training(worker: Any) -> None:
    saved = [worker(algo=algo).named("checkpoint_saved")[-1]["path"] for algo in ("gumbel_muzero", "alphazero")]
    ran = worker(mode="evaluate", checkpoint_path=saved[0], opponent_checkpoint=saved[1], eval_opponent="frozen")
    assert ran.summary["evaluation"]["frozen"]["episodes"] == 6


def test_checkpoints_that_do_not_fit(worker: Any, tmp_path: Path) -> None:
    saved = worker().named("checkpoint_saved")[-1]["path"]
    cases = {
        "it belongs to another training: algo is 'gumbel_muzero' there": {"algo": "alphazero"},
        "env_id is 'tic_tac_toe' there, 'kuhn_poker' here": {"env_id": "kuhn_poker"},
        "num_channels is 8 there, 9 here": {"num_channels": 9},
    }
    for said, settings in cases.items():
        for dry_run in (True, False):
            with pytest.raises(ConfigError, match=said):
                worker(mode="evaluate", checkpoint_path=saved, dry_run=dry_run, **settings)
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(Path(saved).read_bytes()[:-400])
    with pytest.raises(ConfigError, match="it cannot be read"):
        worker(mode="resume", checkpoint_path=str(damaged))


def test_other_versions_are_reported(worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from mctx_worker import checkpoint

    saved = worker().named("checkpoint_saved")[-1]["path"]
    here = checkpoint.library_versions()
    monkeypatch.setattr(checkpoint, "library_versions", lambda: {**here, "mctx": "9.9"})
    ran = worker(mode="evaluate", checkpoint_path=saved)
    assert ran.named("checkpoint_loaded")[0]["other_versions"] == ["mctx 0.0.71 (here 9.9)"]


@pytest.mark.parametrize(
    ("settings", "path", "said", "near"),
    [
        ({"env_id": "connect-fuor"}, "env_id", "is not a game of Pgx", "connect_four"),
        ({"env_id": "go"}, "env_id", "is not a game of Pgx", "go_9x9"),
        ({"env_id": "my_package:Own-v0"}, "env_id", "missing capability: environments of other libraries", None),
        ({"env_id": "2048"}, "env_id", "missing capability: this worker plays games of two players, 2048 has 1", None),
        ({"mode": "evaluate", "checkpoint_path": "none.npz"}, "checkpoint_path", "no such file", None),
        ({"opponent_checkpoint": "none.npz"}, "opponent_checkpoint", "no such file", None),
    ],
)
def test_what_cannot_start_is_reported(
    worker: Any, settings: dict[str, Any], path: str, said: str, near: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        worker(dry_run=True, **settings)
    (problem,) = caught.value.problems
    assert problem.path == path
    assert said in problem.message
    assert near is None or problem.nearest == near
    assert near is None or "missing capability" not in problem.message


def test_a_dry_run_compiles_nothing(worker: Any) -> None:
    ran = worker(dry_run=True)
    assert ran.lifecycle() == ["run_started", "run_completed"]
    assert ran.summary["status"] == "dry-run"


def test_tensorboard_and_weights_and_biases(worker: Any, tmp_path: Path) -> None:
    ran = worker(tensorboard=True, wandb="offline", checkpoint_interval=96, keep_checkpoints=1)
    assert list(tmp_path.rglob("events.out.tfevents.*"))
    assert list((tmp_path / "wandb").rglob("*.wandb"))
    manifest = json.loads(Path(ran.summary["analytics_manifest"]).read_text())
    assert manifest["artifacts"]["checkpoints"]["files"] == ["step_0000000192.npz"]
    assert manifest["artifacts"]["tensorboard"]


def test_values_count_for_the_player_who_moved() -> None:
    import jax.numpy as jnp

    from mctx_worker.learning import value_targets
    from mctx_worker.selfplay import Moves

    # Two games: in the first the third move wins; the second is not over, and the network says 0.5 for who is next.
    reward = jnp.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    sign = jnp.array([[-1.0, -1.0], [-1.0, -1.0], [0.0, -1.0]])
    moves = Moves(*[None] * 6, reward, sign, None)
    targets = value_targets(moves, jnp.array([0.3, 0.5]))
    assert targets.tolist() == [[1.0, -0.5], [-1.0, 0.5], [1.0, -0.5]]
