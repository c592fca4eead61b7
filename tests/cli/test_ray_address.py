from __future__ import annotations

import pytest

from gym_gui.cli._ray_address import with_ray_address


@pytest.fixture(autouse=True)
def _none_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def test_the_address_that_was_named_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "mine:6379")
    payload = {"executor": "ray", "environment": {"A": "1", "RAY_ADDRESS": "config:6379"}}
    assert with_ray_address(payload, "named:6379")["environment"] == {"A": "1", "RAY_ADDRESS": "named:6379"}
    assert with_ray_address(payload, None) is payload
    assert with_ray_address({"executor": "ray"}, None)["environment"] == {"RAY_ADDRESS": "mine:6379"}


def test_without_an_address_the_daemon_looks_for_one() -> None:
    payload = {"executor": "ray"}
    assert with_ray_address(payload, None) is payload


def test_runs_of_other_executors_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "mine:6379")
    payload = {"executor": "local"}
    assert with_ray_address(payload, None) is payload
