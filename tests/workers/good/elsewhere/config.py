from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass
class ElsewhereWorkerConfig:
    run_id: str
    env_name: Literal["corridor", "room"] = "corridor"
    task: str = "Corridor-v0"
    num_episodes: int = 5
    max_steps: int = 20
    telemetry_dir: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.run_id:
            raise ValueError("run_id is required")
        if self.num_episodes < 1 or self.max_steps < 1:
            raise ValueError("num_episodes and max_steps must be at least 1")
        if not self.task.startswith(("Corridor", "Room")):
            raise ValueError(f"there is no task {self.task!r}")
        if self.telemetry_dir is None:
            try:
                from gym_gui.config.paths import VAR_OPERATORS_TELEMETRY_DIR

                self.telemetry_dir = str(VAR_OPERATORS_TELEMETRY_DIR)
            except ImportError:
                self.telemetry_dir = "telemetry"

    def to_dict(self) -> dict:
        return asdict(self)

    def to_json(self, indent=2) -> str:
        return json.dumps(self.to_dict(), indent=indent)

    @classmethod
    def from_dict(cls, data: dict) -> ElsewhereWorkerConfig:
        return cls(**data)
