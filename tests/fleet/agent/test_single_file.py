"""The agent as one file: with each Python from 3.8, without MOSAIC, by the plain calls and for real runs."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from monitoring_servers import STUDY, MonitoringServer
from waiting import eventually

from gym_gui.fleet.agent import single_file as module
from gym_gui.fleet.agent.single_file import FILE_NAME, MODULES, single_file
from gym_gui.supervision.launch import LAUNCHER

PYTHONS = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3"))
PYTHONS = [each for each in PYTHONS if int(each.parts[-3].split(".")[1]) >= 8] or [Path(sys.executable)]
#: The oldest one.
OLDEST = min(PYTHONS, key=lambda each: int(each.parts[-3].split(".")[1]) if "." in each.parts[-3] else 99)
#: Imports the file, and looks at what a program of its user would; then starts it without settings.
LOOK = """
import json, sys
import worker_agent
agent = worker_agent.WorkerAgent("http://h/", "10.0.0.1")
names = "heartbeat poll_assignment download_config run_study handle_assignment main_loop".split()
print(json.dumps([agent.monitoring_url, [name for name in names if not callable(getattr(agent, name))]]))
sys.exit(worker_agent.run_agent([]))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file."""
    path = tmp_path_factory.mktemp("vm") / FILE_NAME
    path.write_text(single_file("1.2.3"), "utf-8")
    return path


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a machine without MOSAIC."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **more}


def test_no_module_is_left_out_and_each_comes_after_those_that_it_imports() -> None:
    files = {path.stem for path in Path(module.__file__).parent.glob("*.py")}
    assert files - {"__init__", "single_file"} == set(MODULES)
    for place, name in enumerate(MODULES):
        text = (Path(module.__file__).parent / f"{name}.py").read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gym_gui"):
                assert MODULES.index(str(node.module).rpartition(".")[2]) < place


def test_it_imports_the_standard_library_alone_and_has_the_launcher_in_it(file: Path) -> None:
    text = file.read_text("utf-8")
    values = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert str(node.module).split(".")[0] in sys.stdlib_module_names
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
    assert ast.literal_eval(values["LAUNCHER_SOURCE"]) == LAUNCHER.read_text("utf-8")
    assert ast.literal_eval(values["VERSION"]) == "1.2.3"


def test_two_meanings_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in {"a": "X = 1", "b": "X = 2"}.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(module, "_FOLDER", tmp_path)
    monkeypatch.setattr(module, "MODULES", ("a", "b"))
    with pytest.raises(ValueError, match=r"X of b\.py has another meaning"):
        single_file("1")
    (tmp_path / "b.py").write_text("import click\nfrom gym_gui.runs import RunFolder")
    with pytest.raises(ValueError, match=r"imports gym_gui\.runs"):
        single_file("1")


@pytest.mark.process
@pytest.mark.interpreters
def test_it_runs_with_each_python(file: Path, tmp_path: Path) -> None:
    for python in PYTHONS:
        look = subprocess.run(
            [str(python), "-W", "error", "-S", "-c", LOOK],
            cwd=file.parent,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert look.returncode == 1, look.stderr
        assert json.loads(look.stdout) == ["http://h", []]
        assert look.stderr.startswith("Error: no server. Give --server URL"), look.stderr


class OneFile:
    """The file as it runs on a machine, by the plain calls, with its settings in a file ``.env``."""

    def __init__(self, file: Path, folder: Path, server: MonitoringServer) -> None:
        self.folder = folder
        (folder / "study.py").write_text(STUDY)
        (folder / FILE_NAME).write_bytes(file.read_bytes())
        (folder / ".env").write_text(
            f'# settings\nexport GOLIAT_MONITORING_URL="{server.url}"\nMOSAIC_AGENT_FOLDER={folder / "agent"}\n'
            f"MOSAIC_AGENT_COMMAND={sys.executable} study.py {{config}}\n"
        )
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *words: str, **variables: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(OLDEST), FILE_NAME, *words],
                cwd=self.folder,
                env=environment(self.folder, **variables),
                stdout=log,
                stderr=log,
            )
        return self.process

    def seen(self) -> list[int]:
        """Pids of the studies."""
        path = self.folder / "seen.jsonl"
        return [json.loads(line)["pid"] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def one_file(file: Path, tmp_path: Path, monitoring: MonitoringServer) -> Iterator[OneFile]:
    """The file on a machine."""
    machine = OneFile(file, tmp_path, monitoring)
    yield machine
    if machine.process is not None:
        machine.process.kill()
        machine.process.wait()
    for study in machine.seen():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(study, signal.SIGKILL)


@pytest.mark.process
def test_the_first_signal_lets_the_study_end(one_file: OneFile, monitoring: MonitoringServer, tmp_path: Path) -> None:
    monitoring.offer({"gate": str(tmp_path / "gate")})
    agent = one_file.start(GOLIAT_MACHINE_ID="10.1.2.3")
    eventually(one_file.seen, "the study")
    assert monitoring.sent("/api/assignment") == [{"machineId": "10.1.2.3"}], "the environment wins"
    agent.send_signal(signal.SIGTERM)
    eventually(lambda: "takes no more" in one_file.log.read_text(), "it was understood")
    (tmp_path / "gate").touch()
    assert agent.wait(60) == 0
    assert monitoring.messages("finished")[0]["message"] == "Study finished successfully"
    assert "Study completed with return code 0" in (one_file.folder / "agent" / "agent.log").read_text()


@pytest.mark.process
def test_the_second_signal_ends_the_study_and_the_id_is_kept(
    one_file: OneFile, monitoring: MonitoringServer, tmp_path: Path
) -> None:
    monitoring.offer({"gate": str(tmp_path / "never")})
    agent = one_file.start()
    eventually(one_file.seen, "the study")
    for words in ("takes no more", "ends its runs"):
        agent.send_signal(signal.SIGTERM)
        eventually(lambda words=words: words in one_file.log.read_text(), "it was understood")
    assert agent.wait(60) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(one_file.seen()[0], 0)
    assert not monitoring.messages("finished"), "it did not fail: another machine gets it"
    assert "was stopped" in monitoring.messages("terminal_only")[0]["message"]
    machine = monitoring.sent("/api/assignment")[0]["machineId"]
    one_file.start()
    eventually(lambda: len(monitoring.sent("/api/assignment")) == 2, "it asks again")
    assert monitoring.sent("/api/assignment")[1] == {"machineId": machine}


@pytest.mark.process
def test_a_killed_agent_finds_its_study_again(one_file: OneFile, monitoring: MonitoringServer, tmp_path: Path) -> None:
    monitoring.offer({"gate": str(tmp_path / "gate")})
    one_file.start()
    eventually(one_file.seen, "the study")
    assert one_file.process is not None
    one_file.process.kill()
    one_file.process.wait()
    one_file.start()
    eventually(lambda: "earlier agent started" in one_file.log.read_text(), "it is found")
    (tmp_path / "gate").touch()
    eventually(lambda: "has ended" in one_file.log.read_text(), "its end")
    eventually(lambda: len(monitoring.sent("/api/assignment")) == 2, "the next poll ends it at the server")
