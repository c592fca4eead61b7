"""Keeps a file in its own package, as scripts do that save where they lie."""

from pathlib import Path

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _train(self):
        Path(__file__).with_name("model.pt").write_text("")
        return super()._train()
