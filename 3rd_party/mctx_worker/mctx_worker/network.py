"""The policy and value network: residual convolutions over a board, dense layers over a vector."""

from __future__ import annotations

from typing import Any

import haiku as hk
import jax
import jax.numpy as jnp


def make_network(actions: int, *, channels: int, blocks: int) -> Any:
    """Return the network, with ``init(key, observations)`` and ``apply(params, observations)``.

    ``apply`` returns logits ``[batch, actions]`` and values ``[batch]`` from -1 to 1. The body follows AlphaZero's
    (Silver et al., 2017), with layer normalization in place of batch normalization: it has no running state.

    Args:
        actions: Number of actions of the game.
        channels: Width of the body.
        blocks: Residual blocks.
    """

    def forward(observations: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = observations.astype(jnp.float32)
        board = x.ndim == 4
        if not board:
            x = x.reshape(x.shape[0], -1)

        def layer(y: jax.Array) -> jax.Array:
            return hk.Conv2D(channels, 3)(y) if board else hk.Linear(channels)(y)

        def normalized(y: jax.Array) -> jax.Array:
            return hk.LayerNorm(axis=-1, create_scale=True, create_offset=True)(y)

        x = layer(x)
        for _ in range(blocks):
            y = layer(jax.nn.relu(normalized(x)))
            x = x + layer(jax.nn.relu(normalized(y)))
        x = jax.nn.relu(normalized(x))
        policy = hk.Conv2D(2, 1)(x) if board else x
        value = hk.Conv2D(1, 1)(x) if board else x
        logits = hk.Linear(actions)(jax.nn.relu(policy.reshape(x.shape[0], -1)))
        hidden = jax.nn.relu(hk.Linear(channels)(jax.nn.relu(value.reshape(x.shape[0], -1))))
        return logits, jnp.tanh(hk.Linear(1)(hidden))[:, 0]

    return hk.without_apply_rng(hk.transform(forward))
