"""Whole runs: agents, their plans, and a real XMPP server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("spade_bdi", reason="needs the worker's library")
pytestmark = pytest.mark.library

_ACCOUNT: dict[str, Any] = {"xmpp_jid": "team@localhost", "xmpp_verify": False, "xmpp_timeout_s": 10.0}
_PASSWORD = {"XMPP_PASSWORD": "mosaic-canary-secret"}


@pytest.fixture
def server() -> Iterator[int]:
    """An XMPP server in a process of its own; the port."""
    program = (
        "import asyncio, sys\n"
        "from spade_bdi_worker.bdi.server import EmbeddedServer\n"
        "async def main():\n"
        "    async with EmbeddedServer() as server:\n"
        "        print(server.port, flush=True)\n"
        "        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.communicate(timeout=30)


def test_agents_train_and_tell_what_they_believe_intend_and_say(worker: Any) -> None:
    ran = worker("--worker-id", "000002", learners=2, episodes_per_goal=10, mind="steps")
    assert ran.lifecycle() == ["run_started", "checkpoint_saved", "run_completed"]
    assert {event["worker_id"] for event in ran.events} == {"000002"}
    assert [step["step_index"] for step in ran.data("step")] == list(range(500))
    assert ran.summary["messages_sent"] == ran.summary["messages_received"] > 4
    first, *_, last = ran.data("step")
    assert first["messages"][0] == {
        "from": "coordinator", "to": "learner_0", "performative": "achieve", "content": "play(0, 10)"
    }  # fmt: skip
    assert first["intention"] == "!act"
    assert {"over(false)", "phase(train)", "goal(0, 10, coordinator)"} <= set(first["beliefs"])
    assert last["intentions"] == ["!act"]
    assert "localhost" not in json.dumps([ran.data("step"), ran.data("episode")])
    assert any("from" in message for episode in ran.data("step") for message in episode.get("messages", []))
    assert not ran.left


def test_weights_and_biases_offline(worker: Any, tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="needs the extra 'tracking'")
    ran = worker(wandb="offline", wandb_project="mine")
    assert ran.lifecycle()[-1] == "run_completed", ran.errors
    assert list(tmp_path.rglob("*.wandb"))


def test_plans_change_nothing_of_what_is_learned(worker: Any, learners: Any) -> None:
    settings = {"env_id": "Taxi-v4", "learners": 2, "episodes_per_goal": 2}
    assert worker(**settings).acts() == learners(**settings).acts()


def test_an_evaluation_follows_a_training(worker: Any, learners: Any) -> None:
    settings = {"learners": 2, "eval_at_end": True, "eval_episodes": 6, "total_steps": 200}
    ran = worker(**settings)
    assert ran.acts() == learners(**settings).acts()
    players = [[*e["agent_rewards"]] for e in ran.data("episode") if e["phase"] == "eval"]
    assert players == [["learner_0"]] * 3 + [["learner_1"]] * 3


def test_agents_that_report_without_playing_are_found_out(worker: Any, tmp_path: Path) -> None:
    plans = "+!play(First, _)[source(C)] <- .send(C, tell, report(First, 0, 0, 0)).\n"
    (tmp_path / "lazy.asl").write_text(plans)
    ran = worker(learner_asl=str(tmp_path / "lazy.asl"))
    assert ran.code != 0
    assert "no episode was played" in ran.named("run_failed")[0]["error"]


def test_several_runs_at_once_have_servers_of_their_own(worker: Any) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda seed: worker(seed=seed), [1, 1, 2]))
    assert runs[0].acts() == runs[1].acts() != runs[2].acts()
    assert not any(ran.left for ran in runs)


def test_a_checkpoint_is_resumed_and_evaluated(worker: Any) -> None:
    whole = worker(checkpoint_interval=200)
    path = whole.named("checkpoint_saved")[0]["path"]
    resumed = worker(mode="resume", checkpoint_path=path, checkpoint_interval=200, seed=77)
    assert resumed.acts() == whole.acts()[200:]
    evaluated = worker(mode="evaluate", checkpoint_path=path, eval_episodes=3)
    assert [e["phase"] for e in evaluated.data("episode")] == ["eval"] * 3
    assert evaluated.summary["evaluation"]["episodes"] == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_a_checkpoint_and_says_cancelled(start: Any, tmp_path: Path, number: signal.Signals) -> None:
    process = start({"run_id": "c", "total_steps": 10**9, "checkpoint_interval": 0, "heartbeat_interval_s": 1})
    assert process.stdout is not None
    lines = []
    while '"episode"' not in (line := process.stdout.readline()) or '"event_type"' not in line:
        assert line, process.stderr.read()
        lines.append(line)
    process.send_signal(number)
    events = [json.loads(text) for text in [*lines, line, *process.stdout.read().splitlines()]]
    assert process.wait(timeout=30) == 128 + number
    process.communicate()
    told = [e["event"] for e in events if "event" in e and e["event"] != "heartbeat"]
    assert told == ["run_started", "checkpoint_saved", "run_cancelled"]
    saved = next(e["payload"] for e in events if e.get("event") == "checkpoint_saved")
    assert saved["step"] == sum(e.get("event_type") == "step" for e in events)
    assert not list(tmp_path.glob("mosaic-xmpp-*"))


def test_agents_share_an_account_of_a_server(worker: Any, server: int) -> None:
    made = worker(**_ACCOUNT, xmpp_port=server, xmpp_register=True, learners=3, environment=_PASSWORD)
    again = worker(**_ACCOUNT, xmpp_port=server, learners=3, environment=_PASSWORD)
    assert made.acts() == again.acts()
    told = [{**e, "timestamp": 0, "run_id": 0} for e in made.data("episode")]
    assert told == [{**e, "timestamp": 0, "run_id": 0} for e in again.data("episode")]
    assert "canary" not in json.dumps(made.events) + made.errors


def test_runs_at_once_share_an_account_and_do_not_hear_each_other(worker: Any, server: int) -> None:
    settings = {**_ACCOUNT, "xmpp_port": server, "learners": 2, "episodes_per_goal": 5, "environment": _PASSWORD}
    alone = worker(**settings, xmpp_register=True, seed=1)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda seed: worker(**settings, seed=seed), [1, 2]))
    assert runs[0].acts() == alone.acts() != runs[1].acts()
    assert all(ran.summary["messages_sent"] == ran.summary["messages_received"] for ran in runs)


def test_a_wrong_password_is_tried_again_and_then_told(worker: Any, server: int) -> None:
    worker(**_ACCOUNT, xmpp_port=server, xmpp_register=True, total_steps=10, environment=_PASSWORD)
    ran = worker(**_ACCOUNT, xmpp_port=server, xmpp_retries=1, environment={"XMPP_PASSWORD": "mosaic-canary-wrong"})
    assert ran.code == 1
    assert "refused the account or its password (2 tries)" in ran.named("run_failed")[0]["error"]
    assert "try 1 of 2" in ran.errors
    assert "canary" not in json.dumps(ran.events) + ran.errors


def test_a_login_that_was_answered_late_leaves_no_connection() -> None:
    """Both would take the account's messages, and the agent would have each of them twice."""
    from spade_bdi_worker.bdi.connection import log_in

    class Client:
        def __init__(self, answers: bool) -> None:
            self.answers, self.open = answers, True

        async def get_roster(self) -> None:
            await asyncio.sleep(0 if self.answers else 60)

        def cancel_connection_attempt(self) -> None:
            pass

        def abort(self) -> None:
            self.open = False

    class Agent:
        short_name, unreachable, nonsense = "learner_0", "", ""

        def __init__(self) -> None:
            self.clients: list[Client] = []

        @property
        def client(self) -> Client:
            return self.clients[-1]

        def is_alive(self) -> bool:
            return True

        async def start(self, auto_register: bool) -> None:
            self.clients.append(Client(answers=bool(self.clients)))

    agent, said = Agent(), list[str]()
    asyncio.run(
        log_in(agent, server="s", register=True, timeout_s=0.5, retries=3, say=said.append)  # type: ignore[arg-type]
    )
    assert [client.open for client in agent.clients] == [False, True]
    assert len(said) == 1


