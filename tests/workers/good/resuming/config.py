from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from gym_gui.core.worker.config_loader import load_worker_config_from_file


@dataclass
class ResumingWorkerConfig:
    run_id: str
    seed: int | None = None
    env_id: str = field(default="chain", metadata={"help": "The only environment.", "choices": ["chain"]})
    total_steps: int = field(default=20_000, metadata={"help": "Steps.", "minimum": 1})
    checkpoint_every: int = field(default=500, metadata={"help": "Steps between checkpoints.", "minimum": 1})
    mode: str = field(default="train", metadata={"choices": ["train", "resume"]})
    checkpoint_path: str | None = None

    def __post_init__(self) -> None:
        if not self.run_id or self.total_steps < 1 or self.env_id != "chain":
            raise ValueError("run_id, total_steps or env_id is wrong")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ResumingWorkerConfig:
        return cls(**data)


def load_worker_config(path: str) -> ResumingWorkerConfig:
    return ResumingWorkerConfig.from_dict(load_worker_config_from_file(path))
