"""What a resumed training takes from its checkpoint, and what from its config; lengths of episodes other than MPE's."""

from __future__ import annotations

from typing import Any

import pytest

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
