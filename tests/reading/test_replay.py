"""An episode is played again from its seed and actions, and compared; else its frames are shown, or the reason."""

from __future__ import annotations

import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.reading import EpisodeQuery, ReplayEnd, ReplayFrame, ReplayQuery, read_episodes, replay_episode
from gym_gui.workers import resimulation

pytest.importorskip("gymnasium")
pytestmark = pytest.mark.process
Runs = Callable[..., Any]


def walk(*seeds: int | None) -> Callable[[Any], None]:
    """Return what plays one episode for each seed."""

    def play(env: Any) -> None:
        for seed in seeds:
            env.reset(seed=seed)
            done = False
            while not done:
                *_, terminated, truncated, _ = env.step(env.action_space.sample())
                done = terminated or truncated

    return play


def replay(run: Any, number: int = -1, **query: Any) -> tuple[list[ReplayFrame], ReplayEnd]:
    episode = read_episodes(run.folder, EpisodeQuery()).episodes[number]
    updates = list(replay_episode(run.folder, ReplayQuery(episode.id, **query)))
    assert updates[-1].end is not None
    frames: list[ReplayFrame] = []
    for update in updates:
        if update.start is not None:
            frames = []
        if update.frame is not None:
            frames.append(update.frame)
    return frames, updates[-1].end


def size(picture: bytes) -> tuple[int, ...]:
    return struct.unpack(">II", picture[16:24])


