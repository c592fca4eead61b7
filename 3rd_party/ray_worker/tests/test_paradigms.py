"""Which policy an agent follows."""

from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

from ray_worker.paradigms import LeaguePolicies, mapping, members, policies, policy_name

AGENTS = ("player_1", "player_2")


def test_one_policy_for_all_or_one_for_each() -> None:
    assert policies("parameter_sharing", AGENTS, 4) == {"shared": "player_1"}
    assert policies("independent", AGENTS, 4) == {"player_1": "player_1", "player_2": "player_2"}
    assert {mapping("parameter_sharing", AGENTS, "")(agent, None) for agent in AGENTS} == {"shared"}
    assert [mapping("independent", AGENTS, "")(agent, None) for agent in AGENTS] == list(AGENTS)
    assert policy_name("piston/0 a") == "piston_0_a"


def test_self_play_seats_one_learner_against_the_league(tmp_path: Path) -> None:
    file = tmp_path / "league"
    file.write_text("3")
    seats = LeaguePolicies(AGENTS, str(file))
    assert list(policies("self_play", AGENTS, 3)) == ["main", "league_0", "league_1", "league_2"]
    played: Counter[tuple[str, ...]] = Counter()
    for number in range(600):
        episode = SimpleNamespace(id_=f"episode-{number}")
        told = tuple(seats(agent, episode) for agent in AGENTS)
        assert told == tuple(pickle.loads(pickle.dumps(seats))(agent, episode=episode) for agent in AGENTS)
        assert told.count("main") == 1
        played[told] += 1
    assert len(played) == 6  # both seats against each of three opponents
    assert min(played.values()) > 60


def test_an_empty_league_has_its_first_member(tmp_path: Path) -> None:
    assert members(str(tmp_path / "none")) == 1
    (tmp_path / "half").write_text("")
    assert members(str(tmp_path / "half")) == 1
