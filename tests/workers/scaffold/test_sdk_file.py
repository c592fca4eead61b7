"""The one file that stands in for the SDK: the same in every worker, and with it the same lifecycle without MOSAIC."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "gym_gui" / "workers" / "scaffold" / "templates" / "package" / "sdk.py.tmpl"
WORKERS = ("balrog", "benchmarl", "cleanrl", "goliat", "marllib", "mctx", "random", "ray", "sb3", "spade_bdi", "xuance")
OLDEST = next(iter(sorted(Path.home().glob(".pyenv/versions/3.8.*/bin/python3"))), None)

PROBE = """
from __future__ import annotations

import os, signal, sys, time
from dataclasses import asdict, dataclass

from probe_worker.sdk import HAS_SDK, MosaicError, Problem, RunLifecycle, WorkerCLI, nearest
from probe_worker.sdk import log_constant, log_constants


@dataclass
class ProbeWorkerConfig:
    run_id: str
    seed: "int | None" = None
    worker_id: "str | None" = None
    do: str = "complete"
    heartbeat_interval_s: float = 0.0

    def to_dict(self):
        return asdict(self)

    @classmethod
    def from_dict(cls, data):
        if data.get("do") == "refused":
            raise ValueError("do is refused")
        return cls(**data)


class ProbeWorkerRuntime:
    def __init__(self, config, *, dry_run=False, logger=None):
        self.config = config
        self.step = 0
        self.lifecycle = RunLifecycle(
            config,
            "probe",
            dry_run=dry_run,
            announcement={"env_id": "E"},
            progress=lambda: {"step": self.step},
            write_manifest=lambda: None,
            logger=logger,
        )
        if config.do == "broken":
            raise RuntimeError("cannot be built")

    def run(self):
        with self.lifecycle as run:
            sys.stderr.write("with the SDK" if HAS_SDK else "without the SDK")
            run.phase("importing something")
            if run.dry_run:
                run.summary["arguments"] = {"lr": 1}
                return run.summary
            if self.config.do == "fail":
                raise RuntimeError("no luck")
            if self.config.do == "unreachable":
                raise MosaicError("no server", where="host", why="it is off", next_step="turn it on")
            if self.config.do == "unfit":
                near = nearest("complet", ["complete"])
                run.refuse([Problem("do", "does not fit", value=1, allowed="2", nearest=near)])
            if self.config.do == "wait":
                run.emitter.heartbeat({"ready": True})
                time.sleep(60)
            if self.config.do == "exit":
                sys.exit(5)
            print("what a library prints")
            self.step = 1
            run.emitter.step(0, reward=1.0, terminated=True, truncated=False)
            run.emitter.count_sampled(4)
            run.emitter.episode(0, total_reward=1.0, steps=1)
            run.emitter.metrics(1, {"loss": 0.5})
            run.phase("evaluating")
            run.emitter.checkpoint_saved({"path": "c", "step": 1}, constant=run.constant("CHECKPOINT_SAVED"))
            log_constant(run.logger, log_constants.LOG_WORKER_PROBE_DEBUG, step=1)
            run.summary.update(episodes=1)
            return run.summary


def main():
    return WorkerCLI.run(ProbeWorkerConfig, ProbeWorkerRuntime, prog="probe", description="Probes.")


if __name__ == "__main__":
    if os.environ.get("HIDE"):
        assert not HAS_SDK
    sys.exit(main())
