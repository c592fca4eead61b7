"""What nodes of real Ray clusters do not have: a worker's environment, a checkpoint of another run."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ray_nodes import RayCluster
from waiting import eventually

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.telemetry import verify_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray: make test-ray"),
]
Config = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOSAIC_AGENT_LEASE_S", "20")
    monkeypatch.setenv("MOSAIC_RAY_BUILD_ENVIRONMENTS", "always")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))


def on_ray(cluster: RayCluster, config: dict[str, Any], **variables: str) -> dict[str, Any]:
    """Return a config for a cluster."""
    return {**config, "executor": "ray", "environment": {"RAY_ADDRESS": cluster.address, **variables}}


def ended(client: TrainerClient, run_id: str, timeout_s: float = 120.0) -> Any:
    """Return a run once it has ended."""
    eventually(lambda: client.get(run_id).state.terminal, f"the end of {run_id}: {client.get(run_id).cause}", timeout_s)
    return client.get(run_id)


def test_two_runs_at_once_build_one_environment_on_a_node(
    daemon_home: Path, client: TrainerClient, ray_cluster: RayCluster, random_config: Config, tmp_path: Path
) -> None:
    ray_cluster.start_head(cpus=2)
    ids = [client.submit(on_ray(ray_cluster, random_config(total_steps=500, run_name=name))) for name in ("a", "b")]
    eventually(lambda: all("builds its environment" in client.get(each).cause for each in ids), "both wait", 120.0)
    for run_id in ids:
        run = ended(client, run_id, 500.0)
        assert (run.state, run.cause, run.steps) == (RunState.COMPLETED, "exit code 0", 500)
        folder = RunFolder.of(daemon_home, run_id)
        assert verify_run(folder).ok
        assert "pip install" in folder.stderr_log(run.workers[0].worker_id, 1).read_text()
    (receipt,) = (tmp_path / "shared" / "environments").glob("*/mosaic-environment.json")
    assert receipt.is_file()


WRITE = (
    "import os, pathlib; folder = pathlib.Path(os.environ['MOSAIC_RUN_DIR']) / 'checkpoints' / os.environ['WORKER_ID'];"
    " folder.mkdir(parents=True); (folder / 'a.bin').write_bytes(b'x' * 3_000_000)"
)
READ = (
    "import json, pathlib, sys; path = pathlib.Path(json.load(open(sys.argv[1]))['checkpoint_path']);"
    " print(path, len(path.read_bytes()))"
)


def test_a_checkpoint_of_another_run_is_sent_to_the_node(
    daemon_home: Path, client: TrainerClient, ray_cluster: RayCluster, tmp_path: Path
) -> None:
    ray_cluster.start_head(cpus=1)
    command = {"run_name": "c", "entry_point": sys.executable}
    first = {**command, "arguments": ["-c", WRITE], "metadata": {"worker": {}}}
    run = ended(client, client.submit(on_ray(ray_cluster, first)))
    assert run.state is RunState.COMPLETED, run.cause
    checkpoint = RunFolder.of(daemon_home, run.run_id).checkpoints("000001") / "a.bin"
    config = {"checkpoint_path": str(checkpoint)}
    second = {**command, "arguments": ["-c", READ, "${config}"], "metadata": {"worker": {"config": config}}}
    run = ended(client, client.submit(on_ray(ray_cluster, second)))
    assert run.state is RunState.COMPLETED, run.cause
    path, size = RunFolder.of(daemon_home, run.run_id).stdout_log("000001", 1).read_text().split()
    assert int(size) == 3_000_000
    assert not path.startswith(str(daemon_home))
    assert [each for each in (tmp_path / "shared" / "inputs").iterdir() if each.suffix != ".lock"]
