"""What a resumed training takes from its checkpoint, and what from its config; lengths of episodes other than MPE's."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import Cancelled
from gym_gui.core.worker.signals import cancel_on_signals

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]


def test_a_resumed_training_has_the_coefficients_and_counts_of_its_checkpoint(
    worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marllib_worker import job

    restored: list[Any] = []

    def restore(trainer: Any, state: dict[str, Any], step: int) -> None:
        for name in state["kl_coeffs"]:
            state["kl_coeffs"][name] = 0.77
        before(trainer, state, step)
        restored.append(trainer)

    first = worker(algo="mappo")
    path = first.named("checkpoint_saved")[0]["path"]
    before = job.restore
    monkeypatch.setattr(job, "restore", restore)
    again = worker(algo="mappo", mode="resume", checkpoint_path=path, total_timesteps=300, lr=1e-5)
    (trainer,) = restored
    policies = trainer.workers.local_worker().policy_map
    rates = {group["lr"] for name in policies for each in policies[name]._optimizers for group in each.param_groups}
    assert rates == {1e-5}
    assert again.metric("learner/shared_policy/cur_kl_coeff")[0] == pytest.approx(0.77)
    assert again.metric("episodes_total")[0] > first.metric("episodes_total")[-1]


@pytest.mark.parametrize(("algo", "cycles"), [("mappo", 10), ("happo", 50)])
def test_episodes_are_as_long_as_the_environment_makes_them(worker: Any, algo: str, cycles: int) -> None:
    ran = worker(algo=algo, env_kwargs={"max_cycles": cycles}, eval_at_end=True, eval_episodes=2)
    episodes = ran.data("episode")
    assert {episode["steps"] for episode in episodes} == {cycles}
    assert all(episode["truncated"] and not episode["terminated"] for episode in episodes)
    assert ran.summary["evaluation"]["episodes"] == 2


def cancelled(worker: Any, monkeypatch: pytest.MonkeyPatch, log: Path, at: int, **settings: Any) -> list[Any]:
    """Cancel a run at a step without patience, and return the checkpoints that it saved."""
    from marllib_worker import job, recording

    stepped = recording.Recorder.stepped

    def interrupted(self: Any, *arguments: Any) -> None:
        if self.step == at:
            os.kill(os.getpid(), signal.SIGTERM)
        stepped(self, *arguments)

    former = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(job, "_PATIENCE_S", 0.0)
        patch.setattr(recording.Recorder, "stepped", interrupted)
        try:
            with pytest.raises(Cancelled), cancel_on_signals():
                worker(**settings)
        finally:
            signal.signal(signal.SIGTERM, former)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert events[-1]["event"] == "run_cancelled"
    return [event["payload"] for event in events if event.get("event") == "checkpoint_saved"]


@pytest.mark.parametrize("checkpoint_interval", [0, 100])
def test_what_was_learned_before_a_long_iteration_is_saved_when_it_is_cancelled(
    worker: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checkpoint_interval: int
) -> None:
    settings = {"algo": "mappo", "checkpoint_interval": checkpoint_interval, "steps": "none"}
    log = tmp_path / "run1.jsonl"  # the second iteration begins with step 100
    (saved,) = cancelled(worker, monkeypatch, log, at=130, total_timesteps=300, **settings)
    assert saved["step"] == 100
    again = worker(mode="resume", checkpoint_path=saved["path"], total_timesteps=200, **settings)
    assert [episode["ep_index"] for episode in again.data("episode")] == [5, 6, 7, 8]  # the fifth had begun
    assert again.summary["total_steps"] == 200


def test_what_was_learned_within_an_iteration_is_saved_under_its_own_step(
    worker: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = {"algo": "qmix", "steps": "none"}  # which learns after each episode, once its buffer has some
    (saved,) = cancelled(worker, monkeypatch, tmp_path / "run1.jsonl", at=310, total_timesteps=1000, **settings)
    assert 310 <= saved["step"] <= 312
    again = worker(mode="resume", checkpoint_path=saved["path"], total_timesteps=400, **settings)
    assert again.data("episode")[0]["ep_index"] == 13


@pytest.mark.parametrize("algo", ["mappo", "qmix"])
def test_a_training_that_has_learned_nothing_saves_nothing(
    worker: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, algo: str
) -> None:
    assert not cancelled(worker, monkeypatch, tmp_path / "run1.jsonl", at=10, algo=algo)
