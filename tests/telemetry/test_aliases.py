"""Lines in the dialects of workers written elsewhere are read as what they mean, by every reader alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gym_gui.proxy.reindex import reindex_run
from gym_gui.telemetry.aliases import FIELD_ALIASES, KIND_ALIASES
from gym_gui.telemetry.reader import RunReader
from gym_gui.telemetry.verify import verify_run


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def episodes(run: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in run.query("SELECT ep_index, total_reward, steps, extra FROM episodes ORDER BY id")]


@pytest.mark.parametrize(
    ("printed", "row"),
    [
        ({"type": "episode", "episode_index": 0, "num_steps": 6, "total_reward": 0.0}, (0, 0.0, 6, None)),
        ({"type": "episode_end", "episode_index": 4, "episode_steps": 5, "episode_return": 2.5}, (4, 2.5, 5, None)),
        ({"type": "episode_done", "total_reward": 1.5, "episode_length": 7}, (0, 1.5, 7, None)),
        ({"event": "episode_done", "episode_index": 3, "total_reward": 1.0, "num_steps": 2}, (3, 1.0, 2, None)),
        ({"event_type": "episode_end", "episode": 2, "episode_reward": -1, "length": 3}, (2, -1.0, 3, None)),
        # The field's own name counts, null is no value, and what does not count is kept.
        (
            {"type": "episode", "ep_index": 1, "episode_index": 9, "steps": 2, "length": 8},
            (1, None, 2, {"episode_index": 9, "length": 8}),
        ),
        (
            {"type": "episode", "ep_index": None, "episode_index": 5, "total_reward": None, "episode_return": 4},
            (5, 4.0, None, None),
        ),
    ],
)
def test_an_episode_in_another_dialect_is_an_episode(logged_run: Any, printed: dict[str, Any], row: Any) -> None:
    logged_run.append(lines(printed))
    ledger = logged_run.ingest()
    assert (ledger.stored, ledger.quarantined) == (1, 0)
    *values, extra = episodes(logged_run)[0]
    assert (*values, None if extra is None else json.loads(extra)) == row
    assert verify_run(logged_run.folder).ok


def test_the_episode_of_a_step_in_another_dialect_is_its_episode(logged_run: Any) -> None:
    logged_run.append(
        lines(
            {"type": "step", "step_index": 0, "episode_index": 3, "reward": 1.0},
            {"type": "step", "step": 1, "episode": 3},
        )
    )
    logged_run.ingest()
    assert logged_run.query("SELECT step_index, ep_index, extra FROM steps") == [(0, 3, None), (1, 3, None)]
    assert verify_run(logged_run.folder).ok


def test_episodes_without_an_index_are_numbered_in_the_order_of_the_log(logged_run: Any) -> None:
    done = {"type": "episode_done", "total_reward": 1.0, "episode_length": 2}
    logged_run.append(lines(done, {**done, "phase": "eval"}, {**done, "agent_id": "a"}, done, {**done, "ep_index": 7}))
    logged_run.append(lines(done, {**done, "agent_id": "a"}, {**done, "phase": "eval"}))
    ledger = logged_run.ingest(max_bytes=100)  # in many transactions
    assert (ledger.stored, ledger.quarantined) == (8, 0)
    rows = logged_run.query(
        "SELECT phase, coalesce((SELECT name FROM names WHERE id = agent), ''), ep_index FROM episodes ORDER BY id"
    )
    assert rows == [
        (0, "", 0), (1, "", 0), (0, "a", 0), (0, "", 1), (0, "", 7), (0, "", 8), (0, "a", 1), (1, "", 1),
    ]  # fmt: skip
    assert verify_run(logged_run.folder).ok
    before = logged_run.tables()
    reindex_run(logged_run.folder)
    assert logged_run.tables() == before
    assert [episode.ep_index for episode in RunReader(logged_run.folder).episodes()][:2] == [0, 0]


def test_numbering_ends_where_numbers_end(logged_run: Any) -> None:
    last = {"type": "episode", "ep_index": 2**63 - 1, "total_reward": 1.0}
    logged_run.append(lines(last, {"type": "episode_done", "total_reward": 1.0}))
    ledger = logged_run.ingest()
    assert (ledger.stored, ledger.quarantined) == (1, 1)
    assert verify_run(logged_run.folder).ok


_VALUES = {
    "step_index": st.integers(0, 9),
    "ep_index": st.integers(0, 2),
    "steps": st.integers(0, 9),
    "total_reward": st.floats(-9, 9),
}
_KINDS = {"step": ["step"], "episode": ["episode", *KIND_ALIASES]}


@st.composite
def _events(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """An event under its own names, and the same under any of their aliases."""
    kind = draw(st.sampled_from(sorted(FIELD_ALIASES)))
    own: dict[str, Any] = {"event_type": kind, "reward": 1.0}
    other: dict[str, Any] = {
        draw(st.sampled_from(["event_type", "type", "event"])): draw(st.sampled_from(_KINDS[kind]))
    }
    other["reward"] = 1.0
    for field, aliases in FIELD_ALIASES[kind].items():
        own[field] = value = draw(_VALUES[field])
        other[draw(st.sampled_from([field, *aliases]))] = value
    return own, other


@pytest.mark.long
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(_events(), min_size=1, max_size=8))
def test_any_mixture_of_names_gives_the_same_rows(new_logged_run: Callable[..., Any], events: list[Any]) -> None:
    tables = []
    for dialect in (0, 1):
        run = new_logged_run()
        run.append(lines(*(event[dialect] for event in events)))
        run.ingest()
        assert verify_run(run.folder).ok
        found = {"steps": run.query("SELECT step_index, ep_index, reward, extra FROM steps ORDER BY id")}
        found["episodes"] = episodes(run)
        tables.append(found)
    assert tables[0] == tables[1]
