"""Its manifest lists a folder that it never made."""

import json
from pathlib import Path

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _train(self):
        artifacts = {"checkpoints": {"directory": "checkpoints", "format": "pytorch"}, "videos_dir": "videos"}
        manifest = {"run_id": self.config.run_id, "worker_type": "printing", "artifacts": artifacts, "metadata": {}}
        Path(f"{self.config.run_id}_analytics.json").write_text(json.dumps(manifest))
        return {}
