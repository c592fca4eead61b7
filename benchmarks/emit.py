"""A step through the SDK against building its dict and printing it: CPU of the worker, into the same file.

``python -m benchmarks.emit [--tiny] [--rounds N]`` (target T1, and the import time of T13).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import harness

RUN_ID = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"
WORKER_ID = "000001"
OBSERVATION = [0.02739560417830944, -0.006112155970185995, 0.03585979342460632, 0.01973680220544338]
#: With these a printed event has the size of the field's comparisons, about 337 bytes.
EXTRAS: dict[str, Any] = {
    "policy_loss": -0.0123456789,
    "value_loss": 34.56789012,
    "entropy": 0.6931471805,
    "learning_rate": 0.00024875,
    "epsilon": 0.05,
    "buffer_size": 100_000,
}
SHAPES: dict[str, dict[str, Any]] = {
    "six scalars": {},
    "six scalars and an observation of four": {"observation": OBSERVATION},
    "twelve scalars": EXTRAS,
}


#: The arms, with the values of a shape written out as a program writes them.
PRINTING = """
def arm():
    for index in range(events):
        event = {{
            "event_type": "step", "run_id": run_id, "worker_id": worker_id, "step_index": index,
            "ep_index": index // 200, "reward": 1.0, "terminated": False, "truncated": False, "action": index % 2,
            {entries}
        }}
        print(json.dumps(event), file=sink, flush=True)
"""
EMITTING = """
def arm():
    step = emitter.step
    for index in range(events):
        step(
            index, reward=1.0, ep_index=index // 200, terminated=False, truncated=False, action=index % 2,
            {keywords}
        )
"""
BARE = PRINTING.replace(
    "print(json.dumps(event), file=sink, flush=True)", 'os.write(descriptor, encode(event) + b"\\n")'
)


def compiled(arm: str, more: dict[str, Any], **names: Any) -> Callable[[], None]:
    """Return an arm that logs so many steps of a shape.

    Args:
        arm: `PRINTING`, `EMITTING` or `BARE`.
        more: The shape: what a step has besides the usual.
        names: What the arm needs.
    """
    entries = "".join(f"{name!r}: {value!r}, " for name, value in more.items())
    keywords = "".join(f"{name}={value!r}, " for name, value in more.items())
    space = {"json": json, "os": os, "run_id": RUN_ID, "worker_id": WORKER_ID, **names}
    exec(arm.format(entries=entries, keywords=keywords), space)
    made: Callable[[], None] = space["arm"]
    return made


def measure(events: int, rounds: int) -> dict[str, Any]:
    """Measure every shape in this process; return the encoder's name and, per shape, microseconds and the ratio."""
    from gym_gui.core.worker.encoding import ENCODER_NAME
    from gym_gui.core.worker.telemetry import TelemetryEmitter

    found: dict[str, Any] = {"encoder": ENCODER_NAME, "shapes": {}}
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log.jsonl"
        os.environ["MOSAIC_LOG"] = str(log)
        emitter = TelemetryEmitter(RUN_ID, worker_id=WORKER_ID)
        with log.open("a", encoding="utf-8") as sink:
            to_sink = TelemetryEmitter(RUN_ID, worker_id=WORKER_ID, sink=sink)
            for shape, more in SHAPES.items():
                arms = {
                    "print": compiled(PRINTING, more, events=events, sink=sink),
                    "sdk": compiled(EMITTING, more, events=events, emitter=emitter),
                    "sdk through stdout": compiled(EMITTING, more, events=events, emitter=to_sink),
                }
                if ENCODER_NAME == "msgspec":
                    import msgspec

                    encode = msgspec.json.Encoder().encode
                    arms["bare"] = compiled(BARE, more, events=events, descriptor=sink.fileno(), encode=encode)
                samples = harness.interleave({name: _emptying(log, arm) for name, arm in arms.items()}, rounds)
                found["shapes"][shape] = {
                    name: {
                        "us": harness.median_cpu(taken) / events * 1e6,
                        "ratio": harness.ratio_of(samples, name, "print"),
                    }
                    for name, taken in samples.items()
                }
    return found


def _emptying(log: Path, arm: Callable[[], None]) -> Callable[[], None]:
    def emptied() -> None:
        os.truncate(log, 0)
        arm()
        with log.open("rb") as stream:  # every event is in the kernel when the call returns
            stream.seek(-2, os.SEEK_END)
            assert stream.read() == b"}\n"

    return emptied


def in_child(events: int, rounds: int, *, standard_library: bool) -> dict[str, Any]:
    """Measure in a process that has msgspec, or in one that cannot import it."""
    block = "sys.modules['msgspec'] = sys.modules['orjson'] = None; " if standard_library else ""
    code = (
        f"import json, sys; {block}from benchmarks.emit import measure; print(json.dumps(measure({events}, {rounds})))"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def import_milliseconds(rounds: int) -> dict[str, float]:
    """Return the CPU time of importing the SDK in a fresh process, and of importing its emitter, too."""
    code = (
        "import time; t = time.process_time(); import gym_gui.core.worker as sdk; a = time.process_time() - t; "
        "sdk.TelemetryEmitter; print(a * 1e3, (time.process_time() - t) * 1e3)"
    )
    taken = [
        [float(word) for word in subprocess.check_output([sys.executable, "-c", code], text=True).split()]
        for _ in range(rounds)
    ]
    package, emitter = (statistics.median(each) for each in zip(*taken, strict=True))
    return {"import gym_gui.core.worker": package, "and its TelemetryEmitter": emitter}


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("A step through the SDK against building a dict and printing it (T1).")
    events = 1_000 if options.tiny else 20_000
    ratios, details = [], {"events": events, "rounds": options.rounds}
    for standard_library, target in ((False, 0.5), (True, 0.85)):
        found = in_child(events, options.rounds, standard_library=standard_library)
        details[found["encoder"]] = found["shapes"]
        for shape, arms in found["shapes"].items():
            figures = ", ".join(
                f"{name} {figure['us']:.2f} us ({figure['ratio']:.2f})" for name, figure in arms.items()
            )
            print(f"{found['encoder']}, {shape}: {figures}")
            ratios.append(
                harness.Ratio(f"T1 step() / dict + print, {found['encoder']}, {shape}", arms["sdk"]["ratio"], target)
            )
    imports = import_milliseconds(options.rounds)
    details["import_ms"] = imports
    ratios += [harness.Ratio(f"T13 ms: {name}", value, 60) for name, value in imports.items()]
    harness.report("emit", ratios, tiny=options.tiny, details=details)


if __name__ == "__main__":
    main()
