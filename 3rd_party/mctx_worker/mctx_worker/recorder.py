"""Moves and games as telemetry."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

import numpy as np

from .selfplay import Moves

_PLAYERS = ("player_0", "player_1")


def sampling_period(rule: str) -> int:
    """Return of how many games one has its moves emitted; 0: none.

    Args:
        rule: ``all``, ``none`` or ``episodes:<k>``.

    Raises:
        ValueError: It is none of these.
    """
    found = re.fullmatch("episodes:([1-9][0-9]*)", rule)
    if found is None and rule not in ("all", "none"):
        raise ValueError(rule)
    return int(found[1]) if found else int(rule == "all")


class _Game:
    __slots__ = ("length", "number", "recorded", "rewards")

    def __init__(self, number: int, *, recorded: bool) -> None:
        self.number, self.recorded, self.length = number, recorded, 0
        self.rewards = [0.0, 0.0]


class Recorder:
    """Emits the moves and games of self-play.

    The players of a game are two agents with a network in common: a game's ``total_reward`` is the sum of their
    rewards, 0 in most games; ``agent_rewards`` has each.

    Args:
        emitter: Telemetry.
        steps: Which moves are emitted.
        games: How many are played side by side.
        first_step: Number of the first move.
        first_episode: Number of the first game.
    """

    def __init__(self, emitter: Any, steps: str, games: int, *, first_step: int, first_episode: int) -> None:
        self._emitter, self._period = emitter, sampling_period(steps)
        self._current: list[_Game | None] = [None] * games
        self.next_step, self.next_episode = first_step, first_episode
        self.episodes = 0
        self.lengths: deque[int] = deque(maxlen=100)
        self.first_mover_rewards: deque[float] = deque(maxlen=100)
        self._first: list[int] = [0] * games

    def add(self, moves: Moves) -> None:
        """Emit what happened.

        Args:
            moves: Of all games.
        """
        action, player = np.asarray(moves.action).tolist(), np.asarray(moves.player).tolist()
        rewards = np.asarray(moves.rewards, dtype=np.float64).tolist()
        over = np.asarray(moves.terminated).tolist()
        for t in range(len(action)):
            for i in range(len(action[t])):
                self._move(i, action[t][i], player[t][i], rewards[t][i], ended=over[t][i])

    def close(self) -> None:
        """Account for moves of unfinished games that were not emitted."""
        left = sum(game.length for game in self._current if game is not None and not game.recorded)
        if left:
            self._emitter.count_sampled(left)
        self._current = [None] * len(self._current)

    def _move(self, i: int, action: int, player: int, rewards: list[float], *, ended: bool) -> None:
        game = self._current[i]
        if game is None:
            number, self.next_episode = self.next_episode, self.next_episode + 1
            recorded = bool(self._period) and number % self._period == 0 and self._emitter.allows_steps()
            game = self._current[i] = _Game(number, recorded=recorded)
            self._first[i] = player
        game.length += 1
        game.rewards = [total + reward for total, reward in zip(game.rewards, rewards, strict=True)]
        if game.recorded:
            self._emitter.step(
                self.next_step,
                ep_index=game.number,
                agent_id=_PLAYERS[player],
                reward=rewards[player],
                terminated=ended,
                truncated=False,
                action=action,
            )
        self.next_step += 1
        if ended:
            self._end(i, game)

    def _end(self, i: int, game: _Game) -> None:
        self._current[i] = None
        self.episodes += 1
        self.lengths.append(game.length)
        self.first_mover_rewards.append(game.rewards[self._first[i]])
        self._emitter.episode(
            game.number,
            total_reward=sum(game.rewards),
            steps=game.length,
            phase="train",
            agent_rewards=dict(zip(_PLAYERS, game.rewards, strict=True)),
            terminated=True,
            truncated=False,
            **({} if game.recorded else {"sampled": game.length}),
        )
