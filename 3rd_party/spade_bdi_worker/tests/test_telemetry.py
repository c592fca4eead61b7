from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

from gym_gui.core.worker.telemetry import TelemetryEmitter
from spade_bdi_worker.telemetry import (
    KEPT_MESSAGES,
    EpisodeRollup,
    Message,
    MessageLog,
    Names,
    StepRecord,
    show_beliefs,
    show_goal,
    show_intentions,
)


def names() -> Names:
    known = Names()
    known.add("learner_1@localhost", "learner_1")
    known.add("learner_10@localhost", "learner_10")
    known.add("team@host.org/run-learner_0-ab12", "learner_0")
    return known


def test_addresses_have_names_and_strangers_none() -> None:
    known = names()
    assert known.of("learner_1@localhost") == known.of("learner_1@localhost/5f2a") == "learner_1"
    assert known.of("team@host.org/run-learner_0-ab12") == "learner_0"
    assert known.of("team@host.org/another") is None
    assert known.of("mallory@localhost") is None


def test_texts_tell_names_in_place_of_addresses() -> None:
    text = "best(learner_10@localhost, learner_1@localhost, team@host.org/run-learner_0-ab12)"
    assert names().shorten(text) == "best(learner_10, learner_1, learner_0)"
    assert Names().shorten(text) == text


def test_beliefs_are_sorted_and_written_as_agentspeak_does() -> None:
    beliefs = ["state(3)[source(percept)]", "over(False)[source(percept)]", "a(learner_1@localhost)[source(self)]"]
    assert show_beliefs(beliefs, names()) == ["a(learner_1)[source(self)]", "over(false)", "state(3)"]


def test_intentions_are_told_by_their_goals() -> None:
    def intention(term: str) -> Any:
        return SimpleNamespace(head_term=term)

    stacks = [[intention("play(0, 50)[source(learner_1@localhost)]"), intention("act")], [intention("rest")], []]
    assert show_intentions(stacks, names()) == ["!play(0, 50) > !act", "!rest"]
    assert show_goal("act") == "!act"


def test_each_message_is_told_once() -> None:
    log = MessageLog()
    for i in range(KEPT_MESSAGES + 5):
        log.add(Message("coordinator", "learner_0", "achieve", f"play({i}, 1)"))
    told = log.take()
    assert len(told) == log.sent == KEPT_MESSAGES + 5
    assert told[0] == {"from": "coordinator", "to": "learner_0", "performative": "achieve", "content": "play(0, 1)"}
    assert log.take() == []
    assert len(log.recent) == KEPT_MESSAGES
    assert log.counts() == {"bdi/messages_sent": 25.0, "bdi/messages_received": 0.0}


def test_steps_and_episodes_carry_run_worker_and_agent() -> None:
    sink = io.StringIO()
    emitter = TelemetryEmitter("r", worker_id="000002", sink=sink)
    StepRecord(5, 1, "learner_0", 1.0, False, True, 2, "000002", [1, 2], {"intention": "!act"}).emit(emitter)
    EpisodeRollup(1, "learner_0", 4.0, 9, 77, "eval", True, False, "000002", {"beliefs": []}).emit(emitter)
    step, episode = (json.loads(line) for line in sink.getvalue().splitlines())
    assert {"run_id": "r", "worker_id": "000002", "agent_id": "learner_0"}.items() <= step.items()
    assert {"step_index": 5, "action": 2, "observation": [1, 2], "intention": "!act"}.items() <= step.items()
    assert {"run_id": "r", "worker_id": "000002"}.items() <= episode.items()
    assert episode["agent_rewards"] == {"learner_0": 4.0}
    assert "agent_id" not in episode  # else a run's figures would be one agent's
    assert {"ep_index": 1, "steps": 9, "phase": "eval", "seed": 77, "beliefs": []}.items() <= episode.items()


def test_the_former_name_of_the_worker_still_works() -> None:
    from spade_bdi_rl import worker

    from spade_bdi_worker import RunConfig

    assert worker.RunConfig is RunConfig
    assert worker.TelemetryEmitter is TelemetryEmitter
    assert (worker.StepRecord, worker.EpisodeRollup) == (StepRecord, EpisodeRollup)
