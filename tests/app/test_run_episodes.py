"""What a page says of its episodes, and of the steps of one."""

from __future__ import annotations

from gym_gui.app.run_episodes import page_text, steps_text
from gym_gui.reading import EpisodePage
from gym_gui.telemetry import EpisodeRollup


def episode(steps: int | None = 1200) -> EpisodeRollup:
    return EpisodeRollup(id=1, episode_id="e", worker_id="000001", attempt=1, phase="train", ep_index=7, steps=steps)  # type: ignore[call-arg]


def test_a_page_says_which_of_how_many_it_has() -> None:
    assert page_text(EpisodePage(episodes=[episode()] * 2, total=1402), 200) == "201 to 202 of 1,402"
    assert page_text(EpisodePage(episodes=[], total=0), 0) == "no episodes yet"


def test_steps_that_are_not_stored_are_explained() -> None:
    assert steps_text(episode(), 900) == "900 of the 1,200 steps of episode 7"
    assert steps_text(episode(), 0).startswith("no step of episode 7 (1,200 steps) is stored")
    assert steps_text(episode(None), 5) == "5 of the 5 steps of episode 7"
