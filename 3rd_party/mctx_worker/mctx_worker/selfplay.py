"""Games of a network against itself, many side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .search import Search, reward_of, sign_of, step_games


class Moves(NamedTuple):
    """Moves of all games: arrays ``[moves, games, …]``."""

    observation: Any
    legal: Any
    policy: Any
    """The search's, ``[…, actions]``."""
    action: Any
    player: Any
    rewards: Any
    """Of both players, ``[…, 2]``."""
    reward: Any
    """Of the player who moved, as a part of the largest that the game pays."""
    sign: Any
    """How the value after the move counts for that player: 1, -1, or 0 after the end."""
    terminated: Any


def begin_games(game: Any, key: jax.Array, count: int, *, alike: int = 1) -> Any:
    """Return the first states of games.

    Args:
        game: The game.
        key: Of everything random in them.
        count: How many.
        alike: So many in a row begin alike.
    """
    return jax.vmap(game.init)(keys_of(key, count, alike))


def keys_of(key: jax.Array, count: int, alike: int = 1) -> jax.Array:
    """Return keys for games of which so many in a row have the same."""
    return jnp.repeat(jax.random.split(key, -(-count // alike)), alike, axis=0)[:count]


def random_actions(keys: jax.Array, states: Any) -> jax.Array:
    """Return ``[batch]`` legal actions, each as likely as any other.

    Args:
        keys: One for each state.
        states: A batch of states.
    """
    return jax.vmap(jax.random.categorical)(keys, jnp.where(states.legal_action_mask, 0.0, -jnp.inf))


def make_selfplay(
    game: Any, search: Search, *, games: int, moves: int, random_moves: float = 0.0
) -> Callable[..., Any]:
    """Return a function of parameters, states and key that returns the next states and :class:`Moves`.

    A game that ends is followed by another one within the same move.

    Args:
        game: The game.
        search: Chooses the moves.
        games: How many side by side.
        moves: Of each game.
        random_moves: Share of moves that are any legal ones: games then also pass through states that neither player
            would choose.
    """

    def move(carry: Any, key: Any) -> tuple[Any, Moves]:
        params, states = carry
        search_key, chance_key, begin_key, any_key, which_key = jax.random.split(key, 5)
        actions, policy = search(params, search_key, states)
        if random_moves:
            drawn = jax.random.bernoulli(which_key, random_moves, (games,))
            actions = jnp.where(drawn, random_actions(keys_of(any_key, games), states), actions)
        players = states.current_player
        after = step_games(game, states, actions, chance_key)
        played = Moves(
            observation=states.observation,
            legal=states.legal_action_mask,
            policy=policy,
            action=actions,
            player=players,
            rewards=after.rewards,
            reward=reward_of(game, after, players),
            sign=sign_of(after, players),
            terminated=after.terminated,
        )
        over, fresh = after.terminated, begin_games(game, begin_key, games)
        following = jax.tree.map(
            lambda new, old: jnp.where(over.reshape((-1, *(1,) * (old.ndim - 1))), new, old), fresh, after
        )
        return (params, following), played

    def play(params: Any, states: Any, key: Any) -> tuple[Any, Moves]:
        (_, states), played = jax.lax.scan(move, (params, states), jax.random.split(key, moves))
        return states, played

    return play
