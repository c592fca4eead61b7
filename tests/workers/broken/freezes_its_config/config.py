"""A frozen dataclass that assigns in __post_init__."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PrintingWorkerConfig:
    run_id: str
    seed: int | None = None
    total_steps: int = 1000

    def __post_init__(self) -> None:
        self.validated = True

    def to_dict(self):
        return dict(vars(self))

    @classmethod
    def from_dict(cls, data):
        return cls(**data)
