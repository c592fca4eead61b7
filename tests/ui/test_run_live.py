"""A running run in the window: its newest steps by worker, its environment, and its episodes played again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.rpc.client import TrainerClient

pytestmark = pytest.mark.process


def logged(caplog: pytest.LogCaptureFixture) -> set[tuple[str, str]]:
    return {(record.log_code, record.worker_id) for record in caplog.records if hasattr(record, "log_code")}


def test_steps_of_each_worker_come_in_by_themselves(
    window: Any, client: TrainerClient, endless: dict[str, Any], until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    endless["metadata"]["worker"]["replicas"] = 2
    page = window.open_run(client.submit(endless))
    with caplog.at_level(logging.DEBUG, "gym_gui.app.live_buffers"):
        page.tabs.setCurrentWidget(page.live)
        until(lambda: page.live.agents.count() == 2, "both workers are listed")
        until(lambda: page.live.steps.rows and page.live.episodes.rows, "rows come in")
        wanted = {(code, worker) for code in ("LOG601", "LOG602") for worker in ("000001", "000002")}
        until(lambda: wanted <= logged(caplog), "what came in is logged with its worker")
    page.live.agents.setCurrentRow(0)
    assert {step.worker_id for step in page.live.steps.rows} == {"000001"}
    page.live.agents.setCurrentRow(1)
    assert {step.worker_id for step in page.live.steps.rows} == {"000002"}
    page.tabs.setCurrentWidget(page.overview)
    assert page.live.controller.buffers.by_key == {}  # nothing is followed that is not seen


def test_the_environment_is_seen_and_switched_while_it_runs(
    window: Any, client: TrainerClient, endless: dict[str, Any], until: Any
) -> None:
    endless["metadata"]["worker"]["config"]["render"] = "on"
    page = window.open_run(client.submit(endless))
    page.tabs.setCurrentWidget(page.environment)
    view = page.environment
    until(lambda: not view.picture.pixmap.isNull(), "a picture is shown")
    assert view.picture.pixmap.width() == 600
    until(lambda: view.switch.isVisible(), "it can be switched")
    view.switch.click()
    until(lambda: view.switch.text() == "Switch on", "it is off")


def test_a_run_that_does_not_render_says_so(
    window: Any, client: TrainerClient, endless: dict[str, Any], until: Any
) -> None:
    page = window.open_run(client.submit(endless))
    page.tabs.setCurrentWidget(page.environment)
    until(lambda: "render" in page.environment.picture.text, "why, and how to next time")
    assert not page.environment.switch.isVisible()


def test_an_episode_is_played_again(
    window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]], until: Any
) -> None:
    run_id = client.submit(random_config("replayed", total_steps=200))
    for _ in client.watch([run_id]):
        pass
    page = window.open_run(run_id)
    page.tabs.setCurrentWidget(page.episodes)
    until(lambda: page.episodes.episodes.rows, "episodes")
    page.episodes.table.selectRow(0)
    until(lambda: page.episodes.steps.rows, "steps")
    replay = page.episodes.replay
    replay.start.click()
    until(lambda: replay.end is not None, "it is played again")
    assert replay.end.outcome == "reproduced"
    assert len(replay.frames) == page.episodes.episodes.rows[0].steps + 1
    replay.slider.setValue(3)
    assert page.episodes.steps_table.currentIndex().row() == 2
    page.episodes.steps_table.selectRow(5)
    assert replay.slider.value() == 6
    replay.slider.setValue(0)
    replay.play.click()
    until(lambda: replay.slider.value() == replay.slider.maximum(), "the film reaches its end")
    until(lambda: replay.play.text() == "Play", "and stops there")
