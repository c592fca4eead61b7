"""The worker under examination, and the runs of it that several rules look at: each made once, when first asked for."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from gym_gui.core.worker.errors import ConfigError
from gym_gui.core.worker.secret_detection import is_secret_name
from gym_gui.workers.config import MANAGED_FIELDS, check_worker_config
from gym_gui.workers.conformance import settings as choose
from gym_gui.workers.conformance._limits import KitLimits
from gym_gui.workers.conformance._transcript import Transcript
from gym_gui.workers.conformance.attempt import Attempt
from gym_gui.workers.conformance.cached_check import NotApplicable, cached_check, outcome_of, unwrapped
from gym_gui.workers.processes.run import Finished, run_to_end
from gym_gui.workers.record import WorkerRecord

T = TypeVar("T")
SEED = 7
CANARY = "mosaic-canary-5d1e8c0b7f"
"""Stands in every secret that the worker is given."""
_HOOKS = Path(__file__).with_name("hooks")
_EXAMINE = Path(__file__).with_name("examine.py")
_EXAMINE_PACKAGE = Path(__file__).with_name("examine_package.py")
_SECRET_VARIABLES = ("OPENAI_API_KEY", "WANDB_API_KEY", "MOSAIC_CHECK_TOKEN")


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
        self.given_by_hand = given
        self.given = {**choose.required_settings(record), **given}
        problems = check_worker_config(record, given, path="")
        problems = [item for item in problems if item.path.lstrip(".") in given or item.nearest]
        if problems:
            raise ConfigError(f"settings of {record.name} are not valid", problems)
        self.stage = on_stage or (lambda _: None)
        self._folder = tempfile.TemporaryDirectory(prefix="mosaic-check-")
        self.home = Path(self._folder.name)
        self.strewn: list[str] = []
        """Files that the short run wrote into the worker's own package."""
        self.in_tests = False
        """Whether the worker's own tests are what examines it."""
        self._attempts: list[Attempt] = []
        self._outcomes: dict[Callable[[Subject], Any], Any] = {}

    def __enter__(self) -> Subject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process that is left, at once, and remove the scratch folder."""
        for attempt in self._attempts:
            attempt.end()
        self._folder.cleanup()

    # -- questions that take no run ------------------------------------------------------------------------------

    @cached_check
    def usable(self) -> WorkerRecord:
        """The record of a worker that can be imported and started.

        Raises:
            NotApplicable: It cannot.
        """
        if self.record.broken:
            raise NotApplicable("the package cannot be imported")
        if not self.record.module:
            raise NotApplicable("the package has no cli module")
        if self.record.schema is not None:
            return self.record
        # A config class that no schema can be read from still shows its fields in what it holds.
        kinds = self.examined["config"].get("kinds") or {}
        fields = {name: {} if kind == "null" else {"type": kind} for name, kind in kinds.items()}
        return msgspec.structs.replace(self.record, schema={"properties": fields} if fields else None)

    @cached_check
    def examined(self) -> dict[str, Any]:
        """What ``examine.py`` found in the worker's interpreter: ``description config runtime``."""
        if self.record.broken:
            raise NotApplicable("the package cannot be imported")
        self.stage("reading its config class")
        values = {**self.given, "run_id": "check", "seed": SEED}
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

    @cached_check
    def packaged(self) -> dict[str, Any]:
        """What ``examine_package.py`` found: ``folder project sources tests scripts``."""
        record = self.record
        if record.broken:
            raise NotApplicable("the package cannot be imported")
        self.stage("looking at its package")
        output = self.home / "packaged.json"
        package = record.entry_point.partition(":")[0].strip()
        argv = [record.python, str(_EXAMINE_PACKAGE), package, record.module or "-", str(output)]
        ended = run_to_end(argv, timeout_s=self.limits.answer_s, cwd=self.home, environment={"PYTHONSAFEPATH": "1"})
        try:
            found: dict[str, Any] = json.loads(output.read_bytes())
        except (OSError, ValueError):
            raise NotApplicable(f"its package cannot be inspected: {ended.last_error()}") from None
        return found

    def _own_files(self) -> set[str]:
        """Return the files of the worker's package, without what Python makes itself."""
        folder = Path(self.packaged["folder"] or self.home / "none")
        return {
            str(path) for path in folder.rglob("*") if path.is_file() and not {"__pycache__", ".git"} & set(path.parts)
        }

    def ask(self, *arguments: str) -> Finished:
        """Run the worker's module with arguments and return what it said."""
        record = self.usable
        argv = [record.python, "-m", record.module, *arguments]
        environment = {"PYTHONSAFEPATH": "1", "COLUMNS": "200", "NO_COLOR": "1"}
        return run_to_end(argv, timeout_s=self.limits.answer_s, cwd=self.home, environment=environment)

    def import_without_mosaic(self, module: str) -> Finished:
        """Import a module in a process in which ``gym_gui`` does not exist."""
        self.stage("importing it without MOSAIC")
        argv = [self.record.python, "-c", f"import {module}"]
        environment = {**self._hooks(), "MOSAIC_CHECK_HIDE": "1", "PYTHONSAFEPATH": "1"}
        return run_to_end(argv, timeout_s=self.limits.answer_s, cwd=self.home, environment=environment)

    # -- runs ----------------------------------------------------------------------------------------------------

    @cached_check
    def short(self) -> Transcript:
        """A short training from beginning to end."""
        settings = self._short_settings()
        self.stage(self._length_text(settings))
        before = self._own_files()
        transcript = self._run(settings, seed=SEED)
        self.strewn = sorted(self._own_files() - before)
        return transcript

    @cached_check
    def trained(self) -> Transcript:
        """The short training, where it completed.

        Raises:
            NotApplicable: It did not.
        """
        if not self.short.completed:
            raise NotApplicable("the short run did not complete")
        return self.short

    @cached_check
    def spoken(self) -> Transcript:
        """The short training, where it printed anything: of silence there is nothing to be said.

        Raises:
            NotApplicable: It printed nothing.
        """
        if not self.short.lines:
            raise NotApplicable(f"it printed nothing; {self.short.how()}")
        return self.short

    @cached_check
    def again(self) -> Transcript:
        """The same training once more."""
        self.stage("training it again with the same seed")
        return self._run(self._short_settings(), seed=SEED)

    @cached_check
    def dry(self) -> Transcript:
        """A dry run.

        Raises:
            NotApplicable: The worker has none.
        """
        if "--dry-run" not in self.usable.flags:
            raise NotApplicable("it has no --dry-run")
        self.stage("a dry run")
        return self._run(self._short_settings(), seed=SEED, arguments=["--dry-run"], wall_s=self.limits.dry_run_s)

    @cached_check
    def impossible(self) -> Transcript:
        """A training in an environment that does not exist.

        Raises:
            NotApplicable: The config names no environment.
        """
        field = choose.environment_field(self.usable)
        if field is None:
            raise NotApplicable("its config names no environment")
        self.stage("training it in an environment that does not exist")
        return self._run(self._short_settings(), seed=SEED, raw={field: choose.IMPOSSIBLE_ENVIRONMENT})

    @cached_check
    def without_mosaic(self) -> Transcript:
        """A short training in a process in which ``gym_gui`` does not exist."""
        self.stage("training it without MOSAIC")
        # Which options it has would be asked there, and without the SDK it may have fewer.
        plain = msgspec.structs.replace(self.usable, flags=["--config"])
        return self._run(self._short_settings(), seed=SEED, record=plain, environment={"MOSAIC_CHECK_HIDE": "1"})

    def once(self, check: Callable[[Subject], T]) -> T:
        """Return what a check of this worker gives; it is made the first time.

        Raises:
            NotApplicable: It does not apply to this worker.
        """
        if check not in self._outcomes:
            self._outcomes[check] = outcome_of(check, self)
        found: T | NotApplicable = self._outcomes[check]
        return unwrapped(found)

    def run(self, settings: Mapping[str, Any]) -> Transcript:
        """Train the worker with settings, from beginning to end."""
        return self._run(settings, seed=SEED)

    def work(self, transcript: Transcript) -> Path:
        """Return the working directory of a run."""
        return self._attempt(transcript).folder.work(transcript.worker_id)

    def run_folder(self, transcript: Transcript) -> Path:
        """Return the folder of a run."""
        return self._attempt(transcript).folder.path

    def _attempt(self, transcript: Transcript) -> Attempt:
        return next(attempt for attempt in self._attempts if attempt.plan.run_id == transcript.run_id)

    @property
    def length_field(self) -> str | None:
        """The field that says how long it trains; ``None`` where none is known and no number was given."""
        known = next(iter(choose.length_settings(self.usable, self.limits.steps)), None)
        numbers = (name for name, value in self.given_by_hand.items() if type(value) is int)
        return known or next(numbers, None)

    def _length_text(self, settings: Mapping[str, Any]) -> str:
        field = self.length_field
        if field is None:
            limit = min(self.limits.run_s, self.limits.unbounded_s)
            return f"training it for at most {limit:g} s: no field of its config is known to set how long"
        return f"training it with {field}={settings.get(field)}"

    def _short_settings(self) -> dict[str, Any]:
        record, steps = self.usable, self.limits.steps
        frequent = choose.checkpoint_settings(record, max(1, steps // 2))
        return {**choose.length_settings(record, steps), **frequent, **self._secret_settings(), **self.given}

    def _secret_settings(self) -> dict[str, Any]:
        names = [name for name in self.record.properties if name not in MANAGED_FIELDS and is_secret_name(name)]
        return {name: CANARY for name in names if "string" in str(self.record.properties[name].get("type", "string"))}

    def _run(self, settings: Mapping[str, Any], *, seed: int, wall_s: float | None = None, **more: Any) -> Transcript:
        usual = self.limits.run_s if self.length_field else min(self.limits.run_s, self.limits.unbounded_s)
        attempt = self.start(settings, seed=seed, wall_s=wall_s or usual, **more)
        return attempt.finish()

    def start(self, settings: Mapping[str, Any], *, seed: int = SEED, wall_s: float, **more: Any) -> Attempt:
        """Launch the worker with settings; the subject sees to its end."""
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
