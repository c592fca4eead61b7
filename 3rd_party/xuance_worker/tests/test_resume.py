"""What a resumed training has of the one before, and what an evaluation leaves as it is."""

from __future__ import annotations

import pickle
import zipfile
from typing import Any

import pytest

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]


def state_of(ran: Any) -> dict[str, Any]:
    """Return what the last checkpoint of a run says of its agent, beside the networks."""
    with zipfile.ZipFile(ran.named("checkpoint_saved")[-1]["path"]) as archive:
        state: dict[str, Any] = pickle.loads(archive.read("state.pkl"))
    return state


def updates(ran: Any) -> int:
    """Return how many updates a run had figures of."""
    return sum(bool(set(event["values"]) - {"charts/SPS"}) for event in ran.data("metric"))


def last_path(ran: Any) -> str:
    return str(ran.named("checkpoint_saved")[-1]["path"])


@pytest.mark.parametrize("algo", ["DQN", "DRQN", "PerDQN"])
def test_a_training_without_its_buffer_fills_it_before_it_updates(worker: Any, algo: str) -> None:
    settings = {"algo": algo, "start_training": 100, "training_frequency": 2, "batch_size": 8}
    first = worker(**settings, total_timesteps=300)
    assert updates(first) > 0
    soon = worker(**settings, mode="resume", checkpoint_path=last_path(first), total_timesteps=400)
    assert updates(soon) == 0
    later = worker(**settings, mode="resume", checkpoint_path=last_path(first), total_timesteps=500)
    assert updates(later) > 0


def test_a_buffer_that_was_not_full_enough_is_filled_on(worker: Any) -> None:
    settings = {"algo": "DQN", "start_training": 200, "training_frequency": 2, "batch_size": 8}
    first = worker(**settings, total_timesteps=300)
    second = worker(
        **settings, mode="resume", checkpoint_path=last_path(first), total_timesteps=400, save_replay_buffer=True
    )
    third = worker(**settings, mode="resume", checkpoint_path=last_path(second), total_timesteps=500)
    assert updates(third) == 0


def test_episodes_that_are_longer_than_the_wait_for_updates(worker: Any) -> None:
    settings = {"algo": "DRQN", "env_id": "MountainCar-v0", "start_training": 50, "training_frequency": 10}
    ran = worker(**settings, batch_size=4, total_timesteps=500)
    assert updates(ran) > 0


def test_the_rise_of_per_beta_goes_on(worker: Any) -> None:
    settings = {"algo": "PerDQN", "start_training": 0, "training_frequency": 2, "batch_size": 8}
    settings |= {"save_replay_buffer": True}
    whole = worker(**settings, total_timesteps=400, checkpoint_interval=200)
    half = whole.named("checkpoint_saved")[0]
    assert half["step"] == 200
    rest = worker(**settings, mode="resume", checkpoint_path=half["path"], total_timesteps=400)
    expected = state_of(whole)["numbers"]["PER_beta"]
    assert expected > 0.9
    assert state_of(rest)["numbers"]["PER_beta"] == pytest.approx(expected)


def test_the_weight_of_the_kl_divergence_goes_on(worker: Any) -> None:
    settings = {"algo": "PPO_KL", "horizon_size": 64, "n_epochs": 2}
    first = worker(**settings)
    weight = state_of(first)["learner_numbers"]["kl_coef"]
    assert weight != 1.0
    same = worker(**settings, mode="resume", checkpoint_path=last_path(first))  # has all its steps
    assert state_of(same)["learner_numbers"]["kl_coef"] == weight


def groups_of(ran: Any) -> dict[str, Any]:
    """Return what the last checkpoint of a run says of the parameters of each optimizer."""
    saved = state_of(ran)["learner"]["optimizer"]
    by_name = {"all": saved} if "param_groups" in saved else saved
    return {name: optimizer["param_groups"][0] for name, optimizer in by_name.items()}


def test_learning_rates_in_settings_hold_in_a_resumed_training(worker: Any) -> None:
    settings = {"algo": "TD3", "env_id": "Pendulum-v1", "start_training": 50, "batch_size": 8, "total_timesteps": 100}
    first = worker(**settings, settings={"learning_rate_actor": 1e-3, "learning_rate_critic": 2e-3})
    again = worker(**settings, mode="resume", checkpoint_path=last_path(first), settings={"learning_rate_actor": 1e-4})
    assert {name: group["lr"] for name, group in groups_of(first).items()} == {"actor": 1e-3, "critic": 2e-3}
    assert {name: group["lr"] for name, group in groups_of(again).items()} == {"actor": 1e-4, "critic": 2e-3}


def test_another_learning_rate_takes_its_place_in_the_schedule(worker: Any) -> None:
    settings = {"algo": "MAPPO", "env_id": "mpe2/simple_spread_v3", "buffer_size": 100, "total_timesteps": 200}
    decay = {"use_linear_lr_decay": True, "end_factor_lr_decay": 0.5}
    first = worker(**settings, settings=decay, learning_rate=1e-3)
    path = last_path(first)
    decayed = groups_of(first)["all"]["lr"]
    assert decayed < 1e-3
    for rate in (None, 1e-4):
        again = worker(**settings, mode="resume", checkpoint_path=path, learning_rate=rate)  # has all its steps
        assert groups_of(again)["all"]["lr"] == pytest.approx(decayed * (rate or 1e-3) / 1e-3)


def test_states_of_a_gpu_are_saved_from_it() -> None:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    from xuance_worker.state import _capture

    class Optimizer:
        def state_dict(self) -> dict[str, Any]:
            return {"state": {0: {"exp_avg": on_gpu}}, "param_groups": [{"params": [0], "betas": (0.9, 0.999)}]}

        def load_state_dict(self, state: dict[str, Any]) -> None:
            pass

    with FakeTensorMode():  # what looks like a tensor on a GPU, which the machine of a test may not have
        on_gpu = torch.empty(2, device="cuda:0")
        saved = _capture({"optimizer": [Optimizer()], "log_alpha": on_gpu})
    state = saved["optimizer"][0]
    assert state["param_groups"] == [{"params": [0], "betas": (0.9, 0.999)}]
    assert [tensor.device.type for tensor in (state["state"][0]["exp_avg"], saved["log_alpha"])] == ["cpu", "cpu"]


def test_a_training_goes_on_with_fewer_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    import torch

    from xuance_worker.state import capture, restore

    agent, set_on = SimpleNamespace(device="cuda:0", learner=SimpleNamespace()), []
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: [torch.zeros(16, dtype=torch.uint8)] * 2)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda _state, device: set_on.append(device))
    restore(agent, capture(agent))
    assert set_on == [0]


@pytest.mark.parametrize("algo", ["DQN", "NoisyDQN", "PPO"])
def test_an_evaluation_leaves_the_policy_as_it_is(worker: Any, monkeypatch: pytest.MonkeyPatch, algo: str) -> None:
    import torch

    from xuance_worker.job import Job

    path = last_path(worker(algo=algo, **({} if algo == "PPO" else {"start_training": 100, "batch_size": 8})))
    play, changed = Job._play, []

    def watched(job: Job, agent: Any, *more: Any) -> dict[str, Any]:
        before = {name: value.clone() for name, value in agent.policy.state_dict().items()}
        result = play(job, agent, *more)
        changed.append([n for n, value in agent.policy.state_dict().items() if not torch.equal(value, before[n])])
        return result

    monkeypatch.setattr(Job, "_play", watched)
    worker(algo=algo, mode="evaluate", checkpoint_path=path, eval_episodes=2)
    assert changed == [[]]
