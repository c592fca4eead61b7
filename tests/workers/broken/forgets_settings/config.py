"""Loses a field on the way to JSON and back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class PrintingWorkerConfig:
    run_id: str
    seed: int | None = None
    env_id: str = "CartPole-v1"
    total_steps: int = 1000

    def to_dict(self):
        return {"run_id": self.run_id, "seed": self.seed, "total_steps": self.total_steps}

    @classmethod
    def from_dict(cls, data):
        return cls(**data)
