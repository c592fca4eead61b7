"""Its library talks to stdout."""

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _train(self):
        print("Using cpu device")
        print("Wrapping the env in a DummyVecEnv.")
        return super()._train()
