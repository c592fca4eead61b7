from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import ConfigError
from gym_gui.runs import ids
from gym_gui.runs.ids import (
    check_run_id,
    format_episode_id,
    generated_worker_id,
    is_run_id,
    is_worker_id,
    new_run_id,
    parse_episode_id,
    worker_id_problem,
)

SLUGS = st.from_regex(r"[a-z0-9][a-z0-9_]{0,31}", fullmatch=True)
# Slugs made to be mistaken: digits, "ep", "w", zeros.
TRICKY_SLUGS = st.sampled_from(["ep", "ep000001", "w", "w000007", "0", "000007", "7", "w_ep000001", "e", "w" * 32])
ULIDS = st.integers(0, 2**128 - 1).map(
    lambda value: "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[value >> shift & 31] for shift in range(125, -1, -5))
)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}", fullmatch=True) | st.sampled_from(
    ["r-ep000001", "r-w1", "r-w1-ep000002", "w1", "ep000001", "r-", "r--w", "r-w", "r-w1-"]
)
INDICES = st.integers(0, 2**63 - 1) | st.integers(999_990, 1_000_010)


def test_run_ids_rise_and_differ() -> None:
    made = [new_run_id() for _ in range(5000)]
    assert made == sorted(set(made))
    assert all(map(is_run_id, made))


def test_run_ids_rise_when_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_run_id()
    past = time.time_ns() - 3_600_000_000_000
    monkeypatch.setattr(ids.time, "time_ns", lambda: past)
    assert new_run_id() > before


def test_run_ids_differ_between_threads() -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(new_run_id() for _ in range(2000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000


def test_a_run_id_tells_its_time() -> None:
    run_id = new_run_id()
    value = 0
    for character in run_id:
        value = value * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(character)
    assert abs((value >> 80) / 1000 - time.time()) < 60


@pytest.mark.parametrize(
    "text",
    ["", "../../etc/passwd", "01M80J6DEQECP1NAR16WDC721", "01M80J6DEQECP1NAR16WDC721Z\n", "81M80J6DEQECP1NAR16WDC721Z",
     "01m80j6deqecp1nar16wdc721z", "01M80J6DEQECP1NAR16WDC721U", "01M80J6DEQECP1NAR/6WDC721Z", None, 7],
)  # fmt: skip
def test_what_is_no_run_id(text: object) -> None:
    assert not is_run_id(text)
    with pytest.raises(ConfigError, match="not a run id"):
        check_run_id(text)


@given(SLUGS | TRICKY_SLUGS)
def test_a_slug_names_a_worker(slug: str) -> None:
    assert is_worker_id(slug)
    assert worker_id_problem(slug) is None


@given(st.text())
def test_what_names_a_worker_is_safe_in_a_path(text: str) -> None:
    if is_worker_id(text):
        assert text.isascii()
        assert not set(text) & set("/\\.:\0\n -")
        assert 1 <= len(text) <= 32
    else:
        assert worker_id_problem(text) is not None


@pytest.mark.parametrize("text", ["", "_a", "A", "a-b", "a.b", "../a", "a" * 33, "a\n", "ä", None, 7, True])
def test_what_names_no_worker(text: object) -> None:
    problem = worker_id_problem(text)
    assert problem is not None
    assert "cannot name a worker instance" in problem.message


def test_generated_worker_ids() -> None:
    assert [generated_worker_id(n) for n in (1, 12, 999_999, 1_000_000)] == ["000001", "000012", "999999", "1000000"]
    assert all(is_worker_id(generated_worker_id(n)) for n in (1, 10**9))
    with pytest.raises(ValueError, match="from 1"):
        generated_worker_id(0)


def test_episode_ids_as_they_are_written() -> None:
    run_id = "01M80J6DEQECP1NAR16WDC721Z"
    assert format_episode_id(run_id, 42, "000007") == f"{run_id}-w000007-ep000042"
    assert format_episode_id(run_id, 42) == f"{run_id}-ep000042"
    assert format_episode_id(run_id, 1_234_567, "actor_1") == f"{run_id}-wactor_1-ep1234567"


@given(ULIDS, INDICES, st.none() | SLUGS | TRICKY_SLUGS)
def test_episode_ids_are_taken_apart_as_they_were_put_together(run_id: str, index: int, worker_id: str | None) -> None:
    assert parse_episode_id(format_episode_id(run_id, index, worker_id)) == (run_id, index, worker_id)


@given(NAMES, INDICES, st.none() | SLUGS | TRICKY_SLUGS)
def test_other_names_of_runs_are_exact_too_or_refused(run_id: str, index: int, worker_id: str | None) -> None:
    try:
        text = format_episode_id(run_id, index, worker_id)
    except ConfigError:
        assert worker_id is None
        return
    assert parse_episode_id(text) == (run_id, index, worker_id)


@given(st.from_regex(r"[A-Za-z0-9]{1,5}(-w[a-z0-9_]{0,9})?-ep[0-9]{1,9}", fullmatch=True) | st.text())
def test_what_is_parsed_is_written_the_same_again(text: str) -> None:
    try:
        parts = parse_episode_id(text)
    except ConfigError:
        return
    assert format_episode_id(*parts) == text


@pytest.mark.parametrize(
    "arguments",
    [("../x", 1, None), ("", 1, None), ("r", -1, None), ("r", True, None), ("r", 1.0, None), ("r", 2**63, None),
     ("r", 1, "A"), ("r", 1, "a-b"), ("r-w1", 1, None), (None, 1, None)],
)  # fmt: skip
def test_what_names_no_episode(arguments: tuple[object, ...]) -> None:
    with pytest.raises(ConfigError):
        format_episode_id(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["r-ep1", "r-ep0000001", "r-w-ep000001-", "-ep000001", "r-ep" + "9" * 19, "r", 3, None]
)
def test_what_is_no_episode_id(text: object) -> None:
    with pytest.raises(ConfigError):
        parse_episode_id(text)  # type: ignore[arg-type]
