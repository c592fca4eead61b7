"""MOSAIC's BALROG worker: language models as agents in text environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import BalrogWorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import BalrogWorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="BALROG",
        version=__version__,
        description="Language models as agents in BabyAI, TextWorld, MiniHack and Crafter.",
        author="MOSAIC contributors",
        homepage="https://balrogai.com",
        upstream_library="openai, minigrid, textworld, minihack, crafter",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="balrog",
        supported_paradigms=("sequential",),
        env_families=("babyai", "textworld", "minihack", "crafter"),
        action_spaces=("text", "discrete"),
        observation_spaces=("text", "image"),
        supports_checkpointing=True,
        supports_pause_resume=True,
        cpu_cores=1,
        estimated_memory_mb=512,
        determinism="none",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    # Imported on first use: reading the metadata or the config imports no library.
    if name == "BalrogWorkerRuntime":
        from .runtime import BalrogWorkerRuntime

        return BalrogWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["BalrogWorkerConfig", "BalrogWorkerRuntime", "__version__", "get_worker_metadata", "load_worker_config"]
