from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class WrappingConfig:
    """What the script is told.

    Attributes:
        run_id: The run.
        seed: Of the script.
        env_id: What it trains on.
        episodes: How long.
    """

    run_id: str
    seed: int | None = None
    env_id: str = "CartPole-v1"
    episodes: int = 200

    def __post_init__(self) -> None:
        if not self.run_id:
            raise ValueError("run_id is required")

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> WrappingConfig:
        unknown = set(data) - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}")
        return cls(**data)


def load_worker_config(path: str) -> WrappingConfig:
    data = json.loads(Path(path).read_text())
    return WrappingConfig.from_dict((data.get("metadata") or {}).get("worker", {}).get("config") or data)
