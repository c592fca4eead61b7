"""Agents in environments, with an endpoint that says what the test wants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from balrog_worker.sdk import ConfigError, MosaicError

pytestmark = pytest.mark.library
KEY = "sk-test-0123456789abcdefWXYZ"


def test_an_episode_of_a_model(worker: Any, endpoint: Any) -> None:
    endpoint.replies = ["turn left", "nonsense", "go forward"]
    ran = worker(**endpoint.settings(), observations=True, prompts=True, price_input=1.0, price_output=2.0)
    assert ran.lifecycle() == ["run_started", "checkpoint_saved", "checkpoint_saved", "run_completed"]
    steps = ran.data("step")
    assert [step["step_index"] for step in steps] == list(range(ran.summary["total_steps"]))
    assert [step["reply"] for step in steps[:3]] == ["turn left", "nonsense", "go forward"]
    assert steps[1]["invalid_reply"] is True
    assert steps[1]["action"] == "turn left"  # the fallback
    assert (steps[0]["tokens_in"], steps[0]["tokens_out"]) == (100, 10)
    assert "Your mission: go to the red ball." in steps[0]["observation"]
    assert [message["role"] for message in steps[2]["prompt"]] == ["system", *["user", "assistant"] * 2, "user"]
    assert steps[0]["prompt"][-1]["content"] == steps[0]["observation"]
    episodes = ran.data("episode")
    assert [episode["steps"] for episode in episodes] == [
        sum(step["ep_index"] == number for step in steps) for number in (0, 1)
    ]
    spent = ran.summary["spending"]
    assert spent["requests"] == len(steps) == len(endpoint.requests)
    assert spent["invalid"] == 1
    assert spent["cost"] == pytest.approx(len(steps) * (100 + 20) / 1e6)
    assert endpoint.requests[0]["temperature"] == 0.0
    assert "response_format" not in endpoint.requests[0]


def test_the_agents_ask_differently(worker: Any, endpoint: Any) -> None:
    endpoint.replies = ["ACTION: go forward"]
    worker(**endpoint.settings(agent="chain_of_thought", episodes=1, history=0, reply_format="json_schema"))
    request = endpoint.requests[-1]
    assert "thoughts" in request["messages"][0]["content"]
    assert len(request["messages"]) == 2
    assert request["response_format"]["json_schema"]["schema"]["required"] == ["thoughts", "action"]
    endpoint.requests.clear()
    worker(**endpoint.settings(agent="few_shot", demonstrations=2, episodes=1))
    first = endpoint.requests[0]["messages"]
    examples = [m["content"] for m in first if m["role"] == "user" and str(m["content"]).startswith("Example")]
    assert len(examples) == 2
    assert len(first) > 4


def test_pictures_are_sent(worker: Any, endpoint: Any) -> None:
    ran = worker(**endpoint.settings(images=True, episodes=1, max_episode_steps=1, prompts=True))
    content = endpoint.requests[0]["messages"][-1]["content"]
    assert content[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert "[picture]" in ran.data("step")[0]["prompt"][-1]["content"]
    assert "base64" not in ran.text


def test_the_key_is_nowhere(worker: Any, endpoint: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    endpoint.replies = [f"my key is {KEY}", "go forward"]
    worker(**endpoint.settings(api_key_variable="MY_KEY", observations=True, prompts=True, episodes=1))
    assert set(endpoint.keys) == {f"Bearer {KEY}"}
    endpoint.replies = [401]  # quotes the key in its answer
    with pytest.raises(MosaicError, match="The endpoint refuses the key") as caught:
        worker(**endpoint.settings(api_key_variable="MY_KEY"))
    assert KEY not in str(caught.value)
    assert "MY_KEY" in str(caught.value)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []


def test_what_is_redacted(worker: Any, endpoint: Any) -> None:
    endpoint.replies = ["Agent 007 says go forward"]
    ran = worker(**endpoint.settings(redact=["Agent [0-9]+", "red ball"], observations=True, prompts=True, episodes=1))
    assert "*** says go forward" in ran.text
    assert "Agent 007" not in ran.text
    assert "red ball" not in ran.text
    quiet = worker(**endpoint.settings(replies=False, episodes=1))
    assert "Agent 007" not in quiet.text


@pytest.mark.parametrize(
    ("replies", "said", "kind"),
    [
        ([503], "The endpoint failed (3 tries)", "unreachable"),
        ([(429, {"Retry-After": "0"})], "refuses requests for their rate", "rate_limited"),
        ([None], "did not answer within 0.2 s (3 tries)", "slow"),
        ([{"greeting": "hello"}], "is no chat completion", "nonsense"),
        ([404], "The endpoint refuses the request", "refused"),
        (["I do not know."], "4 replies in a row had no legal action", "no_action"),
    ],
    ids=["down", "rate", "slow", "nonsense", "refused", "no_action"],
)
def test_a_bad_endpoint_fails_the_run(worker: Any, endpoint: Any, replies: list[Any], said: str, kind: str) -> None:
    endpoint.replies = replies
    with pytest.raises(MosaicError) as caught:
        worker(**endpoint.settings(timeout_s=0.2 if kind == "slow" else 30, retries=2, invalid_in_a_row=4))
    assert said in str(caught.value)
    assert endpoint.url in str(caught.value)
    assert "next:" in str(caught.value)
    assert caught.value.details["kind"] == kind
    assert len(endpoint.requests) == {"refused": 1, "no_action": 4}.get(kind, 3)


def test_troubles_that_pass(worker: Any, endpoint: Any) -> None:
    endpoint.replies = [500, (429, {"Retry-After": "0"}), "go forward"]
    ran = worker(**endpoint.settings(episodes=1))
    assert ran.data("step")[0]["retries"] == 2
    assert ran.summary["spending"]["retries"] == 2


def test_a_budget_ends_the_run(worker: Any, endpoint: Any) -> None:
    ran = worker(**endpoint.settings(episodes=50, max_tokens=440))
    assert ran.summary["spending"]["requests"] == 4
    assert ran.summary["stopped_by"] == "max_tokens: 440 of 440"


def completion(text: str, **more: Any) -> dict[str, Any]:
    """Return the body of a reply that says nothing of its tokens, unless `more` has ``usage``."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice], **more}


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}])
def test_a_budget_holds_where_the_endpoint_reports_no_tokens(
    worker: Any, endpoint: Any, caplog: Any, usage: dict[str, int] | None
) -> None:
    endpoint.replies = [completion("go forward", **({"usage": usage} if usage else {}))]
    ran = worker(**endpoint.settings(episodes=50, price_input=1.0, max_cost=0.001))
    step = ran.data("step")[0]
    sent = sum(len(message["content"].encode()) for message in endpoint.requests[0]["messages"])
    assert sent / 4 < step["tokens_in"] < sent / 2
    assert step["tokens_out"] == 4  # for ten bytes
    assert step["tokens_estimated"] is True
    assert ran.summary["stopped_by"].startswith("max_cost: ")
    assert ran.summary["spending"]["estimated"] == ran.summary["spending"]["requests"] == len(endpoint.requests)
    assert caplog.text.count("does not report how many tokens") == 1