def test_a_server_that_is_down_is_told_with_the_reason(worker: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        # Long enough for a busy machine to find out that nobody listens.
        settings = {**_ACCOUNT, "xmpp_timeout_s": 5.0}
        ran = worker(**settings, xmpp_port=port, xmpp_retries=1, environment=_PASSWORD)
    assert ran.code == 1
    assert "cannot be reached" in ran.named("run_failed")[0]["error"]


def test_a_server_that_never_answers_is_told_so(worker: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = {**_ACCOUNT, "xmpp_timeout_s": 1.0, "xmpp_port": mute.getsockname()[1]}
        ran = worker(**settings, xmpp_retries=1, environment=_PASSWORD)
    assert ran.code == 1
    assert "no answer within 1 s (2 tries)" in ran.named("run_failed")[0]["error"]


def test_a_server_that_speaks_something_else_is_told_so(worker: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as web:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    end, _ = web.accept()
                    with end:
                        end.recv(4096)
                        end.sendall(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        settings = {**_ACCOUNT, "xmpp_timeout_s": 5.0, "xmpp_port": web.getsockname()[1]}
        ran = worker(**settings, xmpp_retries=0, environment=_PASSWORD)
        web.shutdown(socket.SHUT_RDWR)
    assert ran.code == 1
    error = ran.named("run_failed")[0]["error"]
    assert "what it answers is not XMPP: HTTP/1.1 429 Too Many Requests" in error
    assert "(1 try)" in error


def test_a_lost_connection_is_made_again(worker: Any, server: int) -> None:
    with _Relay(server) as relay:
        settings = {**_ACCOUNT, "xmpp_port": relay.port, "xmpp_register": True, "total_steps": 20_000}
        threading.Thread(target=relay.cut_when_busy, daemon=True).start()
        ran = worker(**settings, environment=_PASSWORD, episodes_per_goal=5)
        assert relay.cuts == 1
    assert "the agents log in again" in ran.errors
    assert [step["step_index"] for step in ran.data("step")] == list(range(20_000))


def test_a_password_that_is_missing_is_asked_for(worker: Any) -> None:
    ran = worker(**_ACCOUNT, xmpp_port=1)
    assert ran.code == 1
    assert "Set XMPP_PASSWORD" in ran.named("run_failed")[0]["error"]


def test_a_port_that_is_taken_is_told(worker: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = worker(xmpp_port=taken.getsockname()[1])
    assert ran.code != 0
    assert "cannot listen on port" in ran.named("run_failed")[0]["error"]


def test_plans_of_ones_own_decide(worker: Any, tmp_path: Path) -> None:
    from spade_bdi_worker.bdi.agents import PLANS

    plans = (PLANS / "learner.asl").read_text()
    ruled = plans.replace(
        "+!act : over(false) <-", "+!act : over(false) & state(0) <- .do(2); !!act.\n+!act : over(false) <-"
    )
    (tmp_path / "rule.asl").write_text(ruled)
    ran = worker(learner_asl=str(tmp_path / "rule.asl"), observations=True)
    before = 0
    for step in ran.data("step"):
        if before == 0:
            assert step["action"] == 2
        before = 0 if step["terminated"] or step["truncated"] else step["observation"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (".choose(Action);", ".choos(Action);", "plans of learner_0 failed"),
        ("    .do(Action);", "    .do(17);", "cannot do 17"),
        ("    .send(Coordinator", "    .wait(1); true; .concat(Coordinator", "failed"),
        ("!!episode(N + 1)", "!!episode(N + 2)", "not its turn"),
    ],
)
def test_faults_of_plans_end_the_run(worker: Any, tmp_path: Path, old: str, new: str, told: str) -> None:
    from spade_bdi_worker.bdi.agents import PLANS

    plans = (PLANS / "learner.asl").read_text()
    assert old in plans
    (tmp_path / "bad.asl").write_text(plans.replace(old, new))
    ran = worker(learner_asl=str(tmp_path / "bad.asl"))
    assert ran.code != 0
    assert told in ran.named("run_failed")[0]["error"]


def test_agents_that_forget_to_report_are_found_out(worker: Any, tmp_path: Path) -> None:
    (tmp_path / "silent.asl").write_text("+!play(_, _).\n")
    ran = worker(learner_asl=str(tmp_path / "silent.asl"), xmpp_timeout_s=8.0)
    assert ran.code == 1
    assert "No agent has had anything to do for 8 s" in ran.named("run_failed")[0]["error"]
    assert "play(0, 50)" in ran.named("run_failed")[0]["error"]


def test_run_started_comes_before_the_library(worker: Any) -> None:
    ran = worker("--dry-run")
    assert ran.lifecycle() == ["run_started", "run_completed"]
    assert ran.summary["status"] == "dry-run"


def test_the_former_module_runs(start: Any) -> None:
    process = start({"run_id": "r", "total_steps": 20}, "--worker-id", "w9", module="spade_bdi_rl.worker")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(output.splitlines()[-1])["worker_id"] == "w9"


def test_a_strangers_message_is_refused() -> None:
    from spade.message import Message

    from spade_bdi_worker.bdi.reasoning import Reasoning
    from spade_bdi_worker.telemetry import MessageLog, Names

    class Nothing:
        """Whatever it is asked for."""

    async def take() -> tuple[int, int]:
        names, log = Names(), MessageLog()
        names.add("coordinator@localhost", "coordinator")
        agent, session, training = Nothing(), Nothing(), Nothing()
        agent.session, session.names, session.training, training.messages = session, names, training, log  # type: ignore[attr-defined]
        reasoning = Reasoning()
        reasoning.agent, reasoning.queue = agent, asyncio.Queue()  # type: ignore[assignment]
        for sender in ("mallory@localhost", "coordinator@localhost/x"):
            await reasoning.enqueue(Message(to="learner_0@localhost", sender=sender, body="play(0, 1)"))
        return log.refused, log.received

    assert asyncio.run(take()) == (1, 1)


class _Relay:
    """Passes connections on to a server, and cuts them once."""

    def __init__(self, target: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.cuts, self._target = self._listener.getsockname()[1], 0, target
        self._pairs: list[socket.socket] = []
        self._passed = 0

    def __enter__(self) -> _Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._cut()

    def cut_when_busy(self, bytes_passed: int = 40_000, deadline_s: float = 60.0) -> None:
        until = time.monotonic() + deadline_s
        while self._passed < bytes_passed and time.monotonic() < until:
            time.sleep(0.05)
        self.cuts += 1
        self._cut()

    def _cut(self) -> None:
        for end in self._pairs:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self._target))
            self._pairs += [client, upstream]
            for source, sink in ((client, upstream), (upstream, client)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._passed += len(data)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
