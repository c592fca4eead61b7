"""Tokens, cost and latency of requests, and their budget."""

from __future__ import annotations

from collections import deque
from typing import Any

from .config import BalrogWorkerConfig

_MILLION = 1_000_000
_SUMS = ("requests", "retries", "invalid", "estimated", "tokens_in", "tokens_out", "latency_s")


class Spending:
    """Sums of a run.

    Args:
        config: With prices and budget.
    """

    def __init__(self, config: BalrogWorkerConfig) -> None:
        self._config = config
        self.requests = self.retries = self.invalid = self.estimated = self.tokens_in = self.tokens_out = 0
        self.latency_s = 0.0
        self._recent: deque[float] = deque(maxlen=100)

    def add(self, *, tokens_in: int, tokens_out: int, latency_s: float, retries: int, estimated: bool = False) -> None:
        """Count a request.

        Args:
            tokens_in: Tokens of the prompt.
            tokens_out: Tokens of the reply.
            latency_s: Seconds from request to reply, without earlier tries.
            retries: Earlier tries.
            estimated: The endpoint did not say how many tokens they were.
        """
        self.requests += 1
        self.retries += retries
        self.estimated += estimated
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        self.latency_s += latency_s
        self._recent.append(latency_s)

    @property
    def cost(self) -> float:
        """Cost of all requests, in the currency of the prices."""
        config = self._config
        return (self.tokens_in * config.price_input + self.tokens_out * config.price_output) / _MILLION

    @property
    def exhausted(self) -> str:
        """Which budget is used up; empty if none is."""
        config = self._config
        if config.max_cost and self.cost >= config.max_cost:
            return f"max_cost: {self.cost:.4f} of {config.max_cost:g}"
        if config.max_tokens and self.tokens_in + self.tokens_out >= config.max_tokens:
            return f"max_tokens: {self.tokens_in + self.tokens_out:,} of {config.max_tokens:,}"
        return ""

    def metrics(self) -> dict[str, float]:
        """Return the sums as metrics; empty without requests."""
        if not self.requests:
            return {}
        return {
            "llm/requests": float(self.requests),
            "llm/retries": float(self.retries),
            "llm/invalid_actions": float(self.invalid),
            "llm/estimated": float(self.estimated),
            "llm/tokens_in": float(self.tokens_in),
            "llm/tokens_out": float(self.tokens_out),
            "llm/cost": self.cost,
            "llm/latency_s": sum(self._recent) / len(self._recent) if self._recent else 0.0,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the sums as plain JSON."""
        return {name: getattr(self, name) for name in _SUMS}

    def restore(self, sums: dict[str, Any]) -> None:
        """Go on from earlier sums.

        Args:
            sums: From :meth:`to_dict`.
        """
        for name in _SUMS:
            setattr(self, name, sums.get(name, 0))
