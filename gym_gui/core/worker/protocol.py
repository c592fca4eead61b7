"""What a worker is: the shapes of its config and runtime, and how it describes itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol, runtime_checkable

DETERMINISM = ("exact", "seeded", "none")


@runtime_checkable
class WorkerConfig(Protocol):
    """The shape of a worker's config: any class with these members satisfies it, none needs to inherit."""

    run_id: str
    seed: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return the config as a JSON-ready dict that :meth:`from_dict` takes back."""
        ...

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> WorkerConfig:
        """Build a config from a dict."""
        ...


@runtime_checkable
class WorkerRuntime(Protocol):
    """The shape of what does a worker's work."""

    def run(self) -> dict[str, Any]:
        """Do all of the work and return its JSON-ready summary."""
        ...


class _Description:
    """Shared by the two descriptions: plain dicts out, and in from any version's dict."""

    def to_dict(self) -> dict[str, Any]:
        """Return the description as a JSON-ready dict."""
        values: dict[str, Any] = asdict(self)  # type: ignore[call-overload]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Any:
        """Build a description from a dict; names that this version does not know are left out."""
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in data.items() if name in known})


@dataclass(frozen=True)
class WorkerMetadata(_Description):
    """Who a worker is.

    Args:
        name: Display name.
        version: Version of the worker package.
        description: One sentence.
        author: Who wrote it.
        homepage: Where to read more.
        upstream_library: The library that it wraps.
        upstream_version: The version of that library.
        license: SPDX name.
    """

    name: str
    version: str = "0.0.0"
    description: str = ""
    author: str = ""
    homepage: str = ""
    upstream_library: str = ""
    upstream_version: str = ""
    license: str = ""


@dataclass(frozen=True)
class WorkerCapabilities(_Description):
    """What a worker can do and what it needs.

    Args:
        worker_type: Name of the kind of worker, as its entry point is named.
        supported_paradigms: E.g. ``("sequential",)``.
        env_families: E.g. ``("gymnasium", "atari")``.
        action_spaces: E.g. ``("discrete", "continuous")``.
        observation_spaces: E.g. ``("vector", "image")``.
        max_agents: Largest number of agents in one environment.
        supports_self_play: Trains an agent against copies of itself.
        supports_population: Trains a population.
        supports_checkpointing: Saves checkpoints and can resume from one.
        supports_pause_resume: May be stopped and continued by the supervisor (SIGSTOP, SIGCONT).
        supports_gpu: Computes on a GPU where it has one; a free one is then granted to it.
        requires_gpu: Does not run without a GPU.
        gpu_memory_mb: GPU memory it needs, in MB.
        cpu_cores: CPU cores it keeps busy.
        estimated_memory_mb: Memory it needs, in MB.
        determinism: Same seed on CPU gives ``"exact"``ly the same episodes, the same distribution (``"seeded"``),
            or ``"none"``: no promise.
        exact_resume: A run that is resumed from a checkpoint goes on with exactly the episodes that it would have
            trained without an interruption (where it is ``"exact"`` in the first place).

    Raises:
        ValueError: ``worker_type`` is empty or ``determinism`` is none of the three words.
    """

    worker_type: str
    supported_paradigms: tuple[str, ...] = ("sequential",)
    env_families: tuple[str, ...] = ()
    action_spaces: tuple[str, ...] = ()
    observation_spaces: tuple[str, ...] = ()
    max_agents: int = 1
    supports_self_play: bool = False
    supports_population: bool = False
    supports_checkpointing: bool = False
    supports_pause_resume: bool = False
    requires_gpu: bool = False
    gpu_memory_mb: int | None = None
    cpu_cores: int = 1
    estimated_memory_mb: int = 512
    determinism: str = "none"
    exact_resume: bool = False
    supports_gpu: bool = False

    def __post_init__(self) -> None:
        if not self.worker_type:
            raise ValueError("worker_type is required: the name of the kind of worker, as its entry point is named")
        if self.determinism not in DETERMINISM:
            raise ValueError(f"determinism is one of {', '.join(DETERMINISM)}, not {self.determinism!r}")
        for name in ("supported_paradigms", "env_families", "action_spaces", "observation_spaces"):
            object.__setattr__(self, name, tuple(str(entry) for entry in getattr(self, name)))

    def supports_paradigm(self, paradigm: str) -> bool:
        """Return whether the worker trains in this way, e.g. ``"sequential"``."""
        return paradigm in self.supported_paradigms

    def supports_env_family(self, family: str) -> bool:
        """Return whether the worker takes environments of this family, e.g. ``"gymnasium"``."""
        return family in self.env_families

    def is_multi_agent(self) -> bool:
        """Return whether the worker takes environments of more than one agent."""
        return self.max_agents > 1


__all__ = ["DETERMINISM", "WorkerCapabilities", "WorkerConfig", "WorkerMetadata", "WorkerRuntime"]
