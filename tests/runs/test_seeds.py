from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.runs.seeds import SEED_MAX, derive_seed, draw_seed


def test_drawn_seeds_differ_and_fit_everywhere() -> None:
    drawn = {draw_seed() for _ in range(200)}
    assert len(drawn) > 190
    assert all(0 <= seed < 2**31 <= SEED_MAX for seed in drawn)


@given(st.integers(0, SEED_MAX), st.from_regex(r"[a-z0-9][a-z0-9_]{0,31}", fullmatch=True))
def test_a_workers_seed_is_the_first_31_bits_of_the_hash(seed: int, worker_id: str) -> None:
    bits = bin(int(hashlib.sha256(f"{seed}:{worker_id}".encode()).hexdigest(), 16))[2:].zfill(256)
    assert derive_seed(seed, worker_id) == int(bits[:31], 2)
