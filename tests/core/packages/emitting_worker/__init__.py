from .config import EmittingWorkerConfig, load_worker_config
from .runtime import EmittingWorkerRuntime

__version__ = "1.0.0"


def get_worker_metadata() -> tuple:
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="Emitting Worker",
        version=__version__,
        description="Emits its telemetry",
        author="Somebody",
        homepage="https://example.org",
        upstream_library="nothing",
        upstream_version="1.0.0",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="emitting",
        supported_paradigms=("sequential",),
        env_families=("gymnasium", "atari"),
        action_spaces=("discrete", "continuous"),
        observation_spaces=("vector", "image"),
        max_agents=1,
        supports_self_play=False,
        supports_population=False,
        supports_checkpointing=True,
        supports_pause_resume=False,
        requires_gpu=False,
        gpu_memory_mb=None,
        cpu_cores=1,
        estimated_memory_mb=512,
    )
    return metadata, capabilities


__all__ = ["EmittingWorkerConfig", "EmittingWorkerRuntime", "__version__", "get_worker_metadata", "load_worker_config"]
