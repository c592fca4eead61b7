"""Commands around runs: help, workers, daemon, doctor, completion, reference."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from gym_gui.cli.exits import worst
from gym_gui.cli.failures import unexpected
from gym_gui.cli.main import main
from gym_gui.cli.reference import cli_page, walk
from gym_gui.cli.root import cli

ROOT = Path(__file__).parents[2]
COMMANDS = {
    context.command_path: (context, command) for context, command in walk(cli, click.Context(cli, info_name="mosaic"))
}
LEAVES = {path: pair for path, pair in COMMANDS.items() if not isinstance(pair[1], click.Group)}


def test_the_reference_is_up_to_date() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    assert page == cli_page(), "run: python docs/generate.py"


@pytest.mark.process
def test_help_imports_nothing_heavy() -> None:
    heavy = ["grpc", "pydantic", "rich", "msgspec", "sqlite3", "numpy", "importlib.metadata"]
    program = f"""if True:
        import sys
        from gym_gui.cli.main import main
        main(["--help"]); main(["runs", "--help"]); main(["train", "--help"])
        print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"


@pytest.mark.process
def test_a_list_of_runs_imports_no_daemon(home: Path) -> None:
    heavy = ["grpc", "pydantic", "asyncio", "numpy", "gym_gui.trainer.dispatcher"]
    program = f"""if True:
        import sys
        from gym_gui.cli.main import main
        main(["runs", "list", "--json"])
        print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
    """
    environment = {**os.environ, "MOSAIC_HOME": str(home)}
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"


