from __future__ import annotations

import os

import pytest

from gym_gui.cli._slurm_parameters import with_slurm_parameters
from gym_gui.core.worker.errors import UsageError


@pytest.fixture(autouse=True)
def _none_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SBATCH_")]:
        monkeypatch.delenv(name)


def test_what_was_named_comes_before_the_callers_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = {"executor": "slurm", "environment": {"A": "1", "SBATCH_QOS": "low"}}
    assert with_slurm_parameters(payload, []) == payload
    monkeypatch.setenv("SBATCH_TIMELIMIT", "10")
    monkeypatch.setenv("SBATCH_QOS", "high")
    environment = with_slurm_parameters(payload, ["partition=gpu", "gpus-per-node=a100:2"])["environment"]
    more = {"SBATCH_PARTITION": "gpu", "SBATCH_GPUS_PER_NODE": "a100:2"}
    assert environment == {"A": "1", "SBATCH_QOS": "low", "SBATCH_TIMELIMIT": "10", **more}
    environment = with_slurm_parameters(payload, ["time=4:00:00"])["environment"]
    assert environment == {"A": "1", "SBATCH_QOS": "low", "SBATCH_TIME": "4:00:00"}
    plain = {"executor": "local"}
    assert with_slurm_parameters(plain, []) is plain


@pytest.mark.parametrize(
    ("executor", "word", "what"),
    [
        ("local", "partition=gpu", "--slurm needs --executor slurm"),
        ("slurm", "partition", "--slurm partition has no value"),
        ("slurm", "output=/tmp/x", "the parameter output of Slurm jobs is not yours to set"),
        ("slurm", "a b=1", "'a b' is no parameter of Slurm jobs"),
    ],
)
def test_what_cannot_be_used_is_refused(executor: str, word: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_slurm_parameters({"executor": executor}, [word])
    assert caught.value.what == what
    assert caught.value.next_step
