"""MOSAIC's Mctx worker: Gumbel MuZero and AlphaZero self-play on the two-player games of Pgx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import MctxWorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import MctxWorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="Mctx",
        version=__version__,
        description="Gumbel MuZero and AlphaZero self-play on the two-player games of Pgx.",
        author="MOSAIC contributors",
        homepage="https://github.com/google-deepmind/mctx",
        upstream_library="mctx, pgx",
        upstream_version="0.0.71, 2.6.0",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="mctx",
        supported_paradigms=("self_play", "multi_agent"),
        env_families=("pgx",),
        action_spaces=("discrete",),
        observation_spaces=("vector", "image"),
        max_agents=2,
        supports_self_play=True,
        supports_checkpointing=True,
        supports_pause_resume=True,
        requires_gpu=False,
        cpu_cores=1,
        estimated_memory_mb=1536,
        determinism="exact",
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    # Imported on first use: reading the metadata or the config does not import the library.
    if name == "MctxWorkerRuntime":
        from .runtime import MctxWorkerRuntime

        return MctxWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["MctxWorkerConfig", "MctxWorkerRuntime", "__version__", "get_worker_metadata", "load_worker_config"]
