from __future__ import annotations

from dataclasses import dataclass

from gym_gui.core.worker import WorkerConfig as WorkerConfigProtocol


@dataclass(frozen=True)
class ConstantWorkerConfig:
    run_id: str
    seed: int | None = None
    algo: str = "default"
    env_id: str = "CartPole-v1"

    def __post_init__(self) -> None:
        assert isinstance(self, WorkerConfigProtocol)

    def to_dict(self) -> dict:
        return {"run_id": self.run_id, "seed": self.seed, "algo": self.algo, "env_id": self.env_id}

    @classmethod
    def from_dict(cls, data: dict) -> ConstantWorkerConfig:
        return cls(**data)
