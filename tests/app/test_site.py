from __future__ import annotations

from typing import Any

import pytest

from gym_gui.app.site import RemoteSite, usable
from gym_gui.core.worker.errors import UsageError
from gym_gui.workers.record import WorkerRecord


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"distribution": "lib", "version": "1.0", "entry_point": "a:b"}, "lib 1.0 (a:b)"),
        ({}, "/home/envs/tiny/1/bin/python"),
    ],
)
def test_a_broken_worker_is_told_with_its_place_also_where_its_package_is_unknown(
    told: dict[str, str], where: str
) -> None:
    package = {"distribution": "", "version": "", "entry_point": "", **told}
    record = WorkerRecord(name="tiny", python="/home/envs/tiny/1/bin/python", broken="it was moved", **package)
    with pytest.raises(UsageError) as caught:
        usable(record)
    assert caught.value.where == where


def test_a_daemon_elsewhere_says_which_settings_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def __enter__(self) -> Client:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def validate(self, payload: dict[str, Any]) -> list[Any]:
            return []

        def worker(self, name: str) -> WorkerRecord:
            schema = {"properties": {"hf_pin": {"type": "string", "x-secret": True}}}
            return WorkerRecord(name=name, entry_point="a:b", distribution="", version="", python="", schema=schema)

    site = RemoteSite(None)  # type: ignore[arg-type]
    monkeypatch.setattr(site, "connect", Client)
    worker = {"worker_id": "tiny", "config": {"hf_pin": "4711"}}
    config, problems = site.check({"run_name": "a", "metadata": {"worker": worker}}, dry_run=False)
    assert config is not None
    assert problems == []
    assert config.payload["metadata"]["worker"]["config"] == {"hf_pin": "${secret}"}
    assert config.workers[0].config == {"hf_pin": "4711"}
