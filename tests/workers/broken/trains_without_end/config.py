"""Says how long it trains where nobody looks."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass
class PrintingWorkerConfig:
    run_id: str
    seed: int | None = None
    env_id: str = "CartPole-v1"
    stamina: int = 10**9

    @property
    def total_steps(self) -> int:
        return self.stamina

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict) -> PrintingWorkerConfig:
        return cls(**data)
