"""The two searches of Mctx over a game whose rules are the model.

``gumbel_muzero``: Danihelka et al., *Policy improvement by planning with Gumbel*, 2022. ``alphazero``: Silver et al.,
2017, as MuZero's search with the game's rules in place of a learned model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mctx

from .config import MctxWorkerConfig
from .games import largest_reward

Search = Callable[[Any, Any, Any], tuple[Any, Any]]


def masked(logits: jax.Array, legal: jax.Array) -> jax.Array:
    """Return logits with illegal actions at the lowest value.

    Args:
        logits: ``[batch, actions]``.
        legal: The mask, of the same shape.
    """
    return jnp.where(legal, logits - logits.max(axis=-1, keepdims=True), jnp.finfo(logits.dtype).min)


def step_games(game: Any, states: Any, actions: jax.Array, key: jax.Array) -> Any:
    """Return the states after a move in each game.

    Args:
        game: The game.
        states: A batch of states.
        actions: ``[batch]``.
        key: For games with chance.
    """
    keys = jax.random.split(key, actions.shape[0])
    return jax.vmap(game.step)(states, actions, keys)


def reward_of(game: Any, states: Any, players: jax.Array) -> jax.Array:
    """Return ``[batch]`` rewards of one player of each game, as parts of the largest that it pays.

    Args:
        game: The game.
        states: A batch of states.
        players: ``[batch]``, the player of each.
    """
    return jnp.take_along_axis(states.rewards, players[:, None], axis=1)[:, 0] / largest_reward(game)


def sign_of(states: Any, players: jax.Array) -> jax.Array:
    """Return how the value of each state counts for the player before: 1 own turn, -1 the other's, 0 over.

    Args:
        states: A batch of states, after a move.
        players: ``[batch]``, who moved.
    """
    sign = jnp.where(states.current_player == players, 1.0, -1.0)
    return jnp.where(states.terminated, 0.0, sign)


def make_search(config: MctxWorkerConfig, game: Any, network: Any, *, simulations: int, explore: bool) -> Search:
    """Return a function of parameters, key and states that returns actions and improved policies.

    Args:
        config: Which search.
        game: The game.
        network: Its network.
        simulations: How many; 0: the network's policy without a search.
        explore: With noise at the root, and actions that are drawn; else the best ones.
    """

    def model(params: Any, key: Any, actions: Any, states: Any) -> tuple[Any, Any]:
        players = states.current_player
        after = step_games(game, states, actions, key)
        logits, values = network.apply(params, after.observation)
        output = mctx.RecurrentFnOutput(
            reward=reward_of(game, after, players),
            discount=sign_of(after, players),
            prior_logits=masked(logits, after.legal_action_mask),
            value=jnp.where(after.terminated, 0.0, values),
        )
        return output, after

    def search(params: Any, key: Any, states: Any) -> tuple[Any, Any]:
        logits, values = network.apply(params, states.observation)
        logits = masked(logits, states.legal_action_mask)
        if simulations == 0:
            return jnp.argmax(logits, axis=-1), jax.nn.softmax(logits)
        root = mctx.RootFnOutput(prior_logits=logits, value=values, embedding=states)
        common: dict[str, Any] = {
            "params": params,
            "rng_key": key,
            "root": root,
            "recurrent_fn": model,
            "num_simulations": simulations,
            "invalid_actions": ~states.legal_action_mask,
        }
        if config.algo == "gumbel_muzero":
            output = mctx.gumbel_muzero_policy(
                **common,
                max_num_considered_actions=config.max_considered_actions,
                qtransform=mctx.qtransform_completed_by_mix_value,
                gumbel_scale=1.0 if explore else 0.0,
            )
        else:
            output = mctx.muzero_policy(
                **common,
                dirichlet_fraction=config.dirichlet_fraction if explore else 0.0,
                dirichlet_alpha=config.dirichlet_alpha,
                temperature=1.0 if explore else 0.0,
            )
        return output.action, output.action_weights

    return search
