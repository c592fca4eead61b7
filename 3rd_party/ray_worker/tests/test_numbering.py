"""Numbers that processes share are used once each."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ray_worker.numbering import EnvNumbers, SharedNumbers, episode_seed


def _take(path: str, count: int, queue: object) -> None:
    numbers = SharedNumbers(Path(path))
    queue.put([(numbers.next_step(), numbers.next_episode()) for _ in range(count)])  # type: ignore[attr-defined]


def test_processes_never_share_a_number(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    shared = SharedNumbers.create(path, step=100, episode=10)
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_take, args=(str(path), 300, queue)) for _ in range(3)]
    for process in processes:
        process.start()
    taken = [pair for _ in processes for pair in queue.get(timeout=60)]
    for process in processes:
        process.join(60)
    assert sorted(step for step, _ in taken) == list(range(100, 1000))
    assert sorted(episode for _, episode in taken) == list(range(10, 910))
    assert shared.state() == (1000, 910)
    shared.close()


def test_threads_never_share_a_number(tmp_path: Path) -> None:
    shared = SharedNumbers.create(tmp_path / "numbers")
    taken: list[int] = []
    threads = [
        threading.Thread(target=lambda: taken.extend([shared.next_step() for _ in range(500)])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(2000))
    shared.close()


def test_an_episode_is_seeded_by_its_number(tmp_path: Path) -> None:
    shared = SharedNumbers.create(tmp_path / "numbers", episode=5)
    first, second = EnvNumbers(shared, seed=1), EnvNumbers(shared, seed=1)
    assert [first.begin(), second.begin()] == [episode_seed(1, 5), episode_seed(1, 6)]
    assert first.begin() == episode_seed(1, 5)  # reset again before anything was recorded: the same episode
    assert [second.next_episode(), first.next_episode(), first.next_episode()] == [6, 5, 7]
    first.skip_steps(9)
    assert first.next_step() == 9
    shared.close()


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1), st.integers(0, 2**40))
def test_seeds_fit_everywhere_and_phases_differ(seed: int, number: int) -> None:
    train, evaluation = episode_seed(seed, number), episode_seed(seed, number, "eval")
    assert 0 <= train < 2**31
    assert train == episode_seed(seed, number)
    assert train != evaluation
