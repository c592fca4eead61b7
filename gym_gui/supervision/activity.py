"""Idle time of an attempt (pure: sizes and times in, durations out)."""

from __future__ import annotations

#: The longest step of the clock, in seconds, that counts in full: unobserved time, while the supervisor
#: itself was stopped or starved, does not count as idle.
LONGEST_TICK_S = 5.0
#: Without a sample of the CPU time for so long, seconds, there will be none.
SAMPLE_PATIENCE_S = 15.0


class Activity:
    """Signs of life of one attempt.

    Output is any growth or change of its stdout or stderr log; CPU time is that of its whole process group.
    """

    def __init__(self) -> None:
        self.quiet_s = 0.0
        """Watched time without output of any kind."""
        self.idle_s = 0.0
        """Watched time without output and without CPU time, as of the last sample: on a busy machine a worker may wait
        long for the processor, and so may the sampler."""
        self.output_seen = False
        self._seen: tuple[int, int] | None = None
        self._cpu_seconds: float | None = None
        self._unsampled_s = 0.0
        self._now: float | None = None

    def update(
        self,
        now: float,
        stdout_bytes: int,
        stderr_bytes: int,
        cpu_seconds: float | None,
        *,
        sampled: bool = True,
        paused: bool = False,
    ) -> None:
        """Add one observation of the attempt.

        Args:
            now: Monotonic time, seconds.
            stdout_bytes: Size of its stdout log.
            stderr_bytes: Size of its stderr log.
            cpu_seconds: CPU time that its processes have used, ``None`` where it was not sampled.
            sampled: The CPU time is of another sample than that of the observation before.
            paused: It is paused, or cannot be observed: the durations do not grow.
        """
        elapsed = 0.0 if self._now is None or paused else min(max(0.0, now - self._now), LONGEST_TICK_S)
        self._now = now
        self.quiet_s += elapsed
        self._unsampled_s += elapsed
        sizes = (stdout_bytes, stderr_bytes)
        if sizes != self._seen:
            self._seen = sizes
            self.quiet_s = self.idle_s = self._unsampled_s = 0.0
        self.output_seen = self.output_seen or any(sizes)
        if cpu_seconds is not None and cpu_seconds != self._cpu_seconds:
            self._cpu_seconds = cpu_seconds
            self.idle_s = self._unsampled_s = 0.0
        elif cpu_seconds is None or sampled or self._unsampled_s > SAMPLE_PATIENCE_S:
            self.idle_s += self._unsampled_s
            self._unsampled_s = 0.0
