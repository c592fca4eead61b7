"""A worker written from the page of what a worker prints: no class of MOSAIC is used but the two descriptions."""

__version__ = "1.0.0"


def describe():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

    return (
        WorkerMetadata("Parsing", __version__, "Bandits.", author="Somebody", license="Apache-2.0"),
        WorkerCapabilities("parsing", ("sequential",), ("bandits",), ("discrete",), ("discrete",), determinism="exact"),
    )
