from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class PrintingWorkerConfig:
    run_id: str
    seed: int | None = None
    env_id: str = "CartPole-v1"
    algorithm: str = "dqn"
    total_steps: int = 100_000
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        if not self.run_id:
            raise ValueError("run_id is required")

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> PrintingWorkerConfig:
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in data.items() if name in known})
