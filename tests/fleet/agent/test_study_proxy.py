"""The proxy between a study and its server: takes messages at once, loses none that counts."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from monitoring_servers import MonitoringServer, serve_monitoring
from waiting import eventually

from gym_gui.fleet.agent import outbox as outbox_module
from gym_gui.fleet.agent.monitoring import Monitoring
from gym_gui.fleet.agent.outbox import Outbox
from gym_gui.fleet.agent.study_proxy import StudyProxy

pytestmark = pytest.mark.process  # openssl
HOST = "monitor.invalid"


def update(kind: str, **fields: Any) -> dict[str, Any]:
    """Return what a study posts."""
    return {"machineId": "m", "message": {"type": kind, **fields}, "timestamp": 1.0}


@pytest.fixture
def make(
    monitoring: MonitoringServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., StudyProxy]]:
    """Start a proxy; all are closed after the test."""
    monkeypatch.setattr(outbox_module, "wait_s", lambda *_: 0.05)
    started: list[StudyProxy] = []

    def start(*hosts: str) -> StudyProxy:
        proxy = StudyProxy(Monitoring(monitoring.url, "secret"), tmp_path, hosts, lambda _: None)
        proxy.start()
        started.append(proxy)
        return proxy

    yield start

    for proxy in started:
        proxy.close()


def client(proxy: StudyProxy, context: ssl.SSLContext | None = None) -> urllib.request.OpenerDirector:
    """Return a client that uses the proxy, as a study does."""
    handlers: list[Any] = [urllib.request.ProxyHandler({"http": proxy.proxy_url, "https": proxy.proxy_url})]
    return urllib.request.build_opener(*handlers, *([urllib.request.HTTPSHandler(context=context)] if context else []))


def post(opener: urllib.request.OpenerDirector, url: str, body: Any) -> Any:
    data, kind = (body, "text/plain") if isinstance(body, bytes) else (json.dumps(body).encode(), "application/json")
    request = urllib.request.Request(url, data, {"Content-Type": kind})
    with opener.open(request, timeout=30) as response:
        return json.loads(response.read())


def test_messages_arrive_in_order_when_the_server_answers_again(
    monitoring: MonitoringServer, make: Callable[..., StudyProxy]
) -> None:
    monitoring.statuses["/api/gui-update"] = [503]
    proxy = make(HOST)
    assert proxy.environment()["GOLIAT_MONITORING_URL"] == proxy.url
    through, direct = client(proxy), urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for number in range(4):
        address = f"http://{HOST}" if number % 2 else proxy.url
        assert post(
            direct if address == proxy.url else through,
            f"{address}/api/gui-update",
            update("log_batch", sequence=number),
        )
    for step in range(300):
        post(direct, f"{proxy.url}/api/gui-update", update("overall_progress", current=step, total=300))
    post(direct, f"{proxy.url}/api/gui-update", update("finished", message="ok"))
    assert not proxy.drained
    monitoring.calls.clear()
    monitoring.statuses.clear()
    eventually(lambda: proxy.drained, "all was sent")
    taken = [each["message"] for each in monitoring.sent("/api/gui-update")]
    words = [each.get("sequence", each.get("current", each["type"])) for each in taken]
    assert list(dict.fromkeys(words)) == [0, 1, 2, 3, 299, "finished"]
    assert monitoring.tokens[-1] == "Bearer secret"


def test_progress_is_sent_five_times_a_second_at_most_and_the_last_state_always(
    monitoring: MonitoringServer, make: Callable[..., StudyProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "PROGRESS_S", 3600.0)
    proxy = make()
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for step in range(50):
        for name in ("mesh", "solve"):
            post(direct, f"{proxy.url}/api/gui-update", update("stage_progress", name=name, current=step))
    eventually(lambda: len(monitoring.messages("stage_progress")) == 2, "the first of each stage")
    monkeypatch.setattr(outbox_module, "PROGRESS_S", 0.0)
    eventually(lambda: proxy.drained, "the rest")
    shown = [(each["name"], each["current"]) for each in monitoring.messages("stage_progress")]
    assert len(shown) == 4
    assert set(shown[2:]) == {("mesh", 49), ("solve", 49)}


def test_what_waits_survives_the_agent(
    monitoring: MonitoringServer, make: Callable[..., StudyProxy], tmp_path: Path
) -> None:
    monitoring.statuses["/api/gui-update"] = [503]
    proxy = make()
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    post(direct, f"{proxy.url}/api/gui-update", update("finished", message="with errors"))
    waiting = Outbox(tmp_path / "outbox.db")
    assert not waiting.empty
    waiting.close()


def test_all_else_is_passed_on(monitoring: MonitoringServer, make: Callable[..., StudyProxy]) -> None:
    monitoring.statuses["/api/assignments/a/claim"] = [409]
    proxy = make(HOST)
    through = client(proxy)
    assert post(through, f"http://{HOST}/api/heartbeat", {"machineId": "m"}) == {"ok": True}
    assert monitoring.sent("/api/heartbeat") == [{"machineId": "m"}]
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(through, f"http://{HOST}/api/assignments/a/claim", {})
    assert refused.value.code == 409
    refused.value.close()
    with serve_monitoring() as other:
        assert post(through, f"{other.url}/api/heartbeat", {"other": 1}) == {"ok": True}
        assert other.tokens == [""], "the token is for the server alone"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_https_to_a_host_that_it_stands_in_for(
    monitoring: MonitoringServer, make: Callable[..., StudyProxy], tmp_path: Path
) -> None:
    proxy = make(HOST)
    trusted = proxy.environment()["REQUESTS_CA_BUNDLE"]
    through = client(proxy, ssl.create_default_context(cafile=trusted))
    threads = [
        threading.Thread(target=post, args=(through, f"https://{HOST}/api/gui-update", update("log_batch", sequence=n)))
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert post(through, f"https://{HOST}/api/heartbeat", {"a": 1}) == {"ok": True}
    eventually(lambda: len(monitoring.messages("log_batch")) == 3, "all arrive")
    with pytest.raises(urllib.error.URLError, match="certificate"):
        post(client(proxy, ssl.create_default_context()), f"https://{HOST}/api/heartbeat", {})
    assert not list(tmp_path.glob("certificates/authority.key"))


def test_without_openssl_https_is_refused_and_said(
    monitoring: MonitoringServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    proxy = StudyProxy(Monitoring(monitoring.url), tmp_path, [HOST], said.append)
    proxy.start()
    try:
        assert "no program openssl" in said[0]
        assert "REQUESTS_CA_BUNDLE" not in proxy.environment()
        with pytest.raises(OSError, match="502"):
            post(client(proxy, ssl.create_default_context()), f"https://{HOST}/api/heartbeat", {})
    finally:
        proxy.close()


def test_other_hosts_are_reached_by_a_tunnel(monitoring: MonitoringServer, make: Callable[..., StudyProxy]) -> None:
    import http.client

    proxy = make(HOST)
    address = urllib.parse.urlsplit(proxy.proxy_url)
    secret = base64.b64encode(f"{address.username}:{address.password}".encode()).decode()
    with serve_monitoring() as other:
        tunnel = http.client.HTTPConnection(str(address.hostname), int(address.port or 0), timeout=30)
        other_host, _, other_port = other.url.partition("//")[2].partition(":")
        tunnel.set_tunnel(other_host, int(other_port), {"Proxy-Authorization": f"Basic {secret}"})
        tunnel.request("POST", "/api/heartbeat", b"{}", {"Content-Type": "application/json"})
        assert tunnel.getresponse().read() == b'{"ok": true}'
        tunnel.close()


def test_who_has_not_the_secret_gets_nothing(monitoring: MonitoringServer, make: Callable[..., StudyProxy]) -> None:
    """Others use the machine, too, and the proxy has the agent's token."""
    import http.client

    proxy = make(HOST)
    port = urllib.parse.urlsplit(proxy.url).port or 0
    for method, path in (
        ("POST", "/api/gui-update"), ("POST", "/api/v1/runs"), ("POST", f"http://{HOST}/api/heartbeat"),
        ("GET", "file://localhost/etc/hostname"), ("CONNECT", f"{HOST}:443"), ("GET", "/"),
    ):  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(method, path, b"{}" if method == "POST" else None)
        assert connection.getresponse().status in (400, 407), path
        connection.close()
    assert monitoring.calls == []
    with pytest.raises(OSError, match="404"):  # nor does a study get more than its calls
        post(urllib.request.build_opener(urllib.request.ProxyHandler({})), f"{proxy.url}/api/v1/runs", {})


def test_a_study_that_outlives_the_agent_finds_the_proxy_again(monitoring: MonitoringServer, tmp_path: Path) -> None:
    addresses = []
    for _ in range(2):
        proxy = StudyProxy(Monitoring(monitoring.url), tmp_path, [], lambda _: None)
        proxy.start()
        addresses.append((proxy.url, proxy.proxy_url))
        proxy.close()
    assert addresses[0] == addresses[1]
    assert (tmp_path / "proxy.json").stat().st_mode & 0o777 == 0o600


def test_the_oldest_log_lines_are_dropped_and_counted_and_no_end(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", max_bytes=2_000)
    outbox.put(update("finished", message="x"))
    outbox.put(update("print", message="y"))
    for number in range(100):
        outbox.put(update("log_batch", sequence=number, logs=["z" * 100]))
    outbox.put(update("memory_error", message="x" * 3_000))
    kept = []
    while waiting := outbox.first([]):
        kept.append(json.loads(waiting.body)["message"])
        outbox.remove(waiting.number)
    assert [each["type"] for each in kept] == ["finished", "memory_error"]
    assert outbox.dropped == 101
    assert outbox.empty
    outbox.close()