def test_tokens_that_the_endpoint_reports_are_not_estimated(worker: Any, endpoint: Any) -> None:
    ran = worker(**endpoint.settings(episodes=1))
    assert ran.summary["spending"]["estimated"] == 0
    assert "tokens_estimated" not in ran.data("step")[0]


def test_what_an_interrupted_episode_spent_is_counted_after_a_resume(worker: Any, endpoint: Any) -> None:
    endpoint.replies = ["turn left"] * 8 + [404]  # six steps of the first episode, two of the second
    with pytest.raises(MosaicError, match="refuses the request"):
        worker(**endpoint.settings())
    endpoint.replies = ["turn left"]
    saved = sorted(Path.cwd().rglob("step_*.json"))
    assert [path.name for path in saved] == ["step_0000000006.json"]
    endpoint.requests.clear()
    ran = worker(**endpoint.settings(mode="resume", checkpoint_path=str(saved[0])))
    assert [step["step_index"] for step in ran.data("step")] == list(range(6, 12))
    assert ran.summary["spending"]["requests"] == 6 + 2 + 6
    assert len(endpoint.requests) == 6


def test_an_episode_that_the_end_of_the_run_cuts_off_does_not_count(worker: Any, endpoint: Any) -> None:
    ran = worker(**endpoint.settings(episodes=50, max_tokens=880))  # of 110 for each step
    assert [(e["steps"], e.get("cut_off", False)) for e in ran.data("episode")] == [(6, False), (2, True)]
    assert (ran.summary["episodes"], ran.summary["total_steps"]) == (1, 8)
    saved = ran.named("checkpoint_saved")[-1]
    assert saved["step"] == 6
    endpoint.requests.clear()
    more = worker(**endpoint.settings(mode="resume", checkpoint_path=saved["path"], episodes=2))
    assert [(e["ep_index"], e["steps"]) for e in more.data("episode")] == [(1, 6)]
    assert more.summary["spending"]["requests"] == 8 + 6
    alone = worker(agent="random", episodes=0, total_steps=4)
    assert alone.summary["episodes"] == 0
    assert alone.summary["progression"] is None


