"""The events of a worker's life: their order, and what each carries."""

from __future__ import annotations

import itertools

from gym_gui.constants import WORKER_HEARTBEAT_INTERVAL_S
from gym_gui.telemetry import LIFECYCLE_KINDS, unix_seconds
from gym_gui.workers.conformance import settings as choose
from gym_gui.workers.conformance._transcript import TERMINAL, Transcript, announces_phase, kind_of
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.held import HeldRun, beat_setting, held_run
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

LEAST_BEAT_S = 0.9
BOOK = RuleBook("lifecycle")


def _spoke(subject: Subject) -> Transcript:
    if not subject.short.events:
        raise NotApplicable("it printed no telemetry")
    return subject.short


@BOOK.error(
    "run-completes",
    "A short run completes: `run_completed`, and exit code 0.",
    why="Nothing else can be relied on.",
    mend="Run it by hand: `python -m <package>.cli --config config.json`. If it needs other settings to be short, pass "
    "them with `--set`.",
)
def run_completes(subject: Subject) -> str | None:
    short = subject.short
    if short.reason == "wall_time" and subject.length_field is None:
        fields = ", ".join(subject.usable.properties) or "none that can be read"
        return f"{short.how()}; no field is known to set how long it trains: name it with --set (fields: {fields})"
    if short.code != 0 or short.reason != "exited":
        return short.how()
    if "run_completed" not in short.kinds:
        return f"it ended with exit code 0 and said {short.kinds[-1] if short.kinds else 'nothing'} last"
    return None


@BOOK.error(
    "lifecycle-start",
    "`run_started` is the first event, and comes once.",
    why="It changes the run's state from starting to running; until then a slow import looks like a hang.",
    mend="Emit it first in `run()`, before the library is imported.",
)
def lifecycle_start(subject: Subject) -> str | None:
    kinds = subject.short.kinds
    if not kinds:
        return "it printed no telemetry"
    if kinds[0] != "run_started":
        return f"the first event is {kinds[0]}"
    count = kinds.count("run_started")
    return f"run_started came {count} times" if count > 1 else None


@BOOK.error(
    "lifecycle-end",
    "Exactly one of `run_completed`, `run_failed`, `run_cancelled` is the last event.",
    why="Two endings contradict each other; events after the end belong to nothing.",
    mend="Emit it once, after all data, where `run()` ends. Stop heartbeat threads before.",
)
def lifecycle_end(subject: Subject) -> str | None:
    kinds = _spoke(subject).kinds
    ends = [kind for kind in kinds if kind in TERMINAL]
    if len(ends) != 1:
        return f"it ended {len(ends)} times: {', '.join(ends)}" if ends else "it never said how it ended"
    after = len(kinds) - 1 - kinds.index(ends[0])
    return f"{after} events came after {ends[0]}, first {kinds[-after]}" if after else None


@BOOK.error(
    "lifecycle-truth",
    "Its last event and its exit code agree.",
    why="The supervisor believes the exit code, people believe the event.",
    mend="After `run_completed` exit with 0, after `run_failed` with another code.",
)
def lifecycle_truth(subject: Subject) -> str | None:
    short = _spoke(subject)
    ends = [kind for kind in short.kinds if kind in TERMINAL]
    if ends and (ends[-1] == "run_completed") != (short.code == 0):
        return f"it says {ends[-1]} and ends with {short.how()}"
    return None


@BOOK.error(
    "event-run-id",
    "Every event carries the run's id.",
    why="An event of another run is quarantined; one without an id can be attributed only by its file.",
    mend="Take `run_id` from the config and put it into every event (`TelemetryEmitter` does).",
)
def event_run_id(subject: Subject) -> str | None:
    short = _spoke(subject)
    wrong = [event for event in short.events if event.get("run_id") != short.run_id]
    if not wrong:
        return None
    first, number = wrong[0], short.line_of(wrong[0])
    return f"{len(wrong)} events, first in line {number}: {kind_of(first)} has run_id {first.get('run_id')!r}"


@BOOK.warning(
    "event-worker-id",
    "Every event carries the worker's id.",
    why="Where several workers share a run, logs that were renamed can no longer be distinguished.",
    mend="Put `$WORKER_ID` into every event as `worker_id` (`TelemetryEmitter` does).",
)
def event_worker_id(subject: Subject) -> str | None:
    short = _spoke(subject)
    missing = [event for event in short.events if not event.get("worker_id")]
    return f"{len(missing)} of {len(short.events)} events have none" if missing else None


@BOOK.error(
    "event-worker-id-own",
    "A worker id in an event is the one that the worker was given.",
    why="An invented id files telemetry under a worker that does not exist.",
    mend="Take it from `--worker-id`, else from `$WORKER_ID`.",
)
def event_worker_id_own(subject: Subject) -> str | None:
    short = _spoke(subject)
    others = {
        str(event["worker_id"]) for event in short.events if event.get("worker_id") not in (None, "", short.worker_id)
    }
    return f"it was given {short.worker_id} and says {', '.join(sorted(others))}" if others else None


