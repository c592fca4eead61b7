"""Programs that claim assignments by HTTP, over a real daemon and `mosaic web`: as existing ones do, and worse."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from programs import JPEG, Program
from waiting import eventually
from web_servers import HOST, Ask

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.telemetry import verify_run

pytestmark = pytest.mark.process
CONFIGS = [{"study_type": "far_field", "z": 1, "a": {"y": [2, 1], "b": None}, "phantoms": [name]} for name in "ab"]


@pytest.fixture
def url(dashboard: str) -> str:
    """The address of a running `mosaic web`."""
    return dashboard.partition("/#")[0]


@pytest.fixture
def program(url: str) -> Program:
    return Program(url)


def state(program: Program, study: str, wanted: str, index: int = 0) -> dict[str, Any]:
    """Return an assignment once it is in a state."""
    eventually(lambda: program.assignments(study)[index]["status"] == wanted, f"assignment {index} is {wanted}")
    return program.assignments(study)[index]


def ended(client: TrainerClient, run_id: str) -> Any:
    """Return a run once it has ended."""
    eventually(lambda: client.get(run_id).state.terminal, f"the end of {run_id}", 60.0)
    return client.get(run_id)


def logged(home: Path, run_id: str, attempt: int = 1) -> str:
    return RunFolder.of(home, run_id).stderr_log("000001", attempt).read_text()


def test_a_study_from_its_creation_to_its_results(
    program: Program, url: str, client: TrainerClient, daemon_home: Path
) -> None:
    first = program.create("super", CONFIGS)
    study = program.create("super", CONFIGS, base=CONFIGS[0])
    listed = program.get("/api/super-studies", name="super").json()
    assert [each["id"] for each in listed] == [study, first], "the newest first"
    assert program.get("/api/super-studies", name="sup").json() == []
    assert program.get("/api/super-studies", name="super").status_code == 200

    assignments = program.assignments(study)
    assert [each["index"] for each in assignments] == [0, 1]
    assert [json.dumps(each["splitConfig"]) for each in assignments] == [json.dumps(each) for each in CONFIGS]
    mine = assignments[0]["id"]

    with ThreadPoolExecutor(50) as threads:
        racers = [Program(url, f"m{number}") for number in range(50)]
        answers = [*threads.map(lambda racer: racer.claim(mine), racers)]
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 49]
    (winner,) = (racer for racer, answer in zip(racers, answers, strict=True) if answer.status_code == 200)
    refused = next(answer.json()["error"] for answer in answers if answer.status_code == 409)
    assert winner.machine in refused["what"]
    assert refused["next"]
    assert winner.claim(mine).status_code == 200, "the same machine may claim again"
    claimed = program.assignments(study)[0]
    assert (claimed["status"], claimed["machineId"], claimed["attempt"]) == ("RUNNING", winner.machine, 1)

    assert winner.heartbeat(gpuName="RTX", cpuCores=8, totalRamGB=31.9, hostname="vm").status_code == 200
    machine = next(each for each in client.fleet() if each.machine_id == winner.machine)
    assert (machine.online, machine.facts.hostname, machine.facts.cpus) == (True, "vm", 8)
    winner.tell("overall_progress", current=30, total=60)
    winner.tell("stage_progress", name="Setup", current=1, total=4, sub_stage="x")
    winner.tell("profiler_update", eta_seconds=None)
    winner.tell("of_a_later_version", figures=[1, {"a": None}])
    winner.tell("terminal_only", message="\x1b[31mred\x1b[0m", log_type="warning", timestamp=time.time())
    began = time.time() - 60
    winner.log_at_once([("third", began + 3), ("first", began + 1), ("second", began + 2)])
    run_id = claimed["runId"]
    eventually(lambda: client.get(run_id).steps == 50, "50 percent")
    assert client.get(run_id).state is RunState.RUNNING
    eventually(lambda: "third" in logged(daemon_home, run_id), "log lines")
    text = logged(daemon_home, run_id)
    assert text.index("first") < text.index("second") < text.index("third")
    assert "WARNING \x1b[31mred\x1b[0m\n" in text
    assert winner.upload(mine, "far/x", {"config.json": b"{}", "s.pkl": b"p" * 5_000_000}).status_code == 200
    winner.finish()
    run = ended(client, run_id)
    assert (run.state, run.steps) == (RunState.COMPLETED, 100)
    assert run.ledger.lines == run.ledger.stored + run.ledger.log
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok
    assert program.states(study) == ["COMPLETED", "PENDING"]
    listed = program.get("/api/super-studies", name="super").json()
    assert (listed[0]["totalAssignments"], listed[0]["completedAssignments"]) == (2, 1)
    assert client.study(study).progress == pytest.approx(0.5)

    winner.tell("overall_progress", current=10, total=100)  # late
    winner.log("late line")
    assert program.claim(mine).status_code == 409, "it is completed"
    assert winner.claim(mine).status_code == 200, "its owner may upload again"
    assert winner.upload(mine, "far/x", {"config.json": b"{}", "more.json": b"1"}).status_code == 200
    assert winner.upload(mine, "far/x", {"config.json": b"other"}).status_code == 200
    after = client.get(run_id)
    assert (after.state, after.steps) == (RunState.COMPLETED, 100), "late messages revive nothing"
    files = {file.path.partition("/results/")[2] for row in client.study_results(study).rows for file in row.files}
    assert {"0001/far/x/config.json", "0001/far/x/s.pkl", "0001/far/x/more.json"} <= files
    assert len(files - {""}) == 4, "a file with the same name is kept beside the other one"
    kept = next(iter(RunFolder.of(daemon_home, run_id).control.glob("fleet/*.messages.jsonl"))).read_text()
    assert "of_a_later_version" in kept
    assert "late line" in kept

    page = httpx.get(f"{url}/super-studies/{study}")
    assert (page.status_code, page.headers["location"]) == (307, f"/studies/{study}")


def test_what_programs_say_of_their_end(program: Program, client: TrainerClient, daemon_home: Path) -> None:
    study = program.create("ends", [{"n": number} for number in range(3)])
    fatal, errors, memory = program.assignments(study)
    assert program.claim(fatal["id"]).status_code == 200
    program.log("cancelled by user", kind="warning")
    program.log("S4L crashed", kind="fatal")
    program.finish()  # "successfully"
    eventually(lambda: program.states(study)[0] == "FAILED", "a fatal line decides")

    assert program.claim(errors["id"]).status_code == 200
    program.finish(errors=True)
    eventually(lambda: program.states(study)[1] == "FAILED", "with errors")

    assert program.claim(memory["id"]).status_code == 200
    program.tell("memory_error", message="out of memory", exit_code=42)
    program.finish(errors=True)
    assert program.claim(memory["id"]).status_code == 200, "it is started again at once"
    again = program.assignments(study)[2]
    assert (again["status"], again["attempt"]) == ("RUNNING", 2)
    program.log("second try")
    program.finish()
    run = ended(client, again["runId"])
    assert (run.state, run.attempts) == (RunState.COMPLETED, 2)
    state_of = client.study(study).assignments[2]
    assert (state_of.attempt, len(state_of.runs)) == (2, 1)
    assert "second try" in logged(daemon_home, again["runId"], 2)

    last = program.create("again and again", [{"n": 1}])
    (each,) = program.assignments(last)
    for number in range(1, 6):
        assert program.claim(each["id"]).status_code == 200
        assert program.assignments(last)[0]["attempt"] == number
        program.tell("memory_error", message="out of memory", exit_code=42)
        program.tell("finished", message="Study finished with errors")
    assert ended(client, each["runId"]).state is RunState.FAILED
    assert program.states(last) == ["FAILED"], "five attempts are enough"

    failed = ended(client, program.assignments(study)[0]["runId"])
    assert (failed.state, failed.steps) == (RunState.FAILED, 0), "a failed run never shows 100 %"
    assert "S4L crashed" in failed.cause
    assert program.claim(fatal["id"]).status_code == 200, "what failed may be claimed again"
    retried = program.assignments(study)[0]
    assert (retried["status"], retried["id"]) == ("RUNNING", fatal["id"])
    assert retried["runId"] != failed.run_id
    program.finish()
    state(program, study, "COMPLETED")


@pytest.mark.slow
def test_a_lease_that_expires_goes_back_and_a_plain_agent_gets_the_work(
    monkeypatch: pytest.MonkeyPatch, daemon_home: Path, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("MOSAIC_CLAIM_LEASE_S", "2")
    client: TrainerClient = request.getfixturevalue("client")
    url = request.getfixturevalue("dashboard").partition("/#")[0]
    lost, agent = Program(url, "lost"), Program(url, "agent")
    study = lost.create("leases", [{"n": 1}])
    (assignment,) = lost.assignments(study)
    assert lost.claim(assignment["id"]).status_code == 200
    assert agent.claim(assignment["id"]).status_code == 409
    assert agent.get("/api/assignment", machineId="agent").json() == {}
    assert state(lost, study, "PENDING")["machineId"] == "lost"

    offer = agent.get("/api/assignment", machineId="agent").json()
    assert (offer["config"], offer["split_index"]) == ({"n": 1}, 0)
    assert lost.get("/api/assignment", machineId="lost").json() == {}, "it was offered to another one"
    assert lost.claim(assignment["id"]).status_code == 409
    config = httpx.get(offer["config_url"])
    assert config.json() == {"n": 1}
    assert hashlib.sha256(config.content).hexdigest() == offer["config_sha256"]
    assert lost.states(study) == ["PENDING"], "an offer is no claim"
    assert agent.heartbeat().status_code == 200
    running = state(agent, study, "RUNNING")
    assert (running["machineId"], running["attempt"]) == ("agent", 2)
    lost.log("from beyond")
    for _ in range(6):
        time.sleep(0.5)
        assert agent.heartbeat().status_code == 200
    assert agent.states(study) == ["RUNNING"], "heartbeats renew the lease"
    assert agent.get("/api/assignment", machineId="agent").json()["config"] == {"n": 1}, "its program ended"
    assert lost.states(study) == ["PENDING"]
    client.cancel_study(study)
    eventually(lambda: lost.states(study) == ["CANCELLED"], "cancelled")
    assert agent.claim(assignment["id"]).status_code == 409


def test_a_cancelled_run_ends_and_a_daemon_that_was_killed_changes_nothing(
    program: Program, client: TrainerClient, daemon_home: Path
) -> None:
    study = program.create("killed", [{"n": 1}, {"n": 2}])
    first, second = program.assignments(study)
    assert program.claim(first["id"]).status_code == 200
    program.tell("overall_progress", current=1, total=4)
    client.shutdown()
    eventually(lambda: program.heartbeat().status_code == 200, "another daemon answers")
    program.tell("overall_progress", current=2, total=4)
    assert program.claim(first["id"]).status_code == 200
    assert program.assignments(study)[0]["attempt"] == 1
    program.finish()
    eventually(lambda: program.states(study)[0] == "COMPLETED", "completed")

    assert program.claim(second["id"]).status_code == 200
    with TrainerClient.connect(daemon_home) as other:
        other.cancel(program.assignments(study)[1]["runId"], reason="enough")
        eventually(lambda: program.states(study)[1] == "CANCELLED", "cancelled")
        run = ended(other, program.assignments(study)[1]["runId"])
    assert (run.state, "enough" in run.cause) == (RunState.CANCELLED, True)
    program.log("late")


def test_hostile_uploads_and_garbage(program: Program, client: TrainerClient, daemon_home: Path) -> None:
    study = program.create("hostile", [{"n": 1}])
    (assignment,) = program.assignments(study)
    mine = assignment["id"]
    assert program.claim(mine).status_code == 200
    names = ["../../../evil", "/etc/evil", "C:\\evil", "a/../../evil", "nul", "evil\x00.txt", "é" * 40]
    for name in names:
        answer = program.upload(mine, "..\\..\\out", {name: b"x"})
        assert answer.status_code in (200, 422), (name, answer.text)
    evil = [path for path in daemon_home.rglob("*evil*") if "/results/" not in str(path)]
    assert not evil
    assert not (daemon_home.parent / "evil").exists()
    assert program.upload(mine, "x", {"n" * 300: b"x"}).status_code == 422
    assert program.upload("nothing", "x", {"a": b"x"}).status_code == 404
    assert program.upload(mine, "x", {}).status_code == 422

    assert program.show({"Disk_I/O.jpg": JPEG, "Main": JPEG + b"2"}).status_code == 200
    for tab, wanted in (("Disk_I/O.jpg", JPEG), ("Disk_I/O", JPEG), ("Main", JPEG + b"2")):
        shown = program.get(f"/api/gui-screenshots/{program.machine}/{tab}")
        assert (shown.status_code, shown.headers["content-type"], shown.content) == (200, "image/jpeg", wanted)
    assert program.get(f"/api/gui-screenshots/{program.machine}/other").status_code == 404
    assert program.show({"Main": b"<script>"}).status_code == 422
    assert program.show({"Main": JPEG + b"x" * (2 << 20)}).status_code == 422

    bad: list[tuple[str, dict[str, Any]]] = [
        ("/api/gui-update", {"content": b"{"}),
        ("/api/gui-update", {"content": b"[" * 100_000}),
        ("/api/gui-update", {"json": {"machineId": "m"}}),
        ("/api/gui-update", {"json": {"machineId": 1, "message": {}}}),
        ("/api/heartbeat", {"content": b"\xff\xfe"}),
        ("/api/heartbeat", {"json": {"machineId": ""}}),
        ("/api/heartbeat", {"json": {"machineId": "x" * 500}}),
        ("/api/super-studies", {"json": {"name": "x"}}),
        ("/api/super-studies", {"json": {"name": "x", "assignments": [{"splitConfig": 1}]}}),
        ("/api/super-studies", {"json": {"name": "x", "assignments": []}}),
        ("/api/super-studies", {"json": {"name": "x", "assignments": [{"splitConfig": {"run_id": "1"}}]}}),
        (f"/api/assignments/{mine}/claim", {"json": []}),
        ("/api/gui-screenshots", {"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=x"}}),
    ]  # fmt: skip
    for path, what in bad:
        answer = httpx.post(f"{program.url}{path}", timeout=30, **what)
        assert answer.status_code == 422, (path, what, answer.status_code, answer.text[:300])
        assert {"what", "where", "why", "next"} <= answer.json()["error"].keys()
    program.tell("overall_progress", current="x", total=0)
    program.tell("log_batch", logs=[1, None, {"message": {"a": 1}, "timestamp": "x", "log_type": 5}], sequence=-1)
    program.tell("stage_progress", name=["x"], current=True, total=[])
    assert program.post("/api/heartbeat", json={"machineId": "m", "cpuCores": "x", "hostname": 5}).status_code == 200
    program.finish()
    ended(client, state(program, study, "COMPLETED")["runId"])


def test_without_a_token_only_where_the_server_is_open(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        body = {"machineId": "m"}
        http.headers.pop("authorization")
        refused = await http.post("/api/heartbeat", json=body)
        assert refused.status_code == 401
        assert refused.json()["error"]["next"]
        assert (await http.get("/api/super-studies")).status_code == 401
        allowed = await http.post("/api/heartbeat", json=body, headers={"authorization": "Bearer token-x"})
        assert allowed.status_code == 200
        foreign = {"authorization": "Bearer token-x", "sec-fetch-site": "cross-site"}
        assert (await http.get("/api/assignment", params=body, headers=foreign)).status_code == 403
        reader = await http.post("/api/heartbeat", json=body, headers={"authorization": "Bearer token-r"})
        assert reader.status_code == 403

    ask(act)
    assert HOST