def test_resume_and_evaluate(worker: Any, tmp_path: Path) -> None:
    first = worker(agent="random", steps="episodes:2")
    saved = first.named("checkpoint_saved")[-1]
    assert saved["libraries"]["minigrid"]
    resumed = worker(agent="random", mode="resume", checkpoint_path=saved["path"], episodes=4, steps="all")
    whole = worker(agent="random", episodes=4)
    assert resumed.named("checkpoint_loaded")[0]["step"] == saved["step"]
    assert resumed.data("step")[0]["step_index"] == saved["step"]
    assert [e["seed"] for e in resumed.data("episode")] == [e["seed"] for e in whole.data("episode")[2:]]
    assert [s["action"] for s in resumed.data("step")] == [
        s["action"] for s in whole.data("step") if s["ep_index"] >= 2
    ]
    assert resumed.summary["mean_return"] == whole.summary["mean_return"]
    ran = worker(agent="random", mode="evaluate", checkpoint_path=saved["path"], eval_episodes=3)
    assert {episode["phase"] for episode in ran.data("episode")} == {"eval"}
    assert ran.summary["episodes"] == 3
    with pytest.raises(ConfigError, match="agent is 'random' there, 'oracle' here"):
        worker(agent="oracle", mode="resume", checkpoint_path=saved["path"], dry_run=True)
    content = json.loads(Path(saved["path"]).read_text())
    content["libraries"]["minigrid"] = "0.1"
    (tmp_path / "old.json").write_text(json.dumps(content))
    old = worker(agent="random", mode="evaluate", checkpoint_path=str(tmp_path / "old.json"), eval_episodes=1)
    assert old.named("checkpoint_loaded")[0]["other_versions"][0].startswith("minigrid 0.1 (here ")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ConfigError, match="it cannot be read"):
        worker(agent="random", mode="resume", checkpoint_path=str(tmp_path / "bad.json"))


def test_steps_limit_a_run(worker: Any) -> None:
    ran = worker(agent="random", episodes=0, total_steps=9)
    assert ran.summary["total_steps"] == 9
    assert sum(episode["steps"] for episode in ran.data("episode")) == 9