def test_a_seeded_episode_is_drawn_and_found_to_be_the_same(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run()
    run.record(walks.Walk(), walk(1, 2), observations=True)
    frames, end = replay(run)
    assert (end.outcome, end.compared, end.observations, end.reason) == ("reproduced", 8, 9, "")
    assert [frame.number for frame in frames] == list(range(9))
    assert {size(frame.data) for frame in frames} == {(40, 20)}
    assert len({frame.data for frame in frames}) == 9
    assert not (run.folder.path / "frames").exists()


def test_a_range_of_pictures_and_their_size_can_be_chosen(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run()
    run.record(walks.Walk(), walk(1))
    frames, end = replay(run, first=3, count=2, max_side=20)
    assert ([frame.number for frame in frames], end.compared) == ([3, 4], 8)
    assert {size(frame.data) for frame in frames} == {(20, 10)}
    with pytest.raises(ConfigError, match="source"):
        replay(run, source="dreamt")
    with pytest.raises(UsageError, match="no episode"):
        list(replay_episode(run.folder, ReplayQuery(5)))


def test_unseeded_episodes_continue_the_last_seeded_one(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run()
    run.record(walks.Walk(), walk(7, None, None), observations=True)
    frames, end = replay(run)
    assert (end.outcome, len(frames), end.compared) == ("reproduced", 9, 24)


def test_each_place_of_a_vector_is_an_environment_of_its_own(recorded_run: Runs, walks: Any) -> None:
    import gymnasium

    run = recorded_run()
    lengths = iter((3, 5))
    vector = gymnasium.vector.SyncVectorEnv([lambda: walks.Walk(length=next(lengths))] * 2)

    def play(env: Any) -> None:
        env.reset(seed=4)
        for _ in range(20):
            env.step(env.action_space.sample())

    run.record(vector, play, observations=True)
    episodes = read_episodes(run.folder, EpisodeQuery()).episodes
    run.change(config={"env_id": "Walk-v0", "env_kwargs": {"length": 5}})
    number = next(n for n, each in enumerate(episodes) if each.extra["env_index"] == 1 and "seed" not in each.extra)
    assert replay(run, number)[1].outcome == "reproduced"


def test_without_any_seed_it_says_so(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run()
    run.record(walks.Walk(), walk(None))
    frames, end = replay(run)
    assert (frames, end.outcome) == ([], "none")
    assert "no seed is recorded" in end.reason


def test_a_chance_that_no_seed_rules_is_told_from_its_step_on(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run(env_kwargs={"fault": "random"})
    run.record(walks.Walk(fault="random"), walk(1))
    frames, end = replay(run)
    assert (end.outcome, end.step, end.what, end.compared) == ("differs", 3, "reward", 2)
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert f"from step 3 on, reward was {end.expected}, and is now {end.got}" in end.reason


def test_stored_frames_stand_in_where_it_differs(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run(env_kwargs={"fault": "random"})
    stored = run.folder.path / "frames" / "000001"
    run.record(walks.Walk("rgb_array", fault="random"), walk(1), frames="all", frames_dir=stored)
    frames, end = replay(run)
    assert (end.outcome, [frame.number for frame in frames]) == ("stored", list(range(1, 9)))
    assert "from step 3 on" in end.reason
    (stored / "ep000000" / "000004.png").write_bytes(b"<svg>")
    (stored / "ep000000" / "000005.png").unlink()
    (stored / "ep000000" / "000005.png").symlink_to("/etc/passwd")
    frames, end = replay(run, source="stored")
    assert [frame.number for frame in frames] == [1, 2, 3, 4, 7, 8]
    assert "2 stored pictures cannot be read" in end.reason
    assert replay(run, source="simulation")[1].outcome == "differs"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("killed", "ended early"),
        ("raises", "RuntimeError: the board is on fire"),
        ("hangs", "did not end within"),
    ],
)
def test_an_environment_that_fails_in_the_middle_leaves_what_was_drawn(
    recorded_run: Runs, walks: Any, monkeypatch: pytest.MonkeyPatch, fault: str, reason: str
) -> None:
    run = recorded_run(env_kwargs={"fault": fault})
    run.record(walks.Walk(), walk(1))
    if fault == "hangs":
        monkeypatch.setitem(resimulation.resimulate.__kwdefaults__, "timeout_s", 4.0)
    frames, end = replay(run)
    assert (end.outcome, [frame.number for frame in frames]) == ("none", [0, 1, 2])
    assert reason in end.reason


def test_one_that_cannot_draw_is_compared_all_the_same(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run(env_kwargs={"fault": "undrawn"})
    run.record(walks.Walk(), walk(1))
    frames, end = replay(run)
    assert (frames, end.outcome, end.compared) == ([], "reproduced", 8)
    assert "cannot draw: RuntimeError: no display" in end.reason


def test_steps_that_were_left_out_are_told_with_how_to_record_them(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run(steps="episodes:2")
    run.record(walks.Walk(), walk(1, 2), steps="episodes:2")
    end = replay(run)[1]
    assert end.reason == "the steps of this episode were sampled out (its rule: steps=episodes:2)"
    assert "--set steps=all" in end.next_step
    assert replay(run, 0)[1].outcome == "reproduced"


def test_an_environment_or_an_interpreter_that_is_gone_is_named(recorded_run: Runs, walks: Any, tmp_path: Path) -> None:
    run = recorded_run()
    run.record(walks.Walk(), walk(1))
    run.change(env_id="no_such_package:Walk-v0")
    end = replay(run)[1]
    assert "no_such_package" in end.reason
    run.change(env_id="")
    assert "first episodes name the environment" in replay(run)[1].reason
    run.change(env_id="Walk-v0", argv=[str(tmp_path / "gone" / "python"), "-m", "replay_walks.cli"])
    end = replay(run)[1]
    assert (end.outcome, end.next_step) == ("none", "mosaic workers install random")
    run.change(argv=["./train.sh"])
    assert "a command started it" in replay(run)[1].reason


@pytest.mark.parametrize(
    "env_id", ["__import__('os').system('x')", "-c", "a/../../b_v0", "../x", "\x1b[31m", "é" * 2000, "{}", "x_v0"]
)
def test_hostile_names_of_environments_are_refused_as_unknown(recorded_run: Runs, walks: Any, env_id: str) -> None:
    run = recorded_run()
    run.record(walks.Walk(), walk(1))
    run.change(env_id=env_id)
    end = replay(run)[1]
    assert (end.outcome, end.frames) == ("none", 0)
    assert end.reason.startswith("the environment cannot be made again")


def test_a_worker_can_make_its_environments_itself(recorded_run: Runs, walks: Any, tmp_path: Path) -> None:
    run = recorded_run("Unregistered-v0", strength=3)
    run.record(walks.Walk(length=3), walk(1))
    code = "import replay_walks\ndef make_env(config, phase, render_mode):\n"
    code += "    assert phase == 'train'\n    return replay_walks.Walk(render_mode, length=config['strength'])\n"
    (tmp_path / "library" / "replay_walks" / "replay.py").write_text(code)
    assert replay(run)[1].outcome == "reproduced"


def test_a_program_of_its_own_needs_no_config(recorded_run: Runs, walks: Any) -> None:
    import gymnasium

    run = recorded_run()
    made = gymnasium.make("Walk-v0", length=3, disable_env_checker=True)
    run.record(made, walk(1, 2))
    run.change(env_id="", config={}, argv=[sys.executable, "train.py"])
    end = replay(run)[1]
    assert (end.outcome, end.compared) == ("reproduced", 3)


def test_vectors_of_a_program_are_played_again_one_by_one(recorded_run: Runs, tmp_path: Path) -> None:
    import gymnasium

    def play(env: Any) -> None:
        env.reset(seed=3)
        for _ in range(60):
            env.step(env.action_space.sample())

    run = recorded_run()
    run.record(gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync"), play)
    run.change(env_id="", config={})
    assert replay(run)[1].outcome == "reproduced"

    (tmp_path / "home").rename(tmp_path / "other")
    run = recorded_run()
    run.record(gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="vector_entry_point"), play)
    run.change(env_id="", config={})
    end = replay(run)[1]
    assert (end.outcome, "share random numbers" in end.reason) == ("none", True)


def test_pettingzoos_environments_tell_what_they_were_made_with(recorded_run: Runs) -> None:
    pytest.importorskip("mpe2")
    from mpe2 import simple_spread_v3

    run = recorded_run()

    def play(env: Any) -> None:
        env.reset(seed=3)
        while env.agents:
            env.step({agent: env.action_space(agent).sample() for agent in env.agents})

    run.record(simple_spread_v3.parallel_env(N=2, max_cycles=4), play)
    run.change(env_id="", config={})
    end = replay(run)[1]
    assert (end.outcome, end.compared) == ("reproduced", 8)


def test_it_runs_with_the_lowest_priority_in_a_folder_of_its_own(
    recorded_run: Runs, walks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recorded_run(env_kwargs={"fault": "asked"})
    run.record(walks.Walk(), walk(1))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    nice, gpus, folder, home = replay(run)[1].reason.split("RuntimeError: ")[1].split("|")
    assert (nice, gpus, folder) == ("19", "", home)
    assert not Path(folder).exists()
    assert Path(folder) != run.folder.path


def test_it_stops_when_nobody_waits_for_it(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run(env_kwargs={"fault": "hangs"})
    run.record(walks.Walk(), walk(1))
    episode = read_episodes(run.folder, EpisodeQuery()).episodes[0]
    stop = threading.Event()
    seen = []
    for update in replay_episode(run.folder, ReplayQuery(episode.id), stop=stop):
        seen.append(update)
        stop.set()
    assert all(update.end is None for update in seen)


@pytest.mark.parametrize("api", ["parallel", "aec"])
def test_several_agents_act_again(recorded_run: Runs, api: str) -> None:
    pytest.importorskip("mpe2")
    from mpe2 import simple_spread_v3

    run = recorded_run("mpe2/simple_spread_v3", env_kwargs={"max_cycles": 5})

    def play(env: Any) -> None:
        env.reset(seed=3)
        if api == "parallel":
            while env.agents:
                env.step({agent: env.action_space(agent).sample() for agent in env.agents})
            return
        for agent in env.agent_iter():
            *_, terminated, truncated, _ = env.last()
            env.step(None if terminated or truncated else env.action_space(agent).sample())

    make = simple_spread_v3.parallel_env if api == "parallel" else simple_spread_v3.env
    run.record(make(max_cycles=5), play, observations=True)
    frames, end = replay(run)
    assert (end.outcome, end.compared, end.observations) == ("reproduced", 15, 18)
    assert len(frames) == (6 if api == "parallel" else 16)


def test_training_and_evaluation_of_one_number_are_told_apart(recorded_run: Runs, walks: Any) -> None:
    run = recorded_run()
    run.record(walks.Walk(), walk(1), last=False, phase="train")
    run.record(walks.Walk(length=4), walk(9), phase="eval")
    run.change(config={"env_id": "Walk-v0", "env_kwargs": {"length": 4}})
    end = replay(run)[1]
    assert (end.outcome, end.compared) == ("reproduced", 4)


def test_the_sdk_is_that_of_mosaic_whatever_the_interpreter_has(recorded_run: Runs, walks: Any, tmp_path: Path) -> None:
    run = recorded_run()
    run.record(walks.Walk(), walk(1))
    (tmp_path / "library" / "gym_gui.py").write_text("raise ImportError('an old SDK')\n")
    assert replay(run)[1].outcome == "reproduced"
    assert sys.modules["gym_gui"].__file__ is not None
