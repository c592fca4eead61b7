"""The worker under examination, and the runs of it that several rules look at: each made once, when first asked for."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from gym_gui.core.worker.errors import ConfigError
from gym_gui.core.worker.secret_names import is_secret_name
from gym_gui.workers.config import MANAGED_FIELDS, check_worker_config
from gym_gui.workers.conformance import settings as choose
from gym_gui.workers.conformance.attempt import Attempt
from gym_gui.workers.conformance.limits import KitLimits
from gym_gui.workers.conformance.rule import NotApplicable
from gym_gui.workers.conformance.transcript import TERMINAL, Transcript, kind_of, read_lines
from gym_gui.workers.process import Finished, run_to_end
from gym_gui.workers.record import WorkerRecord

SEED = 7
CANARY = "mosaic-canary-5d1e8c0b7f"
"""Stands in every secret that the worker is given."""
_HOOKS = Path(__file__).with_name("hooks")
_EXAMINE = Path(__file__).with_name("examine.py")
_SECRET_VARIABLES = ("OPENAI_API_KEY", "WANDB_API_KEY", "MOSAIC_CHECK_TOKEN")


@dataclass(frozen=True)
class HeldRun:
    """A run that was to last for ever, whose main thread was held for a while, and which was then cancelled.

    Args:
        transcript: All that it said.
        held: Whether its main thread could be held.
        beats: Heartbeats that it printed in the meantime.
        unflushed: Whether lines were stuck in a buffer when it was held.
        cancelled: Whether it still ran when SIGTERM was sent.
        cancel_s: Seconds from SIGTERM to the end.
    """

    transcript: Transcript
    held: bool
    beats: int
    unflushed: bool
    cancelled: bool
    cancel_s: float


@dataclass(frozen=True)
class ResumedRun:
    """A run that was killed after a checkpoint, and its second attempt.

    Args:
        checkpoint: The last one it reported before it was killed.
        killed: What the first attempt said.
        resumed: What the second said; ``None`` where the worker cannot be told to resume.
    """

    checkpoint: str
    killed: Transcript
    resumed: Transcript | None


class Subject:
    """One worker and what was seen of it. Everything happens in processes of their own, in a scratch folder.

    Args:
        record: The worker.
        settings: Settings for every run, e.g. ``{"env_id": "MyEnv-v0"}``.
        limits: How long things may take.
        on_stage: Told in words what is being done.

    Raises:
        ConfigError: The settings are not valid.
    """

    def __init__(
        self,
        record: WorkerRecord,
        settings: Mapping[str, Any] | None = None,
        *,
        limits: KitLimits | None = None,
        on_stage: Callable[[str], None] | None = None,
    ) -> None:
        self.record = record
        self.limits = limits or KitLimits()
        given = dict(settings or {})
        self._given = {**choose.required_settings(record), **given}
        problems = check_worker_config(record, given, path="")
        problems = [item for item in problems if item.path.lstrip(".") in given or item.nearest]
        if problems:
            raise ConfigError(f"settings of {record.name} are not valid", problems)
        self._stage = on_stage or (lambda _: None)
        self._folder = tempfile.TemporaryDirectory(prefix="mosaic-check-")
        self.home = Path(self._folder.name)
        self._attempts: list[Attempt] = []

    def __enter__(self) -> Subject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process that is left and remove the scratch folder."""
        for attempt in self._attempts:
            attempt.end()
        self._folder.cleanup()

    # -- questions that take no run ------------------------------------------------------------------------------

    @cached_property
    def usable(self) -> WorkerRecord:
        """The record of a worker that can be imported and started.

        Raises:
            NotApplicable: It cannot.
        """
        if self.record.broken:
            raise NotApplicable("the package cannot be imported")
        if not self.record.module:
            raise NotApplicable("the package has no cli module")
        return self.record

    @cached_property
    def examined(self) -> dict[str, Any]:
        """What ``examine.py`` found in the worker's interpreter: ``description config runtime``."""
        if self.record.broken:
            raise NotApplicable("the package cannot be imported")
        self._stage("reading its config class")
        values = {**self._given, "run_id": "check", "seed": SEED}
        config, output = self.home / "values.json", self.home / "examined.json"
        config.write_text(json.dumps(values), encoding="utf-8")
        package, _, function = self.record.entry_point.partition(":")
        function = function.partition("[")[0].strip() or "get_worker_metadata"
        argv = [self.record.python, str(_EXAMINE), package.strip(), function, str(config), str(output)]
        ended = run_to_end(argv, timeout_s=self.limits.answer_s, cwd=self.home, environment={"PYTHONSAFEPATH": "1"})
        try:
            found: dict[str, Any] = json.loads(output.read_bytes())
        except (OSError, ValueError):
            raise NotApplicable(f"its interpreter ended while it was examined: {ended.last_error()}") from None
        return found

    def ask(self, *arguments: str) -> Finished:
        """Run the worker's module with arguments and return what it said."""
        record = self.usable
        argv = [record.python, "-m", record.module, *arguments]
        environment = {"PYTHONSAFEPATH": "1", "COLUMNS": "200", "NO_COLOR": "1"}
        return run_to_end(argv, timeout_s=self.limits.answer_s, cwd=self.home, environment=environment)

    def import_without_mosaic(self, module: str) -> Finished:
        """Import a module in a process in which ``gym_gui`` does not exist."""
        self._stage("importing it without MOSAIC")
        argv = [self.record.python, "-c", f"import {module}"]
        environment = {**self._hooks(), "MOSAIC_CHECK_HIDE": "1", "PYTHONSAFEPATH": "1"}
        return run_to_end(argv, timeout_s=self.limits.answer_s, cwd=self.home, environment=environment)

    # -- runs ----------------------------------------------------------------------------------------------------

    @cached_property
    def short(self) -> Transcript:
        """A short training from beginning to end."""
        self._stage(f"training it for {self.limits.steps} steps")
        return self._run(self._short_settings(), seed=SEED)

    @cached_property
    def trained(self) -> Transcript:
        """The short training, where it completed.

        Raises:
            NotApplicable: It did not.
        """
        if not self.short.completed:
            raise NotApplicable("the short run did not complete")
        return self.short

    @cached_property
    def again(self) -> Transcript:
        """The same training once more."""
        self._stage("training it again with the same seed")
        return self._run(self._short_settings(), seed=SEED)

    @cached_property
    def dry(self) -> Transcript:
        """A dry run.

        Raises:
            NotApplicable: The worker has none.
        """
        if "--dry-run" not in self.usable.flags:
            raise NotApplicable("it has no --dry-run")
        self._stage("a dry run")
        return self._run(self._short_settings(), seed=SEED, arguments=["--dry-run"], wall_s=self.limits.dry_run_s)

    @cached_property
    def impossible(self) -> Transcript:
        """A training in an environment that does not exist.

        Raises:
            NotApplicable: The config names no environment.
        """
        field = choose.environment_field(self.usable)
        if field is None:
            raise NotApplicable("its config names no environment")
        self._stage("training it in an environment that does not exist")
        return self._run(self._short_settings(), seed=SEED, raw={field: choose.IMPOSSIBLE_ENVIRONMENT})

    @cached_property
    def without_mosaic(self) -> Transcript:
        """A short training in a process in which ``gym_gui`` does not exist."""
        self._stage("training it without MOSAIC")
        # Which options it has would be asked there, and without the SDK it may have fewer.
        plain = msgspec.structs.replace(self.usable, flags=["--config"])
        return self._run(self._short_settings(), seed=SEED, record=plain, environment={"MOSAIC_CHECK_HIDE": "1"})

    @cached_property
    def held(self) -> HeldRun:
        """A training for ever whose main thread is held for a while, and which is then cancelled."""
        self._stage("cancelling a long run")
        record = self.usable
        settings = {**self._given, **choose.length_settings(record, choose.FOR_EVER)}
        field = choose.heartbeat_field(record)
        if field is not None:
            settings[field] = choose.within(record, field, 1.0)
        mark = self.home / "held"
        hold_s = self.limits.block_s
        attempt = self._start(
            settings,
            environment={"MOSAIC_CHECK_HELD": str(mark), "MOSAIC_CHECK_HOLD_S": str(hold_s)},
            wall_s=self.limits.startup_s + hold_s + self.limits.run_s,
        )
        attempt.until(lambda: _is_at_work(attempt.output()), self.limits.startup_s)
        early = attempt.output()
        attempt.signal(signal.SIGUSR2)
        held = attempt.until(mark.exists, 10.0) and not attempt.ended()
        before = attempt.output()
        attempt.until(lambda: held and len(_beats(attempt.output())) >= len(_beats(before)) + 2, hold_s * 0.8)
        during = attempt.output()
        cancelled = not attempt.ended()
        attempt.signal(signal.SIGTERM, launcher=True)
        transcript = attempt.finish()
        return HeldRun(
            transcript,
            held=held,
            beats=len(_beats(during)) - len(_beats(before)),
            # One line may have been held between its write and its flush; more were left in the buffer.
            unflushed=cancelled and (b"run_started" not in early or (held and int(mark.read_text()) > 1)),
            cancelled=cancelled and transcript.reason == "terminated",
            cancel_s=attempt.stopping_s(),
        )

    @cached_property
    def resumed(self) -> ResumedRun:
        """A training that is killed after its first checkpoint, and started again from it.

        Raises:
            NotApplicable: The worker promises no checkpoints, or saves none.
        """
        if not self.record.capabilities.get("supports_checkpointing"):
            raise NotApplicable("it promises no checkpoints")
        checkpoints = choose.checkpoint_settings(self.usable, max(1, self.limits.steps // 4))
        if not self.trained.of("checkpoint_saved") and not checkpoints:
            raise NotApplicable("it saves no checkpoint in a short run")
        self._stage("killing a run after a checkpoint and resuming it")
        steps = self.limits.steps * 4
        settings = {**self._given, **choose.length_settings(self.usable, steps), **checkpoints}
        attempt = self._start(settings, wall_s=self.limits.startup_s + self.limits.run_s)
        attempt.until(lambda: _saved(attempt.output()), self.limits.run_s)
        attempt.signal(signal.SIGKILL)
        killed = attempt.finish()
        saved = _saved(attempt.output())
        if not saved:
            raise NotApplicable("it saved no checkpoint before its end")
        resumed = attempt.finish() if attempt.start(saved[-1]) else None
        return ResumedRun(saved[-1], killed, resumed)

    def work(self, transcript: Transcript) -> Path:
        """Return the working directory of a run."""
        return self._attempt(transcript).folder.work(transcript.worker_id)

    def run_folder(self, transcript: Transcript) -> Path:
        """Return the folder of a run."""
        return self._attempt(transcript).folder.path

    def _attempt(self, transcript: Transcript) -> Attempt:
        return next(attempt for attempt in self._attempts if attempt.plan.run_id == transcript.run_id)

    def _short_settings(self) -> dict[str, Any]:
        record, steps = self.usable, self.limits.steps
        frequent = choose.checkpoint_settings(record, max(1, steps // 2))
        return {**choose.length_settings(record, steps), **frequent, **self._secret_settings(), **self._given}

    def _secret_settings(self) -> dict[str, Any]:
        names = [name for name in self.record.properties if name not in MANAGED_FIELDS and is_secret_name(name)]
        return {name: CANARY for name in names if "string" in str(self.record.properties[name].get("type", "string"))}

    def _run(self, settings: Mapping[str, Any], *, seed: int, wall_s: float | None = None, **more: Any) -> Transcript:
        attempt = self._start(settings, seed=seed, wall_s=wall_s or self.limits.run_s, **more)
        return attempt.finish()

    def _start(self, settings: Mapping[str, Any], *, seed: int = SEED, wall_s: float, **more: Any) -> Attempt:
        environment = {**self._hooks(), **dict.fromkeys(_SECRET_VARIABLES, CANARY), **more.pop("environment", {})}
        attempt = Attempt(
            more.pop("record", self.usable),
            self.home,
            settings,
            seed=seed,
            environment=environment,
            wall_s=wall_s,
            grace_s=self.limits.grace_s,
            **more,
        )
        self._attempts.append(attempt)
        attempt.start()
        return attempt

    @staticmethod
    def _hooks() -> dict[str, str]:
        path = [str(_HOOKS), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {"PYTHONPATH": os.pathsep.join(path)}


def _is_at_work(output: bytes) -> bool:
    """Whether a run has begun and said something after that."""
    kinds = [kind_of(event) for line in read_lines(output) for event in line.events]
    return len(kinds) > 1 and not set(kinds) & set(TERMINAL)


def _beats(output: bytes) -> list[Any]:
    return [event for line in read_lines(output) for event in line.events if kind_of(event) == "heartbeat"]


def _saved(output: bytes) -> list[str]:
    """Return the paths of the checkpoints that a run reported."""
    found: list[str] = []
    for line in read_lines(output) if b"checkpoint_saved" in output else ():
        for event in line.events:
            payload = event.get("payload")
            if kind_of(event) == "checkpoint_saved" and isinstance(payload, dict):
                path = checkpoint_path(payload)
                found += [path] if path else []
    return found


def checkpoint_path(payload: Mapping[str, Any]) -> str | None:
    """Return the file that a ``checkpoint_saved`` event names."""
    value = next((payload[name] for name in ("path", "checkpoint_path", "checkpoint") if name in payload), None)
    return value if isinstance(value, str) else None
