"""No text from outside acts on the terminal: every command, on a real one, over a run that is hostile throughout."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pexpect
import pytest

from gym_gui.core.terminal_text import escape_lines

#: Title, clipboard, hyperlink, a colour and a movement of its own, the same with C1, bidirectional and zero-width
#: characters, backspace, carriage return, a line that looks like one of ours, DEL, markup.
HOSTILE = (
    "evil\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b]8;;http://x\x1b\\\x1b[38;5;199m\x1b[7;77H\x9b7;77H\x9d0;o\x9c"
    "\u202e\u2066\u200b\x08\x08\rOWNED\nFORGED: line\x7f\t[red]markup[/red] 👩‍🔬"
)
IN_PATHS = HOSTILE.replace("/", "")
#: Colours as the palette has them, and what redraws a line or the live view.
COLOURS = re.compile(r"\x1b\[[0-9;]{0,8}m")
MOVEMENTS = re.compile(r"\r+\n|\r?\x1b\[\??[0-9]{0,4}[AKhl]|\r(?=\x1b\[)|\r$")
CODE = f"""
import json, os, sys
evil = {HOSTILE!r}
print(evil)
sys.stderr.write(evil + "\\n")
print(json.dumps({{'event_type': 'step', 'step_index': 'x' + evil}}))
say(event_type='step', step_index=1, ep_index=0, reward=1.0, agent_id=evil, action=evil, worker_note=evil)
say(event_type='episode', ep_index=0, total_reward=1.0, steps=1, agent_rewards={{evil: 1.0, evil + '2': 2.0}})
say(event_type='metric', step=1, values={{evil: 1.0}})
path = os.path.join(os.environ['MOSAIC_RUN_DIR'], 'checkpoints', evil.replace('/', ''))
os.makedirs(path)
say(event='checkpoint_saved', payload={{'path': path, 'step': 1}})
say(event='run_failed', payload={{'error': evil, 'error_type': evil}})
sys.stdout.flush()
raise SystemExit(evil)
"""
METADATA = """
def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata
    evil = {evil!r}
    return WorkerMetadata(name=evil, version=evil, description=evil, author=evil, homepage=evil, upstream_library=evil,
                          license=evil), WorkerCapabilities(worker_type='hostile', env_families=(evil,))
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose very path is hostile."""
    home = tmp_path / f"home{IN_PATHS}"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("MOSAIC_HOME", str(home))
    return home


@pytest.fixture
def hostile_site(tmp_path: Path) -> Path:
    """A worker with hostile metadata, and one that fails with a hostile message."""
    site = tmp_path / "site"
    for name, code in (("hostile", METADATA.format(evil=HOSTILE)), ("failing", f"raise ImportError({HOSTILE!r})")):
        (site / f"{name}_worker").mkdir(parents=True)
        (site / f"{name}_worker" / "__init__.py").write_text(code)
        info = site / f"{name}_worker-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-worker\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[mosaic.workers]\n{name} = {name}_worker:get_worker_metadata\n")
    return site


@pytest.fixture
def on_terminal(script: Any, hostile_site: Path) -> Callable[..., str]:
    """Run the command on a terminal, return what the terminal got."""
    paths = f"{script.environment['PYTHONPATH']}:{hostile_site}"

    def call(*arguments: str, answer: str = "") -> str:
        environment = {**script.environment, "PYTHONPATH": paths, "TERM": "xterm-256color"}
        environment.pop("NO_COLOR", None)
        child = pexpect.spawn(
            str(Path(sys.executable).parent / "mosaic"), list(arguments), env=environment, dimensions=(40, 400),
            encoding="utf-8", codec_errors="surrogateescape", timeout=90, echo=False,
        )  # fmt: skip
        child.logfile_read = io.StringIO()
        if answer:
            child.expect(r"\[y/N\]")
            child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert child.signalstatus is None
        found: str = child.logfile_read.getvalue()
        return found

    return call


def assert_harmless(text: str, *, lines: bool = False) -> None:
    """Assert that nothing acts on the terminal but our own colours and movements, and no line is forged.

    Args:
        text: What the terminal got.
        lines: It is a log, whose lines are lines.
    """
    assert "\x1b[38;5;199m" not in text
    rest = COLOURS.sub("", MOVEMENTS.sub("\n", text))
    assert escape_lines(rest) == rest, text
    assert lines or not re.search("^(FORGED|OWNED)", rest, re.MULTILINE), text


def make_old(home: Path) -> str:
    """Give the home's run names of the time before they were refused; return its id."""
    (path,) = home.glob("runs/*/run.json")
    plan = json.loads(path.read_text())
    plan |= {"run_name": HOSTILE, "tags": [HOSTILE, "ok"], "group": HOSTILE, "submitter": HOSTILE}
    plan["config"] |= {"run_name": HOSTILE, "tags": [HOSTILE, "ok"], "notes": HOSTILE}
    path.write_text(json.dumps(plan))
    for file in home.glob("registry.db*"):
        file.unlink()
    return path.parent.name


