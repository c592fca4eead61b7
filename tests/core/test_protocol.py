from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import pytest

from gym_gui.core.worker import WorkerCapabilities, WorkerConfig, WorkerMetadata, WorkerRuntime, protocol, protocols


@dataclass(frozen=True)
class Config:
    run_id: str
    seed: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"run_id": self.run_id, "seed": self.seed}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Config:
        return cls(**data)


class Runtime:
    def run(self) -> dict[str, Any]:
        return {}


def test_shapes_need_no_inheritance() -> None:
    assert isinstance(Config("r"), WorkerConfig)
    assert isinstance(Runtime(), WorkerRuntime)


def test_what_lacks_a_member_is_no_config() -> None:
    assert not isinstance(Runtime(), WorkerConfig)
    assert not isinstance(object(), WorkerRuntime)


def test_everything_but_the_name_has_a_default() -> None:
    assert WorkerMetadata(name="x").license == ""
    capabilities = WorkerCapabilities(worker_type="x")
    assert capabilities.max_agents == 1
    assert capabilities.determinism == "none"
    assert not capabilities.is_multi_agent()


def test_descriptions_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        WorkerMetadata(name="x").name = "y"  # type: ignore[misc]


def test_descriptions_come_back_from_their_dicts() -> None:
    capabilities = WorkerCapabilities(
        worker_type="x", env_families=("gymnasium", "atari"), max_agents=4, determinism="exact"
    )
    values = capabilities.to_dict()
    assert values["env_families"] == ["gymnasium", "atari"]
    assert WorkerCapabilities.from_dict({**values, "of_a_later_version": 1}) == capabilities
    assert capabilities.supports_env_family("atari")
    assert capabilities.supports_paradigm("sequential")
    assert capabilities.is_multi_agent()
    metadata = WorkerMetadata(name="x", version="1")
    assert WorkerMetadata.from_dict(metadata.to_dict()) == metadata


def test_lists_become_tuples() -> None:
    assert WorkerCapabilities(worker_type="x", action_spaces=["discrete"]).action_spaces == ("discrete",)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [{"worker_type": ""}, {"worker_type": "x", "determinism": "perhaps"}])
def test_nonsense_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"worker_type|determinism"):
        WorkerCapabilities(**values)


def test_both_module_names_hold_the_same() -> None:
    assert protocols.__all__ == protocol.__all__
    assert all(getattr(protocols, name) is getattr(protocol, name) for name in protocol.__all__)
