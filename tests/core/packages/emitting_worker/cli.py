import sys

from emitting_worker.config import EmittingWorkerConfig
from gym_gui.core.worker import WorkerCLI


def main(argv=None) -> int:
    return WorkerCLI.run(EmittingWorkerConfig, "emitting_worker.runtime:EmittingWorkerRuntime", argv)


if __name__ == "__main__":
    sys.exit(main())
