"""A worker that prints its telemetry itself, knowing of MOSAIC nothing but the two descriptions."""


def get_worker_metadata() -> tuple:
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="Printing Worker",
        version="1.0.0",
        description="Prints.",
        author="Me",
        homepage="https://example.org",
        upstream_library="mylib",
        upstream_version="1.0.0",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="printing",
        supported_paradigms=("sequential",),
        env_families=("gymnasium",),
        action_spaces=("discrete", "continuous"),
        observation_spaces=("vector", "image"),
        max_agents=1,
        supports_checkpointing=True,
        requires_gpu=False,
    )
    return metadata, capabilities
