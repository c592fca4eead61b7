"""Promises to go on exactly, and forgets the state of its random numbers; it is over before anybody could kill it."""

import io
import json
import os
import random
from pathlib import Path

from gym_gui.core.worker import TelemetryEmitter

from .plain import ResumingWorkerRuntime as Plain


class ResumingWorkerRuntime(Plain):
    def __init__(self, config, **options):
        super().__init__(config, **options)
        self.said = io.StringIO()
        self.emitter = TelemetryEmitter(config.run_id, sink=self.said)

    def run(self):
        try:
            return super().run()
        finally:
            with open(os.environ["MOSAIC_LOG"], "a") as log:
                log.write(self.said.getvalue())

    def train(self):
        if self.config.mode == "resume":
            path = Path(self.config.checkpoint_path)
            state = {**json.loads(path.read_text()), "random": random.Random(99).getstate()}
            path.write_text(json.dumps(state))
        return super().train()
