from __future__ import annotations

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.fleet.slurm.parameters import job_parameters


def test_those_of_the_run_override_the_setting() -> None:
    environment = {"SBATCH_PARTITION": "gpu", "SBATCH_TIMELIMIT": "4:00:00", "HOME": "/root"}
    setting = {"partition": "cpu", "time": 60, "gpus-per-node": "a100:1"}
    assert job_parameters(setting, environment) == {
        "partition": "gpu",
        "time": "4:00:00",
        "gpus_per_node": "a100:1",
    }
    assert job_parameters(None, {}) == {}
    assert job_parameters(setting, {"SBATCH_PARTITION": ""}) == {"time": "60", "gpus_per_node": "a100:1"}


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ([], "the setting slurm_parameters is not an object"),
        ({"partition": "a\nb"}, "the value of the Slurm parameter partition has several lines"),
        ({"requeue": "yes"}, "the parameter requeue of Slurm jobs is not yours to set"),
    ],
)
def test_what_cannot_be_used_is_refused(setting: object, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        job_parameters(setting, {})
    assert caught.value.what == what