@pytest.mark.timeout(600)  # some sixty commands
def test_every_command_shows_what_would_act(
    on_terminal: Callable[..., str], script: Any, home: Path, tmp_path: Path
) -> None:
    shown = on_terminal("train", "script", f"--set=code={CODE}", "--name", "ordinary")
    assert_harmless(shown)
    assert "owned" in shown  # the error of the worker
    script("daemon", "stop")
    run_id = make_old(home)
    config = tmp_path / f"config{IN_PATHS}.json"
    worker = {"worker_id": "script", "config": {HOSTILE: HOSTILE}}
    config.write_text(
        json.dumps({"run_name": HOSTILE, "tags": [HOSTILE], HOSTILE: 1, "environment": {HOSTILE: "x"},
                    "metadata": {"worker": worker}})
    )  # fmt: skip
    commands = [
        ["runs", "list"], ["runs", "list", "--tag", HOSTILE], ["runs", "show", run_id], ["runs", "watch", run_id],
        ["runs", "why", run_id], ["runs", "verify", run_id], ["runs", "reindex", run_id], ["runs", "cancel", run_id],
        ["runs", "pause", run_id], ["runs", "archive", run_id, "--dry-run"], ["runs", "show", HOSTILE],
        *(["runs", "logs", run_id, stream, "-n", "0"]
          for stream in ("--stdout", "--stderr", "--text", "--quarantine", "--supervisor")),
        ["runs", "logs", run_id, "--worker", HOSTILE], ["runs", "tail", run_id], ["runs", "tail", "--kinds", HOSTILE],
        ["runs", "cancel", run_id, "--reason", HOSTILE],
        *([*command, "--json"] for command in (
            ["runs", "list"], ["runs", "show", run_id], ["runs", "tail", run_id], ["runs", "verify", run_id],
            ["runs", "logs", run_id, "--text"], ["runs", "logs", run_id, "--quarantine"], ["workers", "list"],
            ["workers", "describe", "hostile"], ["run", str(config)], ["doctor"])),
        ["run", str(config)], ["run", HOSTILE], ["train", HOSTILE], ["train", "failing"], ["train", "hostile"],
        ["train", "script", "--name", HOSTILE, "--tag", HOSTILE, "--notes", HOSTILE],
        ["train", "script", f"--set={HOSTILE}=1", "--env", HOSTILE, "--algo", HOSTILE, "--worker-id", HOSTILE],
        ["train", "script", "--seeds", HOSTILE], ["train", "script", f"--{HOSTILE}"], [HOSTILE],
        ["evaluate", run_id], ["resume", run_id, "--checkpoint", HOSTILE], ["resume", run_id],
        ["workers", "list"], ["workers", "describe", "hostile"], ["workers", "describe", "failing"],
        ["workers", "check", "failing"], ["workers", "check", f"./{IN_PATHS}"],
        ["workers", "install", HOSTILE], ["workers", "install", "x", "--from", f"./{IN_PATHS}"],
        ["workers", "install", "cleanrl", "--python", HOSTILE], ["workers", "remove", HOSTILE],
        ["workers", "new", HOSTILE], ["daemon", "status"], ["daemon", "start", "--port", HOSTILE], ["doctor"],
        ["completion", HOSTILE], ["runs", "list", "--home", HOSTILE],
    ]  # fmt: skip
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda command: on_terminal(*command), commands))
    for command, shown in zip(commands, found, strict=True):
        assert shown, command
        assert_harmless(shown, lines="logs" in command)
        if "--json" not in command:
            assert "Traceback" not in shown, shown
            assert "fault of MOSAIC" not in shown, shown
    for command in ("list", "show", "watch"):
        shown = on_terminal("runs", command, *([run_id] if command != "list" else ["--wide"]))
        assert "evil\\x1b]0;owned\\x07" in shown
        assert command == "list" or "[red]markup[/red] 👩‍🔬" in shown
    assert_harmless(on_terminal("runs", "delete", run_id, answer="n"))
    assert_harmless(on_terminal("runs", "archive", run_id, answer="y"))


