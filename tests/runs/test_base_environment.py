from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import ConfigError
from gym_gui.runs import base_environment
from gym_gui.runs.base_environment import daemon_environment, submitted_environment, with_base_environment
from gym_gui.runs.config import run_config_problems, validate_train_run_config
from gym_gui.runs.environment import OWN_VARIABLES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "environment.md"
COMMAND = {"run_name": "a", "entry_point": "true"}
NAMES = st.one_of(
    st.sampled_from([*base_environment.LOGIN, *base_environment.EXPERIMENT, *OWN_VARIABLES, "FOO", "MOSAIC_MINE"]),
    st.text(st.characters(min_codepoint=48, max_codepoint=122), min_size=1),
)


def paths(payload: object) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        validate_train_run_config(payload)
    return [problem.path for problem in raised.value.problems]


def test_what_is_taken() -> None:
    shell = {
        "PATH": "/bin", "LC_TIME": "C", "MUJOCO_GL": "egl", "CUDA_VISIBLE_DEVICES": "", "HF_HOME": "/h",
        "MOSAIC_MINE": "2", "MOSAIC_INVENTORY": "{}", "FOO": "1", "SSH_AUTH_SOCK": "/s", "MOSAIC_RUN_ID": "x",
        "WANDB_API_KEY": "k", "HF_TOKEN": "t", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    taken = submitted_environment(shell)
    assert set(taken) == {"PATH", "LC_TIME", "MUJOCO_GL", "CUDA_VISIBLE_DEVICES", "MOSAIC_MINE", "HF_HOME"}
    kept = daemon_environment(shell | {"MOSAIC_HOME": "/m"})
    assert set(kept) == {"PATH", "LC_TIME", "MOSAIC_INVENTORY", "MOSAIC_HOME"}
    clusters = {"RAY_ADDRESS": "head:6379", "RAY_TLS_CA_CERT": "/ca", "RAY_AUTH_MODE": "token", "SLURM_CONF": "/etc/s"}
    assert daemon_environment({**clusters, "RAY_DEDUP_LOGS": "0"}) == clusters


@pytest.mark.parametrize("listed", ['["FOO", "MY_*", "HF_TOKEN"]', "FOO, MY_* HF_TOKEN"])
def test_a_setting_adds_names(listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_CLIENT_ENVIRONMENT", listed)
    shell = {"FOO": "1", "MY_DATA": "2", "MY_TOKEN": "3", "HF_TOKEN": "hf-12345678", "OTHER": "5"}
    payload = with_base_environment(COMMAND, shell)
    assert payload["base_environment"] == {"FOO": "1", "MY_DATA": "2", "HF_TOKEN": "hf-12345678"}
    recorded = validate_train_run_config(payload).payload
    assert "hf-12345678" not in json.dumps(recorded)
    assert recorded["base_environment"]["HF_TOKEN"] == "${secret}"


def test_relative_search_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert submitted_environment({"PYTHONPATH": "src::/x"}) == {"PYTHONPATH": f"{tmp_path}/src:/x"}


def test_a_config_on_record_keeps_the_experiments_variables() -> None:
    recorded = {
        **COMMAND,
        "base_environment": {"PATH": "/old", "MUJOCO_GL": "egl", "TZ": "UTC", "http_proxy": "${secret}"},
    }
    again = with_base_environment(recorded, {"PATH": "/new", "MUJOCO_GL": "osmesa", "XLA_FLAGS": "-x"})
    assert again["base_environment"] == {"PATH": "/new", "MUJOCO_GL": "egl", "TZ": "UTC"}
    lost = {**COMMAND, "base_environment": {"HF_TOKEN": "${secret}"}}
    assert with_base_environment(lost, {"HF_TOKEN": "t"})["base_environment"] == {"HF_TOKEN": "t"}
    assert with_base_environment(lost, {})["base_environment"] == {"HF_TOKEN": "${secret}"}


@given(st.dictionaries(NAMES, st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
def test_whatever_a_shell_holds_makes_a_valid_config(shell: dict[str, str]) -> None:
    once = with_base_environment(COMMAND, shell)
    assert not set(once["base_environment"]) & set(OWN_VARIABLES)
    assert with_base_environment(once, shell) == once
    config = validate_train_run_config(once)
    assert config.digest == validate_train_run_config(COMMAND).digest
    again = validate_train_run_config(config.payload)
    assert (again.payload, again.digest) == (config.payload, config.digest)


def test_values_that_no_process_can_be_given_are_refused() -> None:
    bad = {"PYTHONPATH": os.fsdecode(b"/caf\xe9"), "LANG": "a\0b", "MOSAIC_LOG": "/x", "A=B": "1"}
    assert paths({**COMMAND, "base_environment": bad}) == [
        "base_environment.PYTHONPATH", "base_environment.LANG", "base_environment.MOSAIC_LOG", "base_environment.A=B",
    ]  # fmt: skip
    assert paths(with_base_environment(COMMAND, {"LANG": os.fsdecode(b"\xff")})) == ["base_environment.LANG"]


def test_the_run_configs_own_variables_win_and_an_id_in_a_path_stays() -> None:
    run_id = "01HZZZZZZZZZZZZZZZZZZZZZZZ"
    payload = {
        **COMMAND, "environment": {"A": "own", "MY_RUN_ID": run_id},
        "base_environment": {"A": "base", "B": f"/runs/{run_id}"},
    }  # fmt: skip
    config = validate_train_run_config(payload)
    assert config.variables() == {"A": "own", "B": f"/runs/{run_id}", "MY_RUN_ID": "${run_id}"}


def test_every_name_is_documented() -> None:
    page = PAGE.read_text()
    listed = (*base_environment.LOGIN, *base_environment.SESSION, *base_environment.EXPERIMENT)
    assert [name for name in listed if f"`{name}`" not in page] == []


def test_a_variable_that_is_not_utf8_is_refused_with_a_way_out() -> None:
    (problem,) = run_config_problems({**COMMAND, "base_environment": {"OMP_X": "\udcff"}})
    assert problem.path == "base_environment.OMP_X"
    assert problem.message == "is not UTF-8 text"
    assert "env -u OMP_X mosaic" in problem.allowed
