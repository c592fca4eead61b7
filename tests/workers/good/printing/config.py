from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict  # noqa: UP035 - as outsiders write it


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

    def to_dict(self) -> Dict[str, Any]:  # noqa: UP006
        return {
            "run_id": self.run_id,
            "seed": self.seed,
            "env_id": self.env_id,
            "algorithm": self.algorithm,
            "total_steps": self.total_steps,
            "learning_rate": self.learning_rate,
        }

    @classmethod
    def from_dict(cls, data: Dict[str, Any]) -> PrintingWorkerConfig:  # noqa: UP006
        known = cls.__dataclass_fields__
        return cls(**{k: v for k, v in data.items() if k in known})