def test_logs_go_into_a_pipe_as_they_are(script: Any) -> None:
    code = "import os\nos.write(1, b'one\\x1b[31m\\xff\\r\\ntwo \\xe2\\x80\\xae\\x9b torn')\nos._exit(0)"
    run_id = script("train", "script", f"--set=code={code}", "--json").json["runs"][0]["run_id"]
    mosaic = str(Path(sys.executable).parent / "mosaic")
    piped = subprocess.run([mosaic, "runs", "logs", run_id, "--text"], env=script.environment, capture_output=True)
    assert piped.stdout == b"one\x1b[31m\xff\r\ntwo \xe2\x80\xae\x9b torn"


@pytest.mark.parametrize("path", ["run_name", "tags", "notes", "group", "reason"])
def test_names_that_act_are_refused(script: Any, home: Path, path: str) -> None:
    if path in ("group", "reason"):
        from gym_gui.core.worker.errors import ConfigError
        from gym_gui.rpc.client import TrainerClient

        payload = {"run_name": "x", "metadata": {"worker": {"worker_id": "script"}}}
        script("daemon", "start")
        run_id = script("train", "script", "--json").json["runs"][0]["run_id"]
        with TrainerClient.connect(home) as client:
            ask = {"group": lambda: client.submit(payload, group=HOSTILE),
                   "reason": lambda: client.cancel(run_id, reason=HOSTILE)}[path]  # fmt: skip
            with pytest.raises(ConfigError) as refused:
                ask()
        (problem,) = refused.value.problems
        assert problem.path == path
        assert "\\x1b" in problem.message
        return
    option = {"run_name": "--name", "tags": "--tag", "notes": "--notes"}[path]
    refused = script("train", "script", option, "a\x1b[31mb", "--json")
    assert refused.code == 2
    (problem,) = refused.json["error"]["problems"]
    assert problem["path"] == {"tags": "tags[0]"}.get(path, path)
    assert problem["value"] == "a\x1b[31mb"
    assert not list(home.glob("runs/*"))


def test_notes_may_have_lines(script: Any) -> None:
    assert script("train", "script", "--notes", "one\n\ttwo 👩‍🔬", "--json").code == 0


def test_only_one_module_of_the_command_makes_text_of_a_terminal() -> None:
    """Whatever is printed goes through ``output``: what ruff cannot see (rich) is looked for here."""
    import gym_gui.cli

    for path in Path(gym_gui.cli.__path__[0]).rglob("*.py"):
        if path.name in ("output.py", "safe_console.py", "streams.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("Text", "Console", "print", "Text.from_markup", "Text.from_ansi"), path
                assert called not in ("sys.stdout.write", "sys.stderr.write"), path
