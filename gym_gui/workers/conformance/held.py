"""A run that is to last for ever: its main thread is held for a while, and then it is cancelled."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from gym_gui.workers.conformance import settings as choose
from gym_gui.workers.conformance._transcript import TERMINAL, Transcript, announces_phase, kind_of, read_lines
from gym_gui.workers.conformance.subject import Subject

_WANTED_BEAT_S = 1.0


@dataclass(frozen=True)
class HeldRun:
    """What came of it.

    Args:
        transcript: All that it said.
        held: Whether its main thread could be held.
        hold_s: For how long it was held at most; shorter once heartbeats were seen.
        beats: Heartbeats that it printed in the meantime.
        unflushed: Whether lines were stuck in a buffer when it was held.
        cancelled: Whether it still ran when SIGTERM was sent.
        cancel_s: Seconds from SIGTERM to the end.
    """

    transcript: Transcript
    held: bool
    hold_s: float
    beats: int
    unflushed: bool
    cancelled: bool
    cancel_s: float


def beat_setting(subject: Subject) -> tuple[str, float] | None:
    """Return the field that sets the time between two heartbeats, and the shortest that it allows, at least 1 s."""
    field = choose.heartbeat_field(subject.usable)
    return None if field is None else (field, choose.within(subject.usable, field, _WANTED_BEAT_S))


def held_run(subject: Subject) -> HeldRun:
    """Return what came of a training for ever whose main thread is held for a while, and which is then cancelled."""
    return subject.once(_hold_and_cancel)


def _hold_and_cancel(subject: Subject) -> HeldRun:
    subject.stage("cancelling a long run")
    limits = subject.limits
    settings = {**subject.given, **choose.length_settings(subject.usable, choose.FOR_EVER)}
    setting = beat_setting(subject)
    wanted = 2
    hold_s = limits.block_s
    if setting is not None:
        settings[setting[0]] = setting[1]
    if setting is None or setting[1] >= limits.block_s / 2:  # only those of its own interval can come
        hold_s, wanted = limits.beat_s, 1
    mark = subject.home / "held"
    attempt = subject.start(
        settings,
        environment={"MOSAIC_CHECK_HELD": str(mark), "MOSAIC_CHECK_HOLD_S": str(hold_s)},
        wall_s=limits.startup_s + hold_s + limits.run_s,
    )
    attempt.until(lambda: _is_at_work(attempt.output()), limits.startup_s)
    early = attempt.output()
    attempt.signal(signal.SIGUSR2)
    held = attempt.until(mark.exists, 10.0) and not attempt.ended()
    before = attempt.size()
    attempt.until(lambda: held and _beats(attempt.output(before)) >= wanted, hold_s * 0.8)
    beats = _beats(attempt.output(before)) if held else 0
    cancelled = not attempt.ended()
    mark.with_suffix(".release").touch()  # a handler that only notes SIGTERM has to come back to the training
    attempt.signal(signal.SIGTERM, launcher=True)
    transcript = attempt.finish(briefly=True)
    return HeldRun(
        transcript,
        held=held,
        hold_s=hold_s,
        beats=beats,
        # One line may have been held between its write and its flush; more were left in the buffer.
        # What came only after it was told to end, more than the word of that, had been there before.
        unflushed=cancelled and ((not early and len(transcript.events) > 1) or (held and int(mark.read_text()) > 1)),
        cancelled=cancelled and transcript.reason == "terminated",
        cancel_s=attempt.stopping_s(),
    )


def _is_at_work(output: bytes) -> bool:
    """Whether a run has begun and said something after that, other than what it is about to do."""
    events = [event for line in read_lines(output) for event in line.events if not announces_phase(event)]
    kinds = [kind_of(event) for event in events]
    return len(kinds) > 1 and not set(kinds) & set(TERMINAL)


def _beats(output: bytes) -> int:
    """Return how many heartbeats there are, also in lines that are not whole."""
    return sum(kind_of(event) == "heartbeat" for line in read_lines(output) for event in line.events)