"""


@pytest.mark.parametrize("name", WORKERS)
def test_every_worker_has_the_file_as_the_template_has_it(name: str) -> None:
    path = ROOT / "3rd_party" / f"{name}_worker" / f"{name}_worker" / "sdk.py"
    assert path.read_bytes() == TEMPLATE.read_bytes(), f"cp {TEMPLATE.relative_to(ROOT)} {path.relative_to(ROOT)}"


def test_no_worker_is_left_out() -> None:
    assert sorted(path.parent.name for path in (ROOT / "3rd_party").glob("*_worker/pyproject.toml")) == sorted(
        f"{name}_worker" for name in WORKERS
    )


class Probe:
    """A worker with the file, which is run with MOSAIC and without."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        package = folder / "probe_worker"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "sdk.py").write_bytes(TEMPLATE.read_bytes())
        (package / "cli.py").write_text(PROBE)

    def start(self, *flags: str, sdk: bool, python: str = sys.executable, **config: Any) -> subprocess.Popen[str]:
        (self.folder / "config.json").write_text(json.dumps({"run_id": "r", **config}))
        hide = "" if sdk else "import sys; sys.modules['gym_gui'] = None\n"
        program = f"{hide}import runpy; runpy.run_module('probe_worker.cli', run_name='__main__')"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("MOSAIC_", "WORKER_ID", "PYTHON"))
        }
        return subprocess.Popen(
            [python, "-W", "error", "-c", program, "--config", "config.json", *flags],
            cwd=self.folder,
            env={**environment, "PYTHONPATH": os.pathsep.join([str(self.folder), str(ROOT)])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *flags: str, cancel: bool = False, **options: Any) -> tuple[int, list[dict[str, Any]], str]:
        with self.start(*flags, **options) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            lines: list[str] = []
            if cancel:
                for line in process.stdout:
                    lines.append(line)
                    if '"ready"' in line:
                        process.send_signal(signal.SIGTERM)
            lines += process.stdout
            errors = process.stderr.read()
        events = [json.loads(line) for line in lines]
        for event in events:
            event.pop("timestamp", None)
        return process.returncode, events, errors


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    return Probe(tmp_path)


CASES: dict[str, tuple[dict[str, Any], tuple[str, ...], int, str]] = {
    "complete": ({}, (), 0, "run_completed"),
    "instance": ({}, ("--worker-id", "000002"), 0, "run_completed"),
    "nested": ({"metadata": {"worker": {"config": {"run_id": "nested"}}}}, (), 0, "run_completed"),
    "dry run": ({}, ("--dry-run",), 0, "run_completed"),
    "fail": ({"do": "fail"}, (), 1, "run_failed"),
    "unreachable": ({"do": "unreachable"}, (), 1, "run_failed"),
    "unfit": ({"do": "unfit"}, (), 2, "run_failed"),
    "broken": ({"do": "broken"}, (), 1, "run_failed"),
    "exit": ({"do": "exit"}, (), 5, "run_failed"),
    "wait": ({"do": "wait"}, (), 143, "run_cancelled"),
}


@pytest.mark.parametrize("case", list(CASES))
def test_the_same_is_printed_with_and_without_mosaic(probe: Probe, case: str) -> None:
    config, flags, code, last = CASES[case]
    cancel = config.get("do") == "wait"
    with_sdk = probe.run(*flags, sdk=True, cancel=cancel, **config)
    without = probe.run(*flags, sdk=False, cancel=cancel, **config)
    assert without[:2] == with_sdk[:2], without[2]
    assert without[0] == code
    assert without[1][-1]["event"] == last
    if case not in ("broken",):
        assert "without the SDK" in without[2]
        assert "with the SDK" in with_sdk[2]
    if case == "unreachable":
        assert "no server\n  where: host\n  why:   it is off\n  next:  turn it on\n" in without[2]
        assert "no server\n  where: host\n  why:   it is off\n  next:  turn it on\n" in with_sdk[2]


@pytest.mark.parametrize("sdk", [True, False])
def test_a_config_that_is_refused_is_told(probe: Probe, sdk: bool) -> None:
    code, events, errors = probe.run(sdk=sdk, do="refused")
    assert code == 2
    assert [event["event"] for event in events] == ["run_failed"]
    assert events[0]["payload"]["problems"][0]["message"] == "do is refused"
    assert "do is refused" in errors


@pytest.mark.parametrize("sdk", [True, False])
def test_a_config_that_is_missing_is_told(probe: Probe, sdk: bool) -> None:
    code, events, errors = probe.run("--config", "no-such-file.json", sdk=sdk)
    assert code == 2
    assert [event["event"] for event in events] == ["run_failed"]
    assert "Config file not found: no-such-file.json" in errors


def test_heartbeats_come_without_mosaic(probe: Probe) -> None:
    with probe.start(sdk=False, do="wait", heartbeat_interval_s=0.01) as process:
        assert process.stdout is not None
        told = [json.loads(next(process.stdout)) for _ in range(5)]
        process.kill()
    assert {"phase": "importing something", "step": 0} in [event["payload"] for event in told]


@pytest.mark.interpreters
@pytest.mark.skipif(OLDEST is None, reason="there is no Python 3.8 on this machine")
@pytest.mark.parametrize("sdk", [True, False])
@pytest.mark.parametrize("case", ["complete", "fail", "unfit", "wait"])
def test_it_does_the_same_on_the_oldest_python(probe: Probe, case: str, sdk: bool) -> None:
    config, flags, _, _ = CASES[case]
    cancel = config.get("do") == "wait"
    here = probe.run(*flags, sdk=sdk, cancel=cancel, **config)
    there = probe.run(*flags, sdk=sdk, cancel=cancel, python=str(OLDEST), **config)
    assert there[:2] == here[:2], there[2]
