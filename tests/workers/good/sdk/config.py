from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SdkWorkerConfig:
    run_id: str
    seed: int | None = None
    algo: str = "default"
    env_id: str = "CartPole-v1"
    total_steps: int = 1000

    def to_dict(self) -> dict:
        return dict(vars(self))

    @classmethod
    def from_dict(cls, data: dict) -> SdkWorkerConfig:
        return cls(**data)
