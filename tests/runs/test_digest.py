from __future__ import annotations

import copy
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.runs.config import validate_train_run_config
from gym_gui.runs.digest import canonical_json

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
SCALARS |= st.floats(allow_nan=False, allow_infinity=False)
CONFIGS = st.dictionaries(
    st.text(min_size=1).filter(lambda name: name not in ("seed", "run_id", "worker_id")),
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)),
    max_size=5,
)


def payload(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"run_name": "a", "metadata": {"worker": {"worker_id": "tiny", "config": config}}, **more}


def digest(value: dict[str, Any]) -> str:
    return validate_train_run_config(value).digest


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in sorted(value, reverse=True)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


def respelled(value: Any) -> Any:
    """The same values as another program would write them: whole numbers as floats, text decomposed."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return float(value)
    if isinstance(value, str):
        return unicodedata.normalize("NFD", value)
    if isinstance(value, dict):
        return {key: respelled(item) for key, item in value.items()}
    return [respelled(item) for item in value] if isinstance(value, list) else value


@given(CONFIGS)
def test_order_and_spelling_do_not_count(config: dict[str, Any]) -> None:
    assert digest(payload(config)) == digest(shuffled(payload(config)))
    assert digest(payload(config)) == digest(payload(respelled(config)))


@given(CONFIGS, CONFIGS)
def test_equal_digests_mean_equal_values(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (digest(payload(one)) == digest(payload(other))) is (canonical_json(one) == canonical_json(other)) or any(
        name.lower().endswith(("key", "token", "secret", "password", "credential", "credentials", "passphrase"))
        for name in (*one, *other)
    )


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1))
def test_numbers_keep_their_value(number: float) -> None:
    assert json.loads(canonical_json(number)) == number


def test_a_form_and_what_does_not_count(form: dict[str, Any]) -> None:
    base = digest(form)
    other = copy.deepcopy(form)
    text = json.dumps(other).replace("form-0001", "form-0002")
    other = json.loads(text)
    other |= {"run_name": "another", "tags": ["x"], "notes": "y", "priority": 5}
    other["metadata"]["ui"] = {"worker_id": "my_worker", "theme": "light"}
    other["entry_point"] = "/opt/venv/bin/python3.11"
    other["environment"]["OPENAI_API_KEY"] = "sk-1"
    other["metadata"]["worker"]["worker_id"] = "myworker"
    del other["metadata"]["worker"]["module"]
    del other["entry_point"]
    del other["arguments"]
    assert digest(other) == base


@pytest.mark.parametrize(
    "change",
    [
        {"resources": {"cpus": 2}}, {"environment": {"A": "1"}}, {"on_worker_failure": "continue"},
        {"limits": {"max_attempts": 2}}, {"limits": {"disk_mb": 10}},
        {"schedule": {"max_steps": 5}}, {"artifacts": {"persist_logs": False}},
        {"entry_point": "/bin/true"},
    ],
)  # fmt: skip
def test_what_counts(change: dict[str, Any]) -> None:
    assert digest(payload({}, **change)) != digest(payload({}))


@pytest.mark.parametrize("config", [{"seed": 1}, {"worker_id": "a"}, {"lr": 0.1}, {"seed": 0}])
def test_what_counts_of_a_workers_config(config: dict[str, Any]) -> None:
    assert digest(payload(config)) != digest(payload({}))


def test_defaults_and_generated_ids_are_the_same_experiment() -> None:
    base = digest(payload({}))
    assert digest(payload({"seed": None, "worker_id": "000001"})) == base
    assert digest(payload({}, resources={"cpus": 1.0, "gpus": {"requested": 0}}, limits={}, schedule={})) == base


def test_replicas_and_a_list_of_the_same_workers_are_the_same_experiment() -> None:
    replicas = payload({"lr": 1})
    replicas["metadata"]["worker"]["replicas"] = 2
    listed = payload({})
    listed["metadata"] = {"workers": [{"worker_id": "tiny", "config": {"lr": 1.0}} for _ in range(2)]}
    assert digest(replicas) == digest(listed)


def test_where_the_home_lies_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    digests = set()
    for folder in (tmp_path / "one", tmp_path / "two"):
        monkeypatch.setenv("MOSAIC_HOME", str(folder))
        digests.add(digest(payload({"path": f"{folder}/models/a.pt"})))
    assert len(digests) == 1
    assert digest(payload({"path": f"{tmp_path}/two_more/models/a.pt"})) not in digests


def test_the_interpreter_of_a_bare_command_does_not_count() -> None:
    digests = {
        digest({"run_name": "a", "entry_point": entry, "arguments": ["train.py"]})
        for entry in ("python", "/usr/bin/python3", "/opt/x/bin/python3.11")
    }
    assert len(digests) == 1


def test_the_digest_of_a_known_experiment_stays_what_it_is() -> None:
    # A digest is written into every run: a change of the form needs another version tag.
    assert digest(payload({"env_id": "CartPole-v1", "seed": 1})) == (
        "715b72f1802e5816bc3f0418551a3fc4e1ee2782189ef4888d40391f81859c67"
    )
