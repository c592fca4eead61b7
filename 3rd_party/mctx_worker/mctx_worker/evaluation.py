"""Games of a network against an opponent, with the first move in every other one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .search import Search, step_games
from .selfplay import begin_games, keys_of, random_actions

#: Moves after which a game counts as a draw; Pgx ends each of its games long before.
MAX_MOVES = 5000


class Evaluator:
    """Plays a network against an opponent.

    Args:
        game: The game.
        search: Chooses the network's moves, and those of a frozen opponent.
        games: How many, played side by side.
        compiled: Compiles a function for arguments like those that follow it.
        opening: So many moves of each game against a network are random, the same with either seat: without chance all
            games between two networks would be alike.
    """

    def __init__(self, game: Any, search: Search, games: int, compiled: Callable[..., Any], *, opening: int) -> None:
        self._game, self._search, self.games, self._compiled, self._opening = game, search, games, compiled, opening
        self._begin = jax.jit(lambda key: begin_games(game, key, games, alike=2))
        self._moves: dict[bool, Callable[..., Any]] = {}

    def prepare(self, params: Any, opponent: Any) -> None:
        """Compile what :meth:`play` needs, which may take a minute.

        Args:
            params: The network's parameters.
            opponent: The opponent's; ``None``: random legal moves.
        """
        key = jax.random.PRNGKey(0)
        states = self._begin(key)
        self._move(params, opponent, states, states.current_player, key)

    def play(
        self,
        params: Any,
        opponent: Any,
        key: Any,
        stop_if_asked: Callable[[], None],
        emitter: Any = None,
        *,
        name: str = "random",
        first_episode: int = 0,
        first_step: int = 0,
        emits_steps: Callable[[int], bool] = lambda _: False,
    ) -> dict[str, Any]:
        """Play all games to their end.

        Args:
            params: The network's parameters.
            opponent: The opponent's; ``None``: random legal moves.
            key: Of everything random.
            stop_if_asked: Called after every move.
            emitter: Emits the games as episodes of phase ``eval``; ``None``: nothing is emitted.
            name: Of the opponent.
            first_episode: Number of the first game.
            first_step: Number of the first move.
            emits_steps: Says of a game's number whether its moves are emitted.

        Returns:
            Mean, standard deviation and extremes of the network's rewards; wins, draws, losses; means by seat.
        """
        begin_key, key = jax.random.split(key)
        states = self._begin(begin_key)
        # Pgx draws which player begins: the seat is that of the first move, not the player's number.
        first = np.asarray(states.current_player)
        opening = 0 if opponent is None else self._opening
        second = np.arange(self.games) % 2 == 1
        own = np.where(second, 1 - first, first)
        move = self._move(params, opponent, states, jnp.asarray(own), key)
        totals, lengths = np.zeros(self.games), np.zeros(self.games, dtype=int)
        over = np.asarray(states.terminated)
        recorded = [emitter is not None and emits_steps(first_episode + i) for i in range(self.games)]
        step = first_step
        while not over.all() and lengths.max() < MAX_MOVES:
            key, use = jax.random.split(key)
            states, actions, players, rewards = move(
                params, opponent, states, jnp.asarray(own), use, jnp.asarray(lengths.max() < opening)
            )
            ended, rewards = np.asarray(states.terminated), np.asarray(rewards)
            for i in np.flatnonzero(~over).tolist():
                totals[i] += rewards[i]
                lengths[i] += 1
                if recorded[i]:
                    emitter.step(
                        step,
                        ep_index=first_episode + int(i),
                        agent_id=f"player_{int(players[i])}",
                        reward=float(rewards[i]),
                        terminated=bool(ended[i]),
                        truncated=False,
                        action=int(actions[i]),
                        phase="eval",
                    )
                step += 1
            over = ended
            stop_if_asked()
        if emitter is not None:
            for i in range(self.games):
                emitter.episode(
                    first_episode + i,
                    total_reward=float(totals[i]),
                    steps=int(lengths[i]),
                    phase="eval",
                    terminated=bool(over[i]),
                    truncated=not over[i],
                    opponent=name,
                    seat=int(second[i]),
                    **({} if recorded[i] else {"sampled": int(lengths[i])}),
                )
        return _summary(totals, lengths, second)

    def _move(self, params: Any, opponent: Any, states: Any, own: Any, key: Any) -> Callable[..., Any]:
        move = self._moves.get(opponent is None)
        if move is None:
            whole = self._make_move(random_opponent=opponent is None)
            some = jnp.asarray(False)
            move = self._moves[opponent is None] = self._compiled(whole, params, opponent, states, own, key, some)
        return move

    def _make_move(self, *, random_opponent: bool) -> Callable[..., Any]:
        def move(params: Any, opponent: Any, states: Any, own: Any, key: Any, is_opening: Any) -> Any:
            own_key, other_key, chance_key, opening_key = jax.random.split(key, 4)
            mine, _ = self._search(params, own_key, states)
            if random_opponent:
                others = random_actions(keys_of(other_key, self.games), states)
            else:
                others, _ = self._search(opponent, other_key, states)
            players = states.current_player
            actions = jnp.where(players == own, mine, others)
            drawn = random_actions(keys_of(opening_key, self.games, alike=2), states)
            actions = jnp.where(is_opening, drawn, actions)
            after = step_games(self._game, states, actions, chance_key)
            rewards = jnp.take_along_axis(after.rewards, own[:, None], axis=1)[:, 0]
            return after, actions, players, rewards

        return move


def _summary(
    totals: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any], second: np.ndarray[Any, Any]
) -> dict[str, Any]:
    return {
        "episodes": len(totals),
        "steps": int(lengths.sum()),
        "mean_return": float(totals.mean()),
        "std_return": float(totals.std()),
        "min_return": float(totals.min()),
        "max_return": float(totals.max()),
        "wins": int((totals > 0).sum()),
        "draws": int((totals == 0).sum()),
        "losses": int((totals < 0).sum()),
        "mean_return_first": float(totals[~second].mean()),
        "mean_return_second": float(totals[second].mean()),
    }
