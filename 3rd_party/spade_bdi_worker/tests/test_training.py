"""What learners share, played through by a plain loop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import UsageError
from spade_bdi_worker.checkpoint import load_checkpoint


def last_checkpoint(ran: Any) -> dict[str, Any]:
    config = ran.config
    names = ("algo", "env_id", "env_kwargs")
    return load_checkpoint(ran.named("checkpoint_saved")[-1]["path"], **{name: config[name] for name in names})


def stored(ran: Any, home: Path) -> Any:
    """Return what MOSAIC counts of a run."""
    from gym_gui.runs.folder import RunFolder
    from gym_gui.runs.plan import RunPlan, WorkerPlan
    from gym_gui.telemetry.ingest import Ingestor

    run_id = ran.config["run_id"]
    folder = RunFolder.of(home, run_id)
    folder.create()
    log = folder.stdout_log("000001", 1)
    log.write_text("".join(json.dumps(event) + "\n" for event in ran.events))
    worker = WorkerPlan(worker_no=1, worker_id="000001", worker_type="spade_bdi", argv=[])
    plan = RunPlan(run_id=run_id, run_name="r", digest="", created_at=0.0, config={}, workers=[worker])
    ingestor = Ingestor(folder, plan)
    ingestor.add_source(1, "000001", 1, log)
    ingestor.close_source(1, 1)
    (rollup,) = ingestor.worker_rollups()
    ingestor.finish()
    return rollup


@pytest.mark.parametrize("shared", [False, True])
def test_the_same_seed_gives_the_same_run_and_another_another(learners: Any, shared: bool) -> None:
    settings = {"learners": 3, "shared_table": shared, "episodes_per_goal": 5}
    first, again, other = learners(**settings), learners(**settings), learners(**settings, seed=4)
    assert first.acts() == again.acts() != other.acts()
    assert len(first.acts()) == 500
    assert [e["total_reward"] for e in first.data("episode")] == [e["total_reward"] for e in again.data("episode")]


def test_learners_take_turns_by_goals(learners: Any) -> None:
    ran = learners(learners=2, episodes_per_goal=3)
    episodes = ran.data("episode")
    assert [e["ep_index"] for e in episodes] == list(range(len(episodes)))
    assert all(list(e["agent_rewards"]) == [f"learner_{e['ep_index'] // 3 % 2}"] for e in episodes)
    assert {step["agent_id"] for step in ran.data("step")} == {"learner_0", "learner_1"}


@pytest.mark.parametrize("steps", ["all", "none"])
def test_the_figures_of_a_run_count_the_episodes_of_all_learners(learners: Any, tmp_path: Path, steps: str) -> None:
    run_id = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"
    ran = learners(run_id=run_id, learners=3, episodes_per_goal=5, steps=steps, eval_at_end=True, eval_episodes=6)
    rollup = stored(ran, tmp_path / "stored")
    episodes = [e for e in ran.data("episode") if e["phase"] == "train"]
    returns = [e["total_reward"] for e in episodes]
    assert (rollup.episodes, rollup.eval_episodes) == (len(episodes), 6)
    assert rollup.mean_return_100 == pytest.approx(sum(returns[-100:]) / len(returns[-100:]))
    assert rollup.steps == 500
    assert rollup.ledger.quarantined == 0
    means = ran.summary["mean_return_100_by_learner"]
    assert {one.agent_id: one.mean_return_100 for one in rollup.agents} == pytest.approx(means)
    assert len(means) == 3


@pytest.mark.parametrize("stop_at", [137, 250, 499])
@pytest.mark.parametrize("shared", [False, True])
def test_a_resumed_training_is_the_one_that_never_stopped(learners: Any, stop_at: int, shared: bool) -> None:
    settings = {"env_id": "Taxi-v4", "learners": 2, "episodes_per_goal": 1, "checkpoint_interval": 0}
    whole = learners(**settings, shared_table=shared)
    stopped = learners(stop_at=stop_at, **settings, shared_table=shared)
    resumed = learners(checkpoint=last_checkpoint(stopped), mode="resume", checkpoint_path="x", **settings)
    assert stopped.acts() + resumed.acts() == whole.acts()
    ends = [(e["ep_index"], e["total_reward"], e["steps"]) for e in stopped.data("episode") + resumed.data("episode")]
    assert ends == [(e["ep_index"], e["total_reward"], e["steps"]) for e in whole.data("episode")]
    assert resumed.lifecycle()[0] == "checkpoint_loaded"
    replayed = [e["replayed_steps"] for e in resumed.data("episode") if "replayed_steps" in e]
    assert replayed == ([stop_at % 200] if stop_at % 200 else []) or stop_at == 499


def test_an_evaluation_is_greedy_and_shared_out(learners: Any) -> None:
    trained = learners(learners=2, total_steps=2000)
    checkpoint = last_checkpoint(trained)
    settings = {"mode": "evaluate", "checkpoint_path": "x", "eval_episodes": 6, "seed": 8}
    first, again = learners(checkpoint=checkpoint, **settings), learners(checkpoint=checkpoint, **settings)
    assert first.acts() == again.acts()
    assert [[*e["agent_rewards"]] for e in first.data("episode")] == [["learner_0"]] * 3 + [["learner_1"]] * 3
    assert {e["phase"] for e in first.data("episode")} == {"eval"}
    assert first.summary["evaluation"]["episodes"] == 6
    assert not first.named("checkpoint_saved")


def test_an_evaluation_may_follow_a_training(learners: Any) -> None:
    ran = learners(eval_at_end=True, eval_episodes=4)
    phases = [e["phase"] for e in ran.data("episode")]
    assert phases == ["train"] * phases.count("train") + ["eval"] * 4
    assert ran.summary["total_steps"] == 500
    assert len([step for step in ran.data("step") if "phase" not in step]) == 500


@pytest.mark.parametrize("rule", ["none", "episodes:3", "all"])
def test_sampled_and_stored_steps_add_up(learners: Any, rule: str) -> None:
    ran = learners(steps=rule, learners=2)
    sampled = sum(event.get("sampled", 0) for event in ran.events)
    # The steps of the unfinished episode at the end are told by the event after them.
    unfinished = 500 - sum(e["steps"] for e in ran.data("episode"))
    assert len(ran.data("step")) + sampled in {500, 500 - unfinished}
    if rule == "episodes:3":
        assert all(step["ep_index"] % 3 == 0 for step in ran.data("step"))


def test_episodes_may_be_limited(learners: Any) -> None:
    ran = learners(total_episodes=7, episodes_per_goal=5, total_steps=100_000)
    assert len(ran.data("episode")) == 7


def test_only_the_newest_checkpoints_are_kept(learners: Any) -> None:
    ran = learners(checkpoint_interval=100, keep_checkpoints=2)
    saved = [Path(event["path"]) for event in ran.named("checkpoint_saved")]
    assert [path.name for path in saved] == [f"step_{step:010d}.json" for step in range(100, 501, 100)]
    assert [path for path in saved if path.is_file()] == saved[-2:]
    assert set(ran.named("checkpoint_saved")[0]) == {"path", "step", "algorithm", "libraries"}


@pytest.mark.parametrize("content", ["", "not a checkpoint", "{}", '{"format": 1}', '{"format": 99}', "[" * 100_000])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(UsageError, match="cannot be read"):
        load_checkpoint(tmp_path / "bad.json", algo="q_learning", env_id="Taxi-v4", env_kwargs={})


def test_a_checkpoint_of_another_training_is_refused(learners: Any) -> None:
    path = learners(learners=2).named("checkpoint_saved")[-1]["path"]
    with pytest.raises(UsageError, match="env_id is 'FrozenLake-v1' there and 'Taxi-v4' here"):
        load_checkpoint(path, algo="q_learning", env_id="Taxi-v4", env_kwargs={})
    checkpoint = load_checkpoint(path, algo="q_learning", env_id="FrozenLake-v1", env_kwargs={})
    with pytest.raises(UsageError, match="learners is 2 there and 3 here"):
        learners(checkpoint=checkpoint, learners=3, mode="resume", checkpoint_path=path)


def test_plans_cannot_play_out_of_turn(learners: Any, tmp_path: Path) -> None:
    import io

    from gym_gui.core.worker.telemetry import TelemetryEmitter
    from spade_bdi_worker.config import RunConfig
    from spade_bdi_worker.scalars import Scalars
    from spade_bdi_worker.training import Training

    config = RunConfig(run_id="r", learners=2)
    emitter = TelemetryEmitter("r", sink=io.StringIO())
    training = Training(config, 1, emitter, checkpoints=tmp_path, scalars=Scalars(config, tmp_path, None))
    first, second = training.learners
    with pytest.raises(UsageError, match="no episode goes on"):
        first.do(0, "!act")
    with pytest.raises(UsageError, match="not its turn"):
        first.begin(1)
    first.begin(0)
    with pytest.raises(UsageError, match="not its turn"):
        second.begin(0)
    with pytest.raises(UsageError, match="actions are 0 to 3"):
        first.do(4, "!act")
    first.do(1, "!act")
    first.begin(0)  # after a lost connection: it goes on
    assert first.length == 1
    training.close()


@pytest.mark.parametrize("env_id", ["CliffWalking-v1", "Blackjack-v1"])
def test_other_discrete_environments_are_learned_in(learners: Any, env_id: str) -> None:
    ran = learners(env_id=env_id, observations=True, metrics_interval=100)
    assert ran.summary["total_steps"] == 500
    wide = env_id == "Blackjack-v1"
    assert all(isinstance(step["observation"], list) is wide for step in ran.data("step"))
    assert {"charts/epsilon", "losses/td_error", "bdi/messages_sent"} <= set(ran.data("metric")[-1]["values"])


def test_tensorboard_files_hold_the_scalars(learners: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    ran = learners(tensorboard=True, metrics_interval=100)
    (file,) = (tmp_path / "tb").iterdir()
    events = [Event.FromString(record) for record in RawEventFileLoader(str(file)).Load()]
    returns = [v.simple_value for e in events for v in e.summary.value if v.tag == "charts/episodic_return"]
    assert returns == [pytest.approx(e["total_reward"]) for e in ran.data("episode")]
    assert {"losses/td_error", "charts/epsilon"} <= {v.tag for e in events for v in e.summary.value}


def test_libraries_that_are_missing_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from spade_bdi_worker import RunConfig, scalars

    monkeypatch.setattr(scalars, "find_spec", lambda _: None)
    problems = scalars.check_tracking(RunConfig(run_id="r", tensorboard=True, wandb="offline"))
    assert [problem.path for problem in problems] == ["tensorboard", "wandb"]
    assert scalars.check_tracking(RunConfig(run_id="r")) == []
