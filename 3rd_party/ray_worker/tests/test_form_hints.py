"""What a form says of the hyperparameters is what RLlib uses."""

from __future__ import annotations

import pytest
from form_rules import FormRules

from ray_worker import RayWorkerConfig
from ray_worker.config import ALGORITHMS, TRAINING_FIELDS
from ray_worker.defaults import DEFAULTS, RLLIB_NAMES
from ray_worker.presets import PRESETS

RULES = FormRules(RayWorkerConfig)


def test_form_hints_name_what_exists() -> None:
    assert RULES.faults() == []
    assert set(DEFAULTS) == set(RLLIB_NAMES) == {*TRAINING_FIELDS, "hidden_sizes"}
    assert {algo for defaults in DEFAULTS.values() for algo in defaults} == set(ALGORITHMS)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_a_form_shows_what_the_worker_accepts(algo: str) -> None:
    values = {"hidden_sizes": [8], "gamma": 0.5, "entropy_coeff": 0.1, "learning_rate": 0.1, "grad_clip": 0.1}
    for name in DEFAULTS:
        config = {"run_id": "r", "algo": algo, name: values.get(name, 4)}
        if RULES.applies(name, config):
            RayWorkerConfig.from_dict(config)
        else:
            with pytest.raises(ValueError, match=name):
                RayWorkerConfig.from_dict(config)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_presets_come_first(algo: str) -> None:
    for env_id in {env_id for _, env_id in PRESETS} | {"Acrobot-v1"}:
        preset = PRESETS.get((algo, env_id))
        values = {**preset.training, **preset.model} if preset else {}
        for name, theirs in RLLIB_NAMES.items():
            rule = RULES.null(name, {"algo": algo, "env_id": env_id})
            assert (rule is not None) == (algo in DEFAULTS[name])
            assert rule is None or (rule.label == "preset") == (theirs in values)
            if theirs in values and rule is not None:
                assert rule.value == values[theirs]


def test_a_form_claims_no_value_that_something_else_decides() -> None:
    for settings in ({"mode": "resume"}, {"mode": "tune"}, {"training": {"lr": 1}}, {"model": {"fcnet_hiddens": [1]}}):
        assert [name for name in DEFAULTS if RULES.null(name, settings) is not None] == []


@pytest.mark.library
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("algo", ALGORITHMS)
def test_the_defaults_are_those_of_rllib(algo: str) -> None:
    pytest.importorskip("ray.rllib", reason="needs the worker's library")
    from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig

    from ray_worker.building import algorithm_class

    made = algorithm_class(algo).get_default_config()
    for name, defaults in DEFAULTS.items():
        if algo not in defaults:
            continue
        source = DefaultModelConfig() if name == "hidden_sizes" else made
        theirs = made.total_train_batch_size if name == "train_batch_size" else getattr(source, RLLIB_NAMES[name])
        assert theirs == defaults[algo], name
        rule = RULES.null(name, {"algo": algo, "env_id": "Acrobot-v1"})
        assert rule is not None
        if rule.has_value:
            assert rule.value == theirs
        elif isinstance(theirs, int):
            assert str(theirs) in rule.label
        else:
            assert theirs is None
