"""A worker in the style of those written elsewhere: guarded imports, a dialect, a family and a task of environments."""


def get_worker_metadata() -> tuple:
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    metadata = WorkerMetadata(
        name="Elsewhere",
        version="1.0.0",
        description="Plays.",
        author="Me",
        homepage="https://example.org",
        license="MIT",
    )
    capabilities = WorkerCapabilities(
        worker_type="elsewhere", supported_paradigms=("sequential",), env_families=("grids",)
    )
    return metadata, capabilities