@pytest.mark.parametrize(
    ("settings", "path", "said", "near"),
    [
        ({"env_id": "babyai/BabyAI-GoToLocl-v0"}, "env_id", "has no environment", "babyai/BabyAI-GoToLocal-v0"),
        ({"env_id": "babyia/x"}, "env_id", "is not an environment of a known family", "babyai/x"),
        ({"env_id": "BabyAI-GoToLocal-v0"}, "env_id", "of a known family", "babyai/BabyAI-GoToLocal-v0"),
        ({"env_id": "Crafter"}, "env_id", "is not an environment of a known family", "crafter/crafter"),
        ({"env_id": "MiniGrid-LavaGapS5-v0"}, "env_id", "missing capability: environments of other libraries", None),
        ({"env_id": "my_package:Own-v0"}, "env_id", "missing capability: environments of other libraries", None),
        ({"env_kwargs": {"nothing": 1}}, "env_kwargs", "cannot be made", None),
        ({"env_id": "crafter/crafter", "agent": "oracle"}, "agent", "missing capability: crafter/crafter has no", None),
        ({"mode": "resume", "checkpoint_path": "none.json"}, "checkpoint_path", "no such file", None),
    ],
)
def test_what_cannot_start_is_reported(
    worker: Any, settings: dict[str, Any], path: str, said: str, near: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        worker(**{"agent": "random", **settings}, dry_run=True)
    (problem,) = caught.value.problems
    assert problem.path == path
    assert said in problem.message
    assert near is None or problem.nearest == near
    assert near is None or "missing capability" not in problem.message


def test_endpoints_are_checked_before_a_run(worker: Any, endpoint: Any) -> None:
    assert worker(**endpoint.settings(), dry_run=True).summary["status"] == "dry-run"
    assert endpoint.requests == []
    with pytest.raises(ConfigError, match="did you mean 'scripted'"):
        worker(**endpoint.settings(model="script"), dry_run=True)
    with pytest.raises(ConfigError, match="The endpoint cannot be reached"):
        worker(**endpoint.settings(base_url="http://127.0.0.1:9/v1"), dry_run=True)


@pytest.mark.parametrize(
    ("env_id", "agent"),
    [("minihack/MiniHack-Room-5x5-v0", "oracle"), ("crafter/crafter", "random"), ("textworld/custom", "oracle")],
)
def test_every_family(worker: Any, env_id: str, agent: str) -> None:
    kwargs = {"nb_rooms": 1, "nb_objects": 2, "quest_length": 1} if env_id.startswith("textworld") else {}
    ran = worker(env_id=env_id, agent=agent, env_kwargs=kwargs, episodes=1, max_episode_steps=30, observations=True)
    progression = ran.data("episode")[0]["progression"]
    assert progression == 1.0 if agent == "oracle" else 0.0 <= progression < 1.0
    again = worker(env_id=env_id, agent=agent, env_kwargs=kwargs, episodes=1, max_episode_steps=30, observations=True)
    told = [[(step["observation"], step["action"]) for step in each.data("step")] for each in (ran, again)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("env_id", "action"),
    [
        ("minihack/MiniHack-Corridor-R2-v0", "search"),
        ("minihack/MiniHack-Eat-v0", "search"),
        ("crafter/crafter", "noop"),
    ],
)
def test_a_reply_without_an_action_moves_nothing(env_id: str, action: str) -> None:
    from balrog_worker.environments import make_environment

    environment, problems = make_environment(env_id, {}, images=False)
    assert environment is not None, problems
    assert environment.fallback == action
    environment.close()


def test_a_move_of_minihack_is_one_step() -> None:
    from balrog_worker.environments.mini_hack import MiniHack

    environment = MiniHack("MiniHack-Eat-v0", {}, images=False)  # it has moves as far as possible, too
    assert [environment._numbers[name] for name in ("north", "east", "south", "west")] == [0, 1, 2, 3]
    environment.close()


def test_the_oracle_is_better_than_chance(worker: Any) -> None:
    found = {}
    for agent in ("oracle", "random"):
        ran = worker(agent=agent, episodes=20, max_episode_steps=20, steps="none")
        found[agent] = (ran.summary["progression"], ran.summary["progression_standard_error"])
    margin = (found["oracle"][1] ** 2 + found["random"][1] ** 2) ** 0.5
    assert found["oracle"][0] - found["random"][0] >= 5 * margin


def test_tensorboard_and_weights_and_biases(worker: Any, tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="needs the extra 'tracking'")
    ran = worker(agent="random", tensorboard=True, wandb="offline")
    assert list(tmp_path.rglob("events.out.tfevents.*"))
    assert list((tmp_path / "wandb").rglob("*.wandb"))
    manifest = json.loads(Path(ran.summary["analytics_manifest"]).read_text())
    assert manifest["artifacts"]["checkpoints"]["files"]
