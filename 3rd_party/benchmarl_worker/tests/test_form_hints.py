"""What a form says of the settings is what BenchMARL uses."""

from __future__ import annotations

import pytest
from form_rules import FormRules

from benchmarl_worker import BenchmarlWorkerConfig
from benchmarl_worker.registry import ALGORITHMS, ON_POLICY, find_task

RULES = FormRules(BenchmarlWorkerConfig)
BY_KIND = {
    "n_minibatch_iters": True, "minibatch_size": True, "n_optimizer_steps": False, "train_batch_size": False,
    "memory_size": False, "init_random_frames": False,
}  # fmt: skip


def test_form_hints_name_what_exists() -> None:
    assert RULES.faults() == []
    assert set(RULES.properties["algo"]["examples"]) == set(ALGORITHMS)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_a_form_shows_the_settings_of_the_algorithm(algo: str) -> None:
    for name, on_policy in BY_KIND.items():
        rule = RULES.null(name, {"algo": algo})
        assert RULES.applies(name, {"algo": algo}) == (on_policy == (algo in ON_POLICY)) == (rule is not None)


@pytest.mark.library
def test_names_of_tasks() -> None:
    assert find_task("vmas/Balance") == "vmas/balance"
    assert find_task("mpe2/simple_spread_v3") == "pettingzoo/simple_spread"
    assert find_task("vmas/nothing") is None


@pytest.mark.library
@pytest.mark.parametrize("algo", ["mappo", "qmix"])
def test_the_defaults_are_those_of_the_library(algo: str) -> None:
    from benchmarl.experiment import ExperimentConfig

    made = ExperimentConfig.get_from_yaml()
    prefix = "on_policy" if algo in ON_POLICY else "off_policy"
    names = {"n_envs": "n_envs_per_worker", "frames_per_batch": "collected_frames_per_batch"}
    for name in ("n_envs", "frames_per_batch", "lr", "gamma", *BY_KIND):
        rule = RULES.null(name, {"algo": algo})
        if rule is not None:
            theirs = getattr(made, f"{prefix}_{names.get(name, name)}", getattr(made, name, None))
            assert rule.value == theirs, name
