"""MOSAIC's CleanRL worker: eight algorithms as single files in CleanRL's manner, and scripts of CleanRL itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import CleanRLWorkerConfig, load_worker_config

if TYPE_CHECKING:
    from .runtime import CleanRLWorkerRuntime

__version__ = "0.1.0"


def get_worker_metadata() -> tuple[Any, Any]:
    """Describe this worker to MOSAIC.

    Returns:
        ``(WorkerMetadata, WorkerCapabilities)``.
    """
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="CleanRL",
        version=__version__,
        description="PPO, DQN, C51, DDPG, TD3 and SAC as single files in CleanRL's manner, and CleanRL's own scripts.",
        author="MOSAIC contributors",
        homepage="https://github.com/vwxyzjn/cleanrl",
        upstream_library="cleanrl (its manner, names and defaults; no code of it)",
        upstream_version="1.0.0",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="cleanrl",
        supported_paradigms=("sequential",),
        env_families=("gymnasium", "classic_control", "toy_text", "box2d", "mujoco", "atari"),
        action_spaces=("discrete", "continuous"),
        observation_spaces=("vector", "image", "discrete", "multi_discrete", "multi_binary", "dict", "tuple"),
        max_agents=1,
        supports_checkpointing=True,
        supports_pause_resume=True,
        supports_gpu=True,
        requires_gpu=False,
        cpu_cores=1,
        estimated_memory_mb=512,
        determinism="exact",
        exact_resume=True,
    )
    return metadata, capabilities


def __getattr__(name: str) -> Any:
    if name == "CleanRLWorkerRuntime":
        from .runtime import CleanRLWorkerRuntime

        return CleanRLWorkerRuntime
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CleanRLWorkerConfig",
    "CleanRLWorkerRuntime",
    "__version__",
    "get_worker_metadata",
    "load_worker_config",
]
