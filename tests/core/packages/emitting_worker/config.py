from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class EmittingWorkerConfig:
    """Configuration of the emitting worker.

    Attributes:
        run_id: Unique identifier of this run
        env_id: Environment to train on
        algorithm: Algorithm name
        total_steps: Total training steps
        seed: Random seed
        learning_rate: Learning rate
        batch_size: Batch size
    """

    run_id: str
    seed: int | None = None
    env_id: str = "CartPole-v1"
    algorithm: str = "dqn"
    total_steps: int = 100_000
    learning_rate: float = 1e-4
    batch_size: int = 32

    def __post_init__(self) -> None:
        if not self.run_id:
            raise ValueError("run_id is required")
        if self.total_steps < 1:
            raise ValueError("total_steps must be >= 1")
        try:
            from gym_gui.core.worker import WorkerConfig as WorkerConfigProtocol

            assert isinstance(self, WorkerConfigProtocol), "must implement the WorkerConfig protocol"
        except ImportError:
            pass

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> EmittingWorkerConfig:
        return cls(**{name: value for name, value in data.items() if name in cls.__dataclass_fields__})

    def to_json(self, indent: int = 2) -> str:
        return json.dumps(self.to_dict(), indent=indent)


def load_worker_config(config_path: str) -> EmittingWorkerConfig:
    path = Path(config_path)
    if not path.exists():
        raise FileNotFoundError(f"Config file not found: {config_path}")
    raw = json.loads(path.read_text())
    if "metadata" in raw and "worker" in raw["metadata"]:
        raw = raw["metadata"]["worker"].get("config", {})
    return EmittingWorkerConfig.from_dict(raw)