@pytest.mark.process
def test_a_client_imports_no_models() -> None:
    program = """if True:
        import sys
        from gym_gui.rpc import TrainerClient
        print(TrainerClient.__name__, [name for name in ("pydantic", "numpy", "rich") if name in sys.modules])
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "TrainerClient []"


@pytest.mark.process
def test_listing_workers_imports_nothing_heavy(home: Path) -> None:
    """Neither what draws tables nor what asks workers: most of the time would be theirs."""
    heavy = ["grpc", "pydantic", "rich", "sqlite3", "subprocess", "tempfile", "importlib.metadata"]
    program = f"""if True:
        import sys
        from gym_gui.cli.main import main
        main(["workers", "list", "--home", {str(home)!r}])
        main(["workers", "list", "--json", "--home", {str(home)!r}])
        print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
    """
    for _ in range(2):  # the first process asks all workers, the second finds them on record
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"


@pytest.mark.parametrize("path", COMMANDS)
def test_the_table_of_commands_says_what_the_commands_say(path: str) -> None:
    context, command = COMMANDS[path]
    parent = context.parent.command if context.parent else None
    first = (command.help or "").strip().split("\n\n")[0].replace("\n", " ")
    assert first.endswith(".")
    if hasattr(parent, "members"):
        line = parent.members[context.info_name][1]
        assert first.startswith(line[:-1])


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_takes_home_and_json(path: str) -> None:
    _, command = LEAVES[path]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {"--home", "--json", "--debug"} <= options
    assert all(parameter.help for parameter in command.params if isinstance(parameter, click.Option))


def test_without_a_command_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("mosaic 0.")


def test_workers_are_listed_and_the_broken_one_breaks_nothing(script: Any) -> None:
    listed = {worker["name"]: worker for worker in script("workers", "list", "--json").json["workers"]}
    assert {"cleanrl", "random", "script", "broken"} <= set(listed)
    assert "a_package_that_is_not_installed" in listed["broken"]["broken"]
    assert listed["script"]["broken"] is None
    text = script("workers", "list").stdout
    assert "a_package_that_is_not_installed" in text
    described = script("workers", "describe", "script", "--json").json
    assert described["schema"]["properties"]["total_steps"]["type"] == "integer"
    assert "total_steps" in script("workers", "describe", "script").stdout
    lines = script("workers", "describe", "random").stdout.splitlines()
    assert {"name", "about", "library", "author", "license", "package"} <= {line.partition(" ")[0] for line in lines}
    assert script("workers", "describe", "scrpt").code == 2


def test_daemon(mosaic: Any, home: Path) -> None:
    assert mosaic("daemon", "status", "--json").json["running"] is False
    started = mosaic("daemon", "start", "--json")
    assert started.code == 0
    status = mosaic("daemon", "status", "--json")
    assert status.code == 0
    assert {"pid", "address", "version", "runs"} <= set(status.json)
    assert status.json["pid"] == started.json["pid"] == mosaic("daemon", "start", "--json").json["pid"]
    taken = mosaic("daemon", "run")
    assert taken.code == 2
    assert "runs in this home already" in taken.stderr
    assert mosaic("daemon", "stop", "--json").json["stopped"] is True
    assert mosaic("daemon", "stop", "--json").json["stopped"] is False
    assert mosaic("daemon", "status").code == 1


def test_a_daemon_in_the_foreground(mosaic: Any, wait_until: Any) -> None:
    process = mosaic.start("daemon", "run", "--port", "0")
    wait_until(lambda: mosaic("daemon", "status").code == 0, "it answers")
    assert mosaic("daemon", "status", "--json").json["pid"] == process.pid
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_doctor(mosaic: Any, home: Path, script: Any) -> None:
    ended = mosaic("doctor", "--json")
    assert ended.code == 0, ended.stdout
    assert {"Python", "system", "libraries", "SQLite", "home", "file system", "disk", "daemon", "port", "workers"} <= {
        finding["name"] for finding in ended.json["findings"]
    }
    assert list(home.iterdir()) == []
    broken = script("doctor")
    assert broken.code == 1
    assert "broken    worker broken: " in broken.stdout
    assert "next: " in broken.stdout
    assert mosaic("doctor", "--home", "/proc/mosaic").code == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(mosaic: Any, shell: str) -> None:
    ended = mosaic("completion", shell)
    assert ended.code == 0
    assert "_MOSAIC_COMPLETE" in ended.stdout


def complete(mosaic: Any, words: str) -> list[str]:
    ended = mosaic(_MOSAIC_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1))
    return [line.partition(",")[2] for line in ended.stdout.splitlines() if line]


def test_completion_of_options(script: Any, home: Path, living: Any) -> None:
    script("train", "saver", "--seeds", "1,2", "--tag", "good", "--tag", "two words", "--tag", "$(evil)", "--detach")
    group = script("runs", "list", "--json").json["runs"][0]["group"]
    for run in script("runs", "list", "--json").json["runs"]:
        script("runs", "cancel", run["run_id"], "--wait")
    (home / "runs" / run["run_id"] / "checkpoints" / "000001").mkdir(parents=True)
    (home / "runs" / run["run_id"] / "checkpoints" / "000001" / "step_200.pt").touch()
    script("daemon", "stop")
    records = {path: json.loads(path.read_text()) for path in (home / "workers/records").glob("*.json")}
    record, known = next(item for item in records.items() if item[1]["record"]["name"] == "saver")
    known["record"]["schema"]["properties"]["algo"]["enum"] = ["q", "sarsa", "evil; rm"]
    record.write_text(json.dumps(known))
    assert complete(script, "mosaic train saver --algo ") == ["q", "sarsa"]
    assert complete(script, "mosaic train saver --set eval") == ["eval_episodes="]
    assert complete(script, "mosaic train saver --set algo=s") == ["algo=sarsa"]
    assert complete(script, "mosaic train saver --tag ") == ["good"]
    assert complete(script, "mosaic runs list --tag g") == ["good"]
    assert complete(script, "mosaic runs list --group ") == [group]
    assert complete(script, f"mosaic resume {run['run_id']} --checkpoint st") == ["step_200.pt"]
    assert complete(script, "mosaic train nothing --algo ") == []
    assert not living()


@pytest.mark.process
def test_completion_imports_nothing_heavy(home: Path) -> None:
    code = (
        "import sys\nfrom gym_gui.cli.main import main\ntry: main(['train', 'x'])\nexcept SystemExit: pass\n"
        "sys.stderr.write(' '.join({'torch', 'grpc', 'rich', 'gymnasium', 'pydantic'} & set(sys.modules)))"
    )
    words = {"_MOSAIC_COMPLETE": "bash_complete", "COMP_WORDS": "mosaic train random --env ", "COMP_CWORD": "4"}
    ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, **words}, capture_output=True, text=True)
    assert ended.stderr == ""


def test_completion(script: Any, home: Path, living: Any) -> None:
    assert complete(script, "mosaic tr") == ["train"]
    assert complete(script, "mosaic runs sh") == ["show"]
    assert {"random", "script"} <= set(complete(script, "mosaic train "))
    assert complete(script, "mosaic train ran") == ["random"]
    assert "--steps" in complete(script, "mosaic train random --st")
    (home / "runs" / "01ARZ3NDEKTSV4RRFFQ69G5FAV").mkdir(parents=True)
    assert complete(script, "mosaic runs show 01a") == ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]
    assert complete(script, "mosaic runs show ") == ["latest", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]
    assert not living()


def test_completion_in_bash_itself(script: Any, tmp_path: Path) -> None:
    program = (
        'eval "$(mosaic completion bash)"; COMP_WORDS=(mosaic train rand); COMP_CWORD=2; '
        '_mosaic_completion mosaic; echo "${COMPREPLY[@]}"'
    )
    path = f"{Path(sys.executable).parent}:{script.environment['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", program], env={**script.environment, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "random"


def test_an_unexpected_error_is_one_sentence_and_a_file(home: Path) -> None:
    (home / "logs").mkdir()
    try:
        raise KeyError("surprise")
    except KeyError as error:
        told = unexpected(error)
    (kept,) = (home / "logs").iterdir()
    assert told.what == "KeyError: 'surprise'"
    assert str(kept) in told.where
    assert "Traceback" in kept.read_text()
    assert "--debug" in told.next_step


def test_a_reader_that_leaves_early_is_no_error(mosaic: Any) -> None:
    path = f"{Path(sys.executable).parent}:{mosaic.environment['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", "mosaic workers describe cleanrl --json | head -1"],
        env={**mosaic.environment, "PATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ended.stdout == "{\n"
    assert "Traceback" not in ended.stderr


def test_json_of_a_command_that_fails(mosaic: Any) -> None:
    ended = mosaic("runs", "show", "latest", "--json")
    assert ended.code == 2
    assert set(json.loads(ended.stdout)["error"]) == {"what", "where", "why", "next", "exit"}


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([], 0),
        (["completed", "completed"], 0),
        (["completed", "cancelled"], 3),
        (["cancelled", "lost", "completed"], 1),
    ],
)
def test_the_worst_state_gives_the_exit_code(states: list[str], code: int) -> None:
    assert worst(states) == code
