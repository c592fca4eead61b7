"""Numbers of steps and episodes that several processes share, so that none is used twice."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import struct
import threading
from pathlib import Path

_FORMAT = struct.Struct("<qq")


class SharedNumbers:
    """The next step and the next episode of a run, in a small file that its processes lock in turn.

    Args:
        path: The file; made by :meth:`create`.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._memory = mmap.mmap(self._file, _FORMAT.size)
        self._lock = threading.Lock()  # the file's lock is the process's: it does not keep threads apart

    @classmethod
    def create(cls, path: Path, *, step: int = 0, episode: int = 0) -> SharedNumbers:
        """Make the file.

        Args:
            path: Where.
            step: Number of the first step.
            episode: Number of the first episode.
        """
        path.write_bytes(_FORMAT.pack(step, episode))
        return cls(path)

    def next_step(self) -> int:
        """Return a step's number."""
        return self._take(steps=1)[0]

    def next_episode(self) -> int:
        """Return an episode's number."""
        return self._take(episodes=1)[1]

    def skip_steps(self, steps: int) -> None:
        """Use up the numbers of steps that are not put out."""
        self._take(steps=steps)

    def state(self) -> tuple[int, int]:
        """Return the numbers that the next step and the next episode will have."""
        return self._take()

    def close(self) -> None:
        """Let go of the file."""
        self._memory.close()
        os.close(self._file)

    def _take(self, *, steps: int = 0, episodes: int = 0) -> tuple[int, int]:
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                step, episode = _FORMAT.unpack_from(self._memory)
                if steps or episodes:
                    _FORMAT.pack_into(self._memory, 0, step + steps, episode + episodes)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        return step, episode


class EnvNumbers:
    """The shared numbers as one environment uses them: an episode's number is known before its reset.

    So its seed can follow from it.

    Args:
        shared: The run's numbers.
        seed: The run's seed.
        phase: ``train`` or ``eval``.
    """

    def __init__(self, shared: SharedNumbers, seed: int, phase: str = "train") -> None:
        self.next_step = shared.next_step
        self.skip_steps = shared.skip_steps
        self._shared, self._seed, self._phase = shared, seed, phase
        self._reserved: int | None = None

    def begin(self) -> int:
        """Take the next episode's number and return its seed."""
        if self._reserved is None:
            self._reserved = self._shared.next_episode()
        return episode_seed(self._seed, self._reserved, self._phase)

    def next_episode(self) -> int:
        """Return the number that was taken."""
        number = self._shared.next_episode() if self._reserved is None else self._reserved
        self._reserved = None
        return number


def episode_seed(seed: int, number: int, phase: str = "train") -> int:
    """Return the seed of one episode: 31 bits of SHA-256 over run seed, phase and episode number."""
    digest = hashlib.sha256(f"{seed}:{phase}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


__all__ = ["EnvNumbers", "SharedNumbers", "episode_seed"]
