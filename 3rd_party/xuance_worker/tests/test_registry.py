"""The names of the algorithms are those of XuanCe's own registry, read without importing it."""

from __future__ import annotations

import pytest

from xuance_worker import registry
from xuance_worker.config import XuanceWorkerConfig
from xuance_worker.defaults import ALGORITHMS, SEVERAL, SINGLE, TAKEN_BY

pytestmark = pytest.mark.library


def test_names_are_those_of_the_library() -> None:
    from xuance.torch.agents import REGISTRY_Agents

    assert set(registry.registered()) == set(REGISTRY_Agents)
    assert set(registry.algorithm_names()) == set(ALGORITHMS)
    assert {name for name in ALGORITHMS if registry.several_agents(name)} == set(SEVERAL)
    assert {"DQN", "PPO", "SAC", "TD3"} <= set(SINGLE)
    assert {"MAPPO", "IPPO", "QMIX", "VDN", "MADDPG"} <= set(SEVERAL)


def test_case_and_hyphens_do_not_matter() -> None:
    assert registry.find_algorithm("duel-dqn") == "Duel_DQN"
    assert XuanceWorkerConfig(run_id="r", algo="mappo").algo == "MAPPO"


def test_fields_of_a_form_are_those_of_the_librarys_configs() -> None:
    from xuance_worker.arguments import files_of

    for algo in ALGORITHMS:
        known = {name for _, content in files_of(algo) for name in content}
        assert known, algo
        assert {name for name, algos in TAKEN_BY.items() if algo in algos} == known & set(TAKEN_BY), algo


@pytest.mark.parametrize(
    ("algo", "told"),
    [
        ("TD3BC", "recorded data set"),
        ("PDQN", "hybrid"),
        ("CURL", "pictures"),
        ("DCG", "torch_scatter"),
        ("RANDOM", "learn"),
    ],
)
def test_what_cannot_be_trained_here_says_why(algo: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        XuanceWorkerConfig(run_id="r", algo=algo)
