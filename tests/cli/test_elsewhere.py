"""Commands with a daemon elsewhere: named on the command line or by a context, without any home on this machine."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from added_packages import Installation
from daemons import daemon_home, daemon_with_tls, move_dates, remote_of, tls, wait_until, worker_records
from executor_packages import OWN_NAMES

from gym_gui.cli.root import cli
from gym_gui.cli.where import NEEDS_HOME
from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.remote import RemoteDaemon, check_address
from gym_gui.rpc.tls import TlsFiles

__all__ = ["daemon_home", "tls", "wait_until", "worker_records"]

Mosaic = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def remote(daemon_home: Path, tls: TlsFiles) -> Iterator[RemoteDaemon]:
    """A daemon that other machines can reach."""
    with daemon_with_tls(daemon_home, tls) as info:
        yield remote_of(daemon_home, info, tls)


@pytest.fixture
def mosaic(tmp_path: Path) -> Mosaic:
    """The command, as a user of another machine has it: with a home folder of their own and no home of MOSAIC."""
    user = tmp_path / "user"
    user.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOSAIC_", "XDG_"))}
    environment = {**kept, "HOME": str(user), "MOSAIC_HOME": str(user / "no home")}

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [_program(), *words]
        return subprocess.run(command, env={**environment, **more}, capture_output=True, text=True, timeout=120)

    return run


def _program() -> str:
    return str(Path(sys.executable).with_name("mosaic"))


def _options(remote: RemoteDaemon) -> list[str]:
    return ["--daemon", remote.address, "--token-file", remote.token_file, "--tls-ca", str(remote.ca_file)]


def test_a_run_there_from_here(remote: RemoteDaemon, mosaic: Mosaic, tmp_path: Path) -> None:
    here = _options(remote)
    trained = mosaic(*here, "train", "random", "--steps", "40", "--name", "far", "--json")
    assert trained.returncode == 0, trained.stderr
    (run,) = json.loads(trained.stdout)["runs"]
    assert (run["state"], run["steps"], run["folder"]) == ("completed", 40, None)
    listed = json.loads(mosaic(*here, "runs", "list", "--json").stdout)["runs"]
    assert [each["run_id"] for each in listed] == [run["run_id"]]
    for command in ("runs show far", "runs why latest", "runs watch far", "runs tail far", "runs list", "workers list",
                    "workers describe random", "daemon status"):  # fmt: skip
        words = command.split()
        ended = mosaic(*here, *words)
        assert ended.returncode == 0, ended.stderr
        assert "Traceback" not in ended.stderr
    assert mosaic(*here, "runs", "delete", "far", "--yes").returncode == 0
    assert json.loads(mosaic(*here, "runs", "list", "--json").stdout)["runs"] == []
    assert not (tmp_path / "user" / "no home").exists(), "nothing is kept on this machine"


def test_logs_from_here(remote: RemoteDaemon, mosaic: Mosaic) -> None:
    here = _options(remote)
    assert mosaic(*here, "train", "random", "--steps", "400", "--name", "far").returncode == 0

    def logs(*words: str) -> list[str]:
        ended = mosaic(*here, "runs", "logs", "far", *words)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()

    everything = logs("-n", "0")
    assert len(everything) > 400
    assert logs() == everything[-50:]
    assert logs("-n", "3", "-f") == everything[-3:]
    assert json.loads("".join(logs("-n", "3", "--json")))["lines"] == everything[-3:]
    episodes = [line for line in everything if '"episode"' in line]
    assert episodes
    assert logs("-n", "0", "--grep", '"epis[o]de"') == episodes
    assert any('"launch"' in line for line in logs("--supervisor"))
    assert logs("--code", "LOG1") == logs("--component", "Nobody") == []
    for words, said in (
        (("--grep", "("), "regular expression"),
        (("--quarantine",), "elsewhere"),
        (("--worker", "2"), "no worker"),
    ):
        refused = mosaic(*here, "runs", "logs", "far", *words)
        assert refused.returncode == 2
        assert said in refused.stderr


def test_its_problems_are_told_as_those_of_a_run_here(remote: RemoteDaemon, mosaic: Mosaic) -> None:
    wrong = mosaic(*_options(remote), "train", "randm")
    assert wrong.returncode == 2
    assert "did you mean" in wrong.stderr
    wrong = mosaic(*_options(remote), "train", "random", "--set", "total_steps=-1")
    assert wrong.returncode == 2
    assert "total_steps" in wrong.stderr


def test_a_detached_run_is_followed_by_the_suggested_command(remote: RemoteDaemon, mosaic: Mosaic) -> None:
    left = mosaic(*_options(remote), "train", "random", "--steps", "100000000", "--set", "step_rate=100", "--detach")
    assert left.returncode == 0, left.stderr
    run_id = left.stdout.strip()
    assert f"mosaic --daemon {remote.address}" in left.stderr
    assert f"runs watch {run_id}" in left.stderr
    assert mosaic(*_options(remote), "runs", "cancel", run_id, "--wait").returncode == 0


def test_what_cannot_be_measured_from_here_removes_nothing(remote: RemoteDaemon, mosaic: Mosaic) -> None:
    here = _options(remote)
    for name in ("kept", "also kept"):
        assert mosaic(*here, "train", "random", "--steps", "20", "--name", name).returncode == 0
    refused = mosaic(*here, "runs", "delete", "--larger-than", "10G", "--yes")
    assert refused.returncode == 2
    assert "cannot be selected by size from another machine" in refused.stderr
    left = mosaic(*here, "train", "random", "--steps", "100000000", "--set", "step_rate=100", "--detach")
    refused = mosaic(*here, "runs", "delete", "kept", left.stdout.strip(), "--yes")
    assert refused.returncode == 2
    assert "has not ended" in refused.stderr
    assert len(json.loads(mosaic(*here, "runs", "list", "--json").stdout)["runs"]) == 3, "then none is removed"
    assert mosaic(*here, "runs", "cancel", "latest", "--wait").returncode == 0


def test_an_executor_that_only_that_machine_has(
    daemon_home: Path, tls: TlsFiles, mosaic: Mosaic, tmp_path: Path
) -> None:
    there = Installation(tmp_path / "there")
    there.add("plain-executor", ("plain_executor",), {"mosaic.executors": {"plain": "plain_executor:PlainExecutor"}})
    with daemon_with_tls(daemon_home, tls, python=there.python) as info:
        here = _options(remote_of(daemon_home, info, tls))
        train = [*here, "train", "random", "--steps", "30", "--json", "--executor"]
        trained = mosaic(*train, "plain")
        assert trained.returncode == 0, trained.stderr
        (run,) = json.loads(trained.stdout)["runs"]
        assert (run["state"], run["executor"]) == ("completed", "plain")

        config = tmp_path / "run.json"
        worker = {"worker_id": "random", "config": {"total_steps": 30}}
        config.write_text(json.dumps({"run_name": "far", "executor": "plain", "metadata": {"worker": worker}}))
        checked = mosaic(*here, "run", str(config), "--dry-run")
        assert checked.returncode == 0, checked.stderr

        wrong = mosaic(*train, "plane")
        assert wrong.returncode == 2
        assert "'plane'" in wrong.stderr
        assert "did you mean 'plain'?" in wrong.stderr
        assert mosaic("train", "random", "--executor", "plain").returncode == 2, "this machine does not have it"

        status = json.loads(mosaic(*here, "daemon", "status", "--json").stdout)
        assert status["executors"] == sorted([*OWN_NAMES, "plain"])
        assert status["public_address"] == info.public_address
        told = mosaic(*here, "daemon", "status").stdout
        assert f"from other machines: {info.public_address}, with TLS" in told
        assert "executors: " + ", ".join(sorted([*OWN_NAMES, "plain"])) in told


def test_contexts(remote: RemoteDaemon, mosaic: Mosaic, tmp_path: Path) -> None:
    added = mosaic("daemon", "contexts", "add", "lab", remote.address, "--token-file", remote.token_file,
                   "--tls-ca", str(remote.ca_file))  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert "warning" not in added.stderr
    kept = (tmp_path / "user" / ".config" / "mosaic" / "contexts.json").read_text("utf-8")
    assert Path(remote.token_file).read_text("ascii").strip() not in kept, "the token itself is never copied"
    assert json.loads(mosaic("runs", "list", "--json").stdout)["runs"] == [], "it is not in use yet"
    assert mosaic("--context", "lab", "daemon", "status").returncode == 0
    assert mosaic("daemon", "status", MOSAIC_CONTEXT="lab").returncode == 0
    assert mosaic("daemon", "contexts", "use", "lab").returncode == 0
    assert json.loads(mosaic("daemon", "status", "--json").stdout)["home"]
    listed = json.loads(mosaic("daemon", "contexts", "list", "--json").stdout)
    assert (listed["in_use"], list(listed["contexts"])) == ("lab", ["lab"])
    refused = mosaic("runs", "verify", "latest")
    assert refused.returncode == 2
    assert NEEDS_HOME["runs verify"] in refused.stderr
    for words in ("runs verify far --json", "runs reindex far --json", "doctor --json"):
        assert f"mosaic --context local {words}" in mosaic(*shlex.split(words)).stderr, "as it was typed"
    named = mosaic(
        "--daemon", remote.address, "--token-file=" + remote.token_file, "runs", "archive", "far", "--to", "x y"
    )
    assert "mosaic --context local runs archive far --to 'x y'" in named.stderr
    hidden = mosaic("evaluate", "far", "--setenv", "API_KEY=hunter2")
    assert "mosaic --context local evaluate far --setenv" in hidden.stderr
    assert "hunter2" not in hidden.stderr
    assert mosaic("--context", "local", "daemon", "status").returncode == 1, "the home of this machine has none"
    assert mosaic("daemon", "contexts", "remove", "lab").returncode == 0
    assert mosaic("daemon", "status").returncode == 1
    unknown = mosaic("--context", "lab", "runs", "list")
    assert unknown.returncode == 2
    assert "there is no context 'lab'" in unknown.stderr


def test_what_keeps_it_from_the_daemon_is_said(remote: RemoteDaemon, mosaic: Mosaic, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("wrong\n", "ascii")
    token.chmod(0o600)
    told = [
        (["--daemon", remote.address], "no token for the daemon"),
        ([*_options(remote)[:4], "--tls-ca", str(tmp_path / "none.pem")], "the certificate cannot be read"),
        ([*_options(remote)[:4]], "certificate is not trusted"),
        (["--daemon", "127.0.0.1:1", *_options(remote)[2:]], "does not answer"),
        (["--daemon", "nonsense", *_options(remote)[2:]], "is not the address of a daemon"),
        (["--daemon", remote.address, "--token-file", str(token), *_options(remote)[4:]], "refused the token"),
        (["--daemon", "192.0.2.1:1", "--token-file", remote.token_file, "--no-tls"], "is not sent without TLS"),
        (["--token-file", remote.token_file], "--token-file belongs to --daemon"),
        ([*_options(remote), "--context", "x"], "exclude each other"),
    ]
    for options, expected in told:
        ended = mosaic(*options, "runs", "list")
        assert ended.returncode in (1, 2)
        assert expected in ended.stderr, ended.stderr
        assert "Traceback" not in ended.stderr
        assert "ssl_transport_security" not in ended.stderr, "gRPC's own log"
        assert "mosaic --daemon" not in ended.stderr, "what is to be done on the other machine needs no options"
    token.chmod(0o644)
    ended = mosaic("--daemon", remote.address, "--token-file", str(token), *_options(remote)[4:], "runs", "list")
    assert "other users can read the daemon's token" in ended.stderr


def test_a_watch_says_that_the_connection_is_lost_until_it_is_back(
    daemon_home: Path, tls: TlsFiles, mosaic: Mosaic, tmp_path: Path, wait_until: Callable[..., Any]
) -> None:
    with daemon_with_tls(daemon_home, tls) as info:
        here = _options(remote_of(daemon_home, info, tls))
        left = mosaic(*here, "train", "random", "--steps", "100000000", "--set", "step_rate=100", "--detach")
        run_id = left.stdout.strip()
        told = tmp_path / "told"
        with told.open("w") as stdout:
            watching = subprocess.Popen([_program(), *here, "runs", "watch", run_id], stdout=stdout, stderr=stdout)
        wait_until(lambda: "running" in told.read_text(), "it is watched")
    try:
        wait_until(lambda: "the connection to the daemon is lost" in told.read_text(), "that is said")
        before = told.read_text()
        with daemon_with_tls(daemon_home, tls, port=int(info.public_address.rpartition(":")[2])):
            wait_until(lambda: "running" in told.read_text()[len(before) :], "it goes on")
            assert mosaic(*here, "runs", "cancel", run_id, "--wait").returncode == 0
            assert watching.wait(30) == 3
    finally:
        watching.kill()
        watching.wait()


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-200, ["certificate has expired", "on its machine: mosaic daemon run --tls-cert FILE --tls-key FILE"]),
     (200, ["certificate is not trusted", "not yet valid"])],
)  # fmt: skip
def test_a_certificate_out_of_its_time(
    daemon_home: Path, tls: TlsFiles, mosaic: Mosaic, days: int, expected: list[str]
) -> None:
    move_dates(tls.certificate, days)
    with daemon_with_tls(daemon_home, tls) as info:
        ended = mosaic(*_options(remote_of(daemon_home, info, tls)), "runs", "list")
    assert ended.returncode == 2
    told = " ".join(ended.stderr.split())
    for part in expected:
        assert part in told


def test_a_forwarded_socket(daemon_home: Path, remote: RemoteDaemon, mosaic: Mosaic) -> None:
    address = f"unix:{daemon_home / 'daemon.sock'}"
    ended = mosaic("--daemon", address, "--token-file", remote.token_file, "daemon", "status")
    assert ended.returncode == 0, ended.stderr


def test_every_command_works_anywhere_or_says_why_not() -> None:
    def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
        for name in group.list_commands(click.Context(group)):
            command = group.get_command(click.Context(group), name)
            if isinstance(command, click.Group):
                yield from commands(command, (*words, name))
            else:
                yield " ".join((*words, name)), command

    found = {words: getattr(command.callback, "works_anywhere", False) for words, command in commands(cli)}
    assert {words for words, anywhere in found.items() if not anywhere} == set(NEEDS_HOME)


@pytest.mark.parametrize("address", ["host:50055", "10.0.0.1:1", "[::1]:65535", "unix:/tmp/x.sock"])
def test_addresses(address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize(
    "address", ["host", "host:", ":1", "host:0", "host:65536", "::1:5", "http://host:1", "a b:1", "unix:x"]
)
def test_no_addresses(address: str) -> None:
    with pytest.raises(UsageError, match="not the address"):
        check_address(address)
