from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.seeds import SEED_MAX, derive_seed, draw_seed, read_seeds, unnamed_seed


def test_drawn_seeds_differ_and_fit_everywhere() -> None:
    drawn = {draw_seed() for _ in range(200)}
    assert len(drawn) > 190
    assert all(0 <= seed < 2**31 <= SEED_MAX for seed in drawn)


@given(st.integers(0, SEED_MAX), st.from_regex(r"[a-z0-9][a-z0-9_]{0,31}", fullmatch=True))
def test_a_workers_seed_is_the_first_31_bits_of_the_hash(seed: int, worker_id: str) -> None:
    bits = bin(int(hashlib.sha256(f"{seed}:{worker_id}".encode()).hexdigest(), 16))[2:].zfill(256)
    assert derive_seed(seed, worker_id) == int(bits[:31], 2)


def test_the_seed_of_a_run_that_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 <= unnamed_seed() < 2**31
    monkeypatch.setenv("MOSAIC_DEFAULT_SEED", "7")
    assert unnamed_seed() == 7


@pytest.mark.parametrize("wrong", ["-1", str(2**32), "1.5", "seven", "true"])
def test_a_default_that_is_no_seed_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("MOSAIC_DEFAULT_SEED", wrong)
    with pytest.raises(UsageError, match="default_seed"):
        unnamed_seed()


def test_lists_of_seeds() -> None:
    assert read_seeds("7") == [7]
    assert read_seeds("3, 1-2,10") == [3, 1, 2, 10]
    for text, reason in (("", "''"), ("1-", "'1-'"), ("5-1", "'5-1'"), ("1,1", "twice"), ("0-1000", "1000 runs")):
        with pytest.raises(ValueError, match=reason):
            read_seeds(text)
