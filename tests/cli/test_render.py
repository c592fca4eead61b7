"""``mosaic train --render`` and ``mosaic runs render``."""

from __future__ import annotations

from typing import Any

from waiting import eventually

TRAIN = ("train", "random", "--env", "CartPole-v1", "--steps", "100000000", "--set", "step_rate=200")


def test_live_frames_are_asked_for_switched_and_shown(script: Any) -> None:
    script(*TRAIN, "--render", "on", "--set", "num_envs=3", "--name", "shown", "--detach")
    eventually(lambda: "live" in script("runs", "render", "shown").stdout, "the worker shows its environments")
    assert "3 environments, a grid" in script("runs", "render", "shown").stdout
    (worker,) = script("runs", "render", "shown", "off", "--json").json["workers"]
    assert (worker["state"], worker["on"]) == ("off", False)
    assert "number 2 alone" in script("runs", "render", "shown", "on", "--place", "2").stdout
    script("runs", "cancel", "shown")


def test_a_run_without_says_how_to_start_one_with(script: Any) -> None:
    script(*TRAIN, "--name", "plain", "--detach")
    assert "it was started without live frames" in script("runs", "render", "plain").stdout
    refused = script("runs", "render", "plain", "on")
    assert refused.code != 0
    assert "--render on" in refused.stderr
    script("runs", "cancel", "plain")
    wrong = script("train", "random", "--env", "CartPole-v1", "--render", "maybe")
    assert wrong.code == 2
