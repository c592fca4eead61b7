"""What a worker prints: one JSON object a line, whole, at once, and nothing else."""

from __future__ import annotations

import math
from typing import Any

from gym_gui.telemetry import aliased_value
from gym_gui.workers.conformance._transcript import Kind, Line, kind_of
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.held import held_run
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import CANARY, Subject

_QUOTED = 3
BOOK = RuleBook("telemetry")


def _lines(subject: Subject, kind: Kind) -> list[Line]:
    return [line for line in subject.spoken.lines if line.kind == kind]


def _quote(lines: list[Line], what: str) -> str | None:
    if not lines:
        return None
    shown = "; ".join(f"line {line.number}: {line.text.strip()[:100]!r}" for line in lines[:_QUOTED])
    return f"{len(lines)} {what}: {shown}{' …' if len(lines) > _QUOTED else ''}"


@BOOK.error(
    "telemetry-valid",
    "Every telemetry line is valid.",
    why="An invalid line is quarantined: kept and counted, but in no curve and no table.",
    mend="See the reference of what a worker prints for the fields and their types.",
)
def telemetry_valid(subject: Subject) -> str | None:
    found = subject.spoken.quarantined
    if not found and not subject.spoken.events:
        raise NotApplicable("it printed no telemetry")
    if not found:
        return None
    first, excerpt = found[0], found[0].excerpt[:100].decode("utf-8", "replace")
    return f"{len(found)} quarantined, first: {first.reason}: {first.detail}: {excerpt}"


@BOOK.error(
    "telemetry-json",
    "A line that begins like an object is one.",
    why="Printed dicts, single quotes and `nan` are not JSON; such lines count as program output, in no table.",
    mend="Print `json.dumps(event)`; numbers that are not finite as Python's json writes them (`NaN`).",
)
def telemetry_json(subject: Subject) -> str | None:
    return _quote(_lines(subject, "broken"), "lines begin with { and are not JSON")


@BOOK.error(
    "telemetry-whole-lines",
    "Every event is on a line of its own.",
    why="Lines of several threads or processes glued together are salvaged where whole, and lost where torn.",
    mend="Write each event and its newline with one call and flush it (`TelemetryEmitter` does); hold a lock around "
    "prints of several threads; send a library's progress bars to stderr.",
)
def telemetry_whole_lines(subject: Subject) -> str | None:
    if not subject.spoken.events:
        raise NotApplicable("it printed no telemetry")
    return _quote(_lines(subject, "glued"), "lines contain more than one event, or other text beside it")


@BOOK.warning(
    "telemetry-flushed",
    "Every event is flushed as it is printed.",
    why="Buffered telemetry is seen late, and what is in the buffer is lost when the worker is killed.",
    mend="`print(json.dumps(event), flush=True)`, or use `TelemetryEmitter`.",
    slow=True,
)
def telemetry_flushed(subject: Subject) -> str | None:
    held = held_run(subject)
    if not held.cancelled:
        raise NotApplicable(f"the long run had ended before it could be checked: {held.transcript.how()}")
    if not held.unflushed:
        return None
    return "while it ran, lines that it had printed were stuck in its buffer"


@BOOK.warning(
    "telemetry-program-output",
    "Nothing but telemetry goes to stdout.",
    why="A library's prints land between events, and inside them where they do not end with a newline.",
    mend="Send them to stderr: `WorkerCLI.run` does, or `contextlib.redirect_stdout(sys.stderr)`.",
)
def telemetry_program_output(subject: Subject) -> str | None:
    return _quote([*_lines(subject, "text"), *_lines(subject, "object")], "lines are not telemetry")


@BOOK.warning(
    "telemetry-data",
    "A training prints steps, episodes or metrics.",
    why="Without them there is no curve, and no way to see whether it learns.",
    mend="Emit `episode` at the end of each episode, `metric` now and then, `step` where the cost allows.",
)
def telemetry_data(subject: Subject) -> str | None:
    kinds = set(subject.trained.kinds)
    return None if kinds & {"step", "episode", "metric"} else "only lifecycle events came"


@BOOK.warning(
    "telemetry-nan",
    "A short training has finite rewards and metrics.",
    why="NaN is stored and shown as such, but a mean over one is NaN, too, and a loss that is NaN never recovers.",
    mend="Find the first: print inputs and gradients, lower the learning rate; leave out a metric without a value.",
)
def telemetry_nan(subject: Subject) -> str | None:
    short = subject.trained
    for event in short.events:
        values: dict[str, Any] = {"reward": event.get("reward")}
        values["total_reward"] = aliased_value(event, kind_of(event), "total_reward")
        if isinstance(event.get("values"), dict):
            values.update(event["values"])
        bad = [name for name, value in values.items() if isinstance(value, float) and not math.isfinite(value)]
        if bad:
            return f"line {short.line_of(event)}: {bad[0]} of a {kind_of(event)} is {values[bad[0]]}"
    return None


@BOOK.error(
    "secrets-hidden",
    "Secrets are printed nowhere.",
    why="Telemetry and logs are kept, copied and shown to others.",
    mend="Leave keys and tokens out of what is emitted (not `dict(os.environ)`, not the whole config), or put "
    "`***` in their place.",
)
def secrets_hidden(subject: Subject) -> str | None:
    short = subject.short
    found = [line.number for line in short.lines if CANARY in line.text]
    if found:
        return f"a secret that it was given is in line {found[0]} of its stdout"
    if CANARY in short.stderr:
        return "a secret that it was given is in its stderr"
    assert subject.spoken
    return None
