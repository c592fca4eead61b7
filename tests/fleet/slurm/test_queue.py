"""What Slurm's commands say, by programs in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("submitit")

from gym_gui.fleet.orders import Order
from gym_gui.fleet.slurm import queue
from gym_gui.fleet.slurm.queue import JobRecord, JobRefused, JobState, QueueUnavailable, SlurmQueue

pytestmark = pytest.mark.process

ORDER = Order(worker_id="000001", attempt=1, worker_type="random", machine="", spec={}, home="", cpus=4, gpus=2)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that is the only one on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin" if not Path("/usr/bin/sbatch").exists() else str(folder))
    for name in ("sbatch", "squeue", "scancel", "srun"):
        write(folder, name, "exit 0")
    return folder


def write(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_job_asks_for_what_the_run_asks_for(commands: Path, tmp_path: Path) -> None:
    write(commands, "sbatch", f'while read -r line; do echo "$line"; done < "$1" > {tmp_path}/script; echo "job 17"')
    job = SlurmQueue().submit("mosaic-r", tmp_path, ORDER, {"partition": "gpu", "gpus_per_node": "a100:2"})
    assert job.job_id == "17"
    script = (tmp_path / "script").read_text()
    for line in ("cpus-per-task=4", "gpus-per-node=a100:2", "partition=gpu", "no-requeue=True", "job-name=mosaic-r"):
        assert f"#SBATCH --{line}".removesuffix("=True") in script.splitlines()
    assert "--time=" not in script
    assert "--mem=" not in script
    assert "\nexec " in script


def test_refusals_and_failures_are_told_apart(commands: Path, tmp_path: Path) -> None:
    write(commands, "sbatch", "echo 'sbatch: error: invalid partition' >&2; exit 1")
    with pytest.raises(JobRefused, match=r"^invalid partition$"):
        SlurmQueue().submit("mosaic-r", tmp_path, ORDER, {})
    write(commands, "sbatch", "echo 'sbatch: error: Unable to contact slurm controller (connect failure)' >&2; exit 1")
    with pytest.raises(QueueUnavailable, match="Unable to contact"):
        SlurmQueue().submit("mosaic-r", tmp_path, ORDER, {})


def test_commands_that_hang_are_ended(commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they do while the controller is up and does not answer."""
    monkeypatch.setattr(queue, "_COMMAND_S", 0.3)
    for name in ("sbatch", "squeue", "scancel"):
        write(commands, name, "exec /bin/sleep 600")
    job = JobRecord(job_id="5", submitted_at=0.0)
    with pytest.raises(QueueUnavailable, match="sbatch did not answer within"):
        SlurmQueue().submit("mosaic-r", tmp_path, ORDER, {})
    with pytest.raises(QueueUnavailable, match=r"squeue.*timed out"):
        SlurmQueue().states({"5": job})
    with pytest.raises(QueueUnavailable, match=r"scancel.*timed out"):
        SlurmQueue().cancel(job)


def test_states_come_from_the_queue_else_from_the_accounting(commands: Path) -> None:
    write(commands, "squeue", "echo '1|PENDING|Resources|'; echo '2|NODE_FAIL|None|n1'; echo '9|RUNNING|None|n2'")
    jobs = {job_id: JobRecord(job_id=job_id, submitted_at=0.0) for job_id in ("1", "2", "3", "4")}
    found = SlurmQueue().states(jobs)
    assert {job_id: str(state) for job_id, state in found.items()} == {
        "1": "PENDING (Resources)",
        "2": "NODE_FAIL on n1",
    }
    assert (found["1"].over, found["2"].over) == (False, True)
    write(commands, "sacct", "echo '3|CANCELLED by 0|None|n3'")
    assert SlurmQueue().states(jobs)["3"] == JobState("CANCELLED", "None", "n3")
    write(commands, "squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(QueueUnavailable, match="slurm_load_jobs error"):
        SlurmQueue().states(jobs)


def test_a_job_that_is_gone_is_cancelled(commands: Path) -> None:
    write(
        commands, "scancel", "echo 'scancel: error: Kill job error on job id 5: Invalid job id specified' >&2; exit 1"
    )
    SlurmQueue().cancel(JobRecord(job_id="5", submitted_at=0.0))
