"""Saves its checkpoints into one folder for all runs."""

import tempfile
from pathlib import Path

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _train(self):
        path = Path(tempfile.gettempdir()) / "mosaic-broken-worker.pt"
        path.write_text("")
        self._emit_lifecycle("checkpoint_saved", {"path": str(path), "step": 0})
        path.unlink()
        return super()._train()
