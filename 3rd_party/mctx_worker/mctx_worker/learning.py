"""Gradient steps on the moves of self-play."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from .config import MctxWorkerConfig
from .search import masked
from .selfplay import Moves


def make_optimizer(config: MctxWorkerConfig) -> Any:
    """Return the optimizer.

    Args:
        config: With its step size and weight decay.
    """
    return optax.chain(
        optax.clip_by_global_norm(5.0), optax.adamw(config.learning_rate, weight_decay=config.weight_decay)
    )


def value_targets(moves: Moves, last_values: jax.Array) -> jax.Array:
    """Return ``[moves, games]`` results for the player who moved; unfinished games end with the network's value.

    Args:
        moves: Of the games.
        last_values: ``[games]``, the network's values of the states after the last move, for the player then.
    """

    def back(following: Any, move: Any) -> tuple[Any, Any]:
        reward, sign = move
        value = reward + sign * following
        return value, value

    _, targets = jax.lax.scan(back, last_values, (moves.reward, moves.sign), reverse=True)
    return targets


def make_update(config: MctxWorkerConfig, network: Any, optimizer: Any) -> Callable[..., Any]:
    """Return a function of parameters, optimizer state, moves, next states and key.

    It returns new parameters, the new optimizer state and the losses.

    Args:
        config: With sizes of batches and weights of losses.
        network: The network.
        optimizer: The optimizer.
    """
    samples = config.num_envs * config.rollout_steps
    size = min(config.batch_size, samples)
    batches = samples // size

    def loss(params: Any, batch: Any) -> tuple[Any, Any]:
        observation, legal, policy, target = batch
        logits, values = network.apply(params, observation)
        logits = masked(logits, legal)
        log_policy = jax.nn.log_softmax(logits)
        policy_loss = -jnp.sum(jnp.where(legal, policy * log_policy, 0.0), axis=-1).mean()
        value_loss = jnp.square(values - target).mean()
        entropy = -jnp.sum(jnp.where(legal, jnp.exp(log_policy) * log_policy, 0.0), axis=-1).mean()
        losses = {"policy_loss": policy_loss, "value_loss": value_loss, "policy_entropy": entropy}
        return policy_loss + config.value_coef * value_loss, losses

    def step(carry: Any, batch: Any) -> tuple[Any, Any]:
        params, state = carry
        grads, losses = jax.grad(loss, has_aux=True)(params, batch)
        updates, state = optimizer.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), losses

    def update(params: Any, state: Any, moves: Moves, states: Any, key: Any) -> tuple[Any, Any, Any]:
        _, last_values = network.apply(params, states.observation)
        targets = value_targets(moves, last_values)
        data = jax.tree.map(
            lambda part: part.reshape((samples, *part.shape[2:])),
            (moves.observation, moves.legal, moves.policy, targets),
        )

        def epoch(carry: Any, epoch_key: Any) -> tuple[Any, Any]:
            order = jax.random.permutation(epoch_key, samples)[: batches * size].reshape(batches, size)
            return jax.lax.scan(lambda c, at: step(c, jax.tree.map(lambda part: part[at], data)), carry, order)

        (params, state), losses = jax.lax.scan(epoch, (params, state), jax.random.split(key, config.epochs))
        return params, state, jax.tree.map(jnp.mean, losses)

    return update