@BOOK.warning(
    "event-timestamp",
    "Lifecycle events carry a `timestamp`.",
    why="Without one the time of an event is that of its arrival.",
    mend='`"timestamp": time.time()` (seconds), or ISO 8601 text.',
)
def event_timestamp(subject: Subject) -> str | None:
    lifecycle = _spoke(subject).lifecycle
    missing = sorted({kind_of(event) for event in lifecycle if unix_seconds(event.get("timestamp")) is None})
    return f"none that can be read in {', '.join(missing)}" if missing else None


@BOOK.warning(
    "event-payload",
    "The payload of a lifecycle event is an object.",
    why="Text cannot be filtered, compared or shown as a table.",
    mend='Use names and values instead of sentences: `{"env_id": ..., "seed": ...}`.',
)
def event_payload(subject: Subject) -> str | None:
    found = [event for event in _spoke(subject).lifecycle if not isinstance(event.get("payload", {}), dict)]
    return f"{kind_of(found[0])} has {found[0]['payload']!r:.80}" if found else None


@BOOK.warning(
    "event-rate",
    "Heartbeats come at least a second apart.",
    why="They are signs of life for people, not data: steps, episodes and metrics are for that.",
    mend="Emit them by the clock (`HeartbeatThread`, every 30 s), not by the step. Those that only announce another "
    "phase (`emitter.phase(...)`) do not count.",
)
def event_rate(subject: Subject) -> str | None:
    beats, phase = [], ""
    for event in _spoke(subject).of("heartbeat"):
        if not announces_phase(event) or event["payload"]["phase"] == phase:
            beats.append(event)
        else:
            phase = event["payload"]["phase"]
    times = [unix_seconds(event.get("timestamp")) for event in beats]
    known = [moment for moment in times if moment is not None]
    least = min((after - before for before, after in itertools.pairwise(known)), default=LEAST_BEAT_S)
    return f"two of {len(known)} heartbeats are {least:.3f} s apart" if least < LEAST_BEAT_S else None


@BOOK.warning(
    "event-known",
    "Events have names that MOSAIC knows.",
    why="An event of another name is quarantined.",
    mend=f"Lifecycle: {', '.join(sorted(LIFECYCLE_KINDS))}. Data: step, episode, metric.",
)
def event_known(subject: Subject) -> str | None:
    known = {*LIFECYCLE_KINDS, "step", "episode", "metric"}
    others = sorted({kind[:40] for kind in _spoke(subject).kinds if kind not in known})
    return f"unknown: {', '.join(others[:5])}" if others else None


@BOOK.warning(
    "heartbeat-setting",
    "The config says how often heartbeats come.",
    why="Whether they come while the main thread is busy can be seen within seconds only if they come often.",
    mend="Add `heartbeat_interval_s: float = 30.0` and pass it to `HeartbeatThread`.",
)
def heartbeat_setting(subject: Subject) -> str | None:
    return None if choose.heartbeat_field(subject.usable) else "no field of its config has heartbeat in its name"


@BOOK.error(
    "heartbeat-blocked",
    "Heartbeats continue while the main thread is busy.",
    why="A long update without a sign of life is taken for a hang, and the run is ended.",
    mend="Send them from a thread of their own: `with HeartbeatThread(emitter, interval_s): ...`.",
    slow=True,
)
def heartbeat_blocked(subject: Subject) -> str | None:
    setting = beat_setting(subject)
    if setting is None:
        raise NotApplicable("how often it sends heartbeats cannot be set; see heartbeat-thread")
    field, interval = setting
    if interval >= subject.limits.block_s / 2:
        raise NotApplicable(f"{field} cannot be set below {interval:g} s; see heartbeat-thread")
    held = _held(subject)
    return None if held.beats else f"{_nothing(held)}, with {field}={interval:g}"


@BOOK.warning(
    "heartbeat-thread",
    "Heartbeats continue while the main thread is busy, also where their interval cannot be set.",
    why="A worker that has sent one and then falls silent for ten intervals is taken for lost.",
    mend=f"Send them from a thread of their own, every {WORKER_HEARTBEAT_INTERVAL_S:g} s or less: "
    "`with HeartbeatThread(emitter): ...`.",
    slow=True,
)
def heartbeat_thread(subject: Subject) -> str | None:
    setting = beat_setting(subject)
    if setting is not None and setting[1] < subject.limits.block_s / 2:
        return None  # heartbeat-blocked looks at it
    held = _held(subject)
    return None if held.beats else _nothing(held)


def _held(subject: Subject) -> HeldRun:
    held = held_run(subject)
    if not held.held:
        raise NotApplicable("its main thread could not be held: the run had ended, or runs outside Python")
    return held


def _nothing(held: HeldRun) -> str:
    return f"none came while the main thread was held for {held.hold_s * 0.8:.1f} s"
