"""Environments that report for themselves."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker import ConfigError
from gym_gui.core.worker.envs import EpisodeSampling, RunCounter, TelemetryWrapper
from gym_gui.core.worker.envs.frames import png_bytes


def play(env: Any, episodes: int, seed: int = 1) -> list[tuple[float, int]]:
    """Play whole episodes; return what the environment itself gave: return and length of each."""
    played = []
    env.action_space.seed(seed)
    for number in range(episodes):
        env.reset(seed=seed + number)
        total, length, done = 0.0, 0, False
        while not done:
            _, reward, terminated, truncated, _ = env.step(env.action_space.sample())
            total, length, done = total + reward, length + 1, terminated or truncated
        played.append((total, length))
    return played


def test_all_steps_and_episodes(recorder: Any) -> None:
    with TelemetryWrapper(gymnasium.make("CartPole-v1"), recorder.emitter) as env:
        played = play(env, 3)
    steps, episodes = recorder.events("step"), recorder.events("episode")
    assert [(episode["total_reward"], episode["steps"]) for episode in episodes] == played
    assert [episode["seed"] for episode in episodes] == [1, 2, 3]
    assert [episode["ep_index"] for episode in episodes] == [0, 1, 2]
    assert all(episode["terminated"] and "sampled" not in episode for episode in episodes)
    assert [step["step_index"] for step in steps] == list(range(sum(length for _, length in played)))
    assert [step["ep_index"] for step in steps] == [i for i in range(3) for _ in range(played[i][1])]
    assert steps[played[0][1] - 1]["terminated"] is True
    assert "observation" not in steps[0]
    assert type(steps[0]["action"]) is int


@pytest.mark.parametrize(("rule", "recorded"), [("none", []), ("episodes:2", [0, 2, 4])])
def test_whole_episodes_are_sampled_and_counted(recorder: Any, rule: str, recorded: list[int]) -> None:
    env = TelemetryWrapper(gymnasium.make("CartPole-v1"), recorder.emitter, steps=rule)
    played = play(env, 5)
    env.close()
    assert sorted({step["ep_index"] for step in recorder.events("step")}) == recorded
    for episode, (_, length) in zip(recorder.events("episode"), played, strict=True):
        assert episode.get("sampled", 0) == (0 if episode["ep_index"] in recorded else length)
    total = len(recorder.events("step")) + sum(episode.get("sampled", 0) for episode in recorder.events("episode"))
    assert total == sum(length for _, length in played)


def test_episode_that_is_given_up_is_not_emitted_but_its_steps_are_counted(recorder: Any) -> None:
    env = TelemetryWrapper(gymnasium.make("CartPole-v1"), recorder.emitter, steps="none")
    env.reset(seed=1)
    for _ in range(3):
        env.step(0)
    env.reset(seed=2)
    env.step(0)
    env.close()
    recorder.emitter.run_completed({})
    (event,) = recorder.events()
    assert event["sampled"] == 4


def test_recorded_episode_can_be_replayed(recorder: Any) -> None:
    env = TelemetryWrapper(gymnasium.make("CartPole-v1"), recorder.emitter, observations=True)
    play(env, 1, seed=7)
    steps = recorder.events("step")
    fresh = gymnasium.make("CartPole-v1")
    observation, _ = fresh.reset(seed=recorder.events("episode")[0]["seed"])
    assert np.allclose(steps[0]["reset_observation"], observation)
    assert "reset_observation" not in steps[1]
    for step in steps:
        observation, reward, terminated, _, _ = fresh.step(step["action"])
        assert np.allclose(step["observation"], observation)
        assert (step["reward"], step["terminated"]) == (reward, terminated)


def test_labels_and_shared_numbers(recorder: Any) -> None:
    counter = RunCounter(first_step=100, first_episode=10)
    envs = [
        TelemetryWrapper(
            gymnasium.make("CartPole-v1"), recorder.emitter, phase="eval", agent_id=f"env{i}", counter=counter
        )
        for i in range(2)
    ]
    for env in envs:
        play(env, 2)
    episodes, steps = recorder.events("episode"), recorder.events("step")
    assert [(episode["ep_index"], episode["agent_id"]) for episode in episodes] == [
        (10, "env0"),
        (11, "env0"),
        (12, "env1"),
        (13, "env1"),
    ]
    assert {event["phase"] for event in [*episodes, *steps]} == {"eval"}
    assert [step["step_index"] for step in steps] == list(range(100, 100 + len(steps)))


def test_vector_environments_that_reset_by_themselves(recorder: Any) -> None:
    counter = RunCounter()
    envs = gymnasium.vector.SyncVectorEnv(
        [lambda: TelemetryWrapper(gymnasium.make("CartPole-v1"), recorder.emitter, counter=counter) for _ in range(3)]
    )
    envs.reset(seed=1)
    for _ in range(200):
        envs.step(envs.action_space.sample())
    envs.close()
    for episode in recorder.events("episode"):
        own = [step for step in recorder.events("step") if step["ep_index"] == episode["ep_index"]]
        assert len(own) == episode["steps"]
        assert sum(step["reward"] for step in own) == episode["total_reward"]
    assert len({episode["ep_index"] for episode in recorder.events("episode")}) > 3


def test_spaces_of_arrays(recorder: Any) -> None:
    env = TelemetryWrapper(gymnasium.make("Pendulum-v1"), recorder.emitter, observations=True)
    play(env, 1)
    step = recorder.events("step")[0]
    assert len(step["action"]) == 1
    assert len(step["observation"]) == 3
    assert recorder.events("episode")[0]["truncated"] is True


@pytest.mark.parametrize("rule", ["", "some", "episodes:", "episodes:0", "episodes:-1", "episodes:x", "episodes:²"])
def test_rules_that_are_none(rule: str) -> None:
    with pytest.raises(ConfigError, match="is not a sampling rule"):
        EpisodeSampling(rule)


@given(every=st.integers(1, 1000), ep_index=st.integers(0, 10**9))
def test_every_kth(every: int, ep_index: int) -> None:
    assert EpisodeSampling(f"episodes:{every}").picks(ep_index) is (ep_index % every == 0)


# -- frames ----------------------------------------------------------------------------------------


class Coloured(gymnasium.Env[int, int]):
    """Renders one colour, another at each step."""

    observation_space = gymnasium.spaces.Discrete(10)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, render_mode: str | None = "rgb_array") -> None:
        self.render_mode = render_mode
        self._step = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self._step = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self._step += 1
        return self._step, 1.0, self._step == 3, False, {}

    def render(self) -> Any:
        return np.full((2, 3, 3), self._step, dtype=np.uint8)


def pixels(path: Path) -> tuple[int, int, bytes]:
    data = path.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    start = data.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", data[start - 8 : start - 4])
    rows = zlib.decompress(data[start : start + length])
    stride = len(rows) // height
    return width, height, b"".join(rows[row * stride + 1 : (row + 1) * stride] for row in range(height))


def test_frames_of_recorded_episodes(recorder: Any, tmp_path: Path) -> None:
    env = TelemetryWrapper(Coloured(), recorder.emitter, frames="episodes:2", frames_dir=tmp_path / "frames")
    play(env, 3)
    frames = [step.get("frame") for step in recorder.events("step")]
    assert frames == [f"ep{e:06d}/{s:06d}.png" if e != 1 else None for e in range(3) for s in range(3)]
    assert pixels(tmp_path / "frames" / frames[1]) == (3, 2, bytes([2]) * 18)


def test_frames_go_to_the_workers_folder(recorder: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOSAIC_RUN_ID", "r")
    monkeypatch.setenv("MOSAIC_RUN_DIR", str(tmp_path / "run"))
    play(TelemetryWrapper(Coloured(), recorder.emitter, frames="all"), 1)
    assert len(list((tmp_path / "run" / "frames" / "w" / "ep000000").iterdir())) == 3


def test_frames_need_an_environment_that_renders(recorder: Any) -> None:
    with pytest.raises(ValueError, match="rgb_array"):
        TelemetryWrapper(Coloured(render_mode=None), recorder.emitter, frames="all")


def test_disk_without_room_for_frames_does_not_stop_training(
    recorder: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "frames").touch()
    play(TelemetryWrapper(Coloured(), recorder.emitter, frames="all", frames_dir=tmp_path / "frames"), 1)
    assert len(recorder.events("step")) == 3
    assert "frames of episode 0 cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("frame", [np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2)), np.zeros(3, np.uint8)])
def test_what_is_no_picture(frame: Any) -> None:
    with pytest.raises(ValueError, match="a frame is uint8"):
        png_bytes(frame)


def test_grey_pictures(tmp_path: Path) -> None:
    (tmp_path / "grey.png").write_bytes(png_bytes(np.arange(6, dtype=np.uint8).reshape(2, 3)))
    assert pixels(tmp_path / "grey.png") == (3, 2, bytes(range(6)))
