"""A worker that leaves its telemetry and its command line to the SDK."""

from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata


def get_worker_metadata():
    metadata = WorkerMetadata(name="SDK Worker", version="1.0.0", description="Example worker", license="MIT")
    capabilities = WorkerCapabilities(
        worker_type="sdk", supported_paradigms=("sequential",), env_families=("gymnasium",), determinism="exact"
    )
    return metadata, capabilities
