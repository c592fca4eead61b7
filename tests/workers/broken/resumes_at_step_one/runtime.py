"""Loads its checkpoint, and counts its steps anew."""

from .plain import ResumingWorkerRuntime as Plain


class ResumingWorkerRuntime(Plain):
    def train(self):
        step = self.emitter.step
        if self.config.mode == "resume":
            self.emitter.step = lambda index, **values: step(index - self.first(index), **values)
        return super().train()

    def first(self, index):
        self._first = getattr(self, "_first", index)
        return self._first
