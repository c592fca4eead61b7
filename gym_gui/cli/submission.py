"""What ``train``, ``run``, ``resume``, ``evaluate`` share: check all, submit in order, stay or leave, tell the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gym_gui.cli import exits
from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.output import echo, print_json, say, say_always, waiting
from gym_gui.core.worker.errors import ConfigError, Problem

if TYPE_CHECKING:
    from gym_gui.app import Site
    from gym_gui.cli.progress.attend import Attended
    from gym_gui.rpc import TrainerClient
    from gym_gui.runs import TrainRunConfig
    from gym_gui.trainer import Forecast


@dataclass
class SubmitCommand:
    """Runs that one command asks for, and stays with.

    Args:
        site: Where they are to run.
        payloads: A run config each.
        many: The user asked for several: they get a group.
        parent_run_id: The run that they follow from.
        where: What to call their source in errors: a file, or the command line.
        details: What JSON output is to tell of each run besides.
    """

    site: Site
    payloads: list[dict[str, Any]]
    many: bool = False
    parent_run_id: str | None = None
    where: str = ""
    run_ids: list[str] = field(default_factory=list)
    configs: list[TrainRunConfig] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    _dry_run_workers: bool = False

    def check(
        self,
        *,
        dry_run_workers: bool,
        settings_checked: bool = False,
        waiting: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
    ) -> None:
        """Find every problem that can be found before anything is written.

        Args:
            dry_run_workers: Let each worker that can check its config itself do so.
            settings_checked: The workers' settings were compared with their schemas already.
            waiting: Shows what takes a while.

        Raises:
            ConfigError: With every problem of the first config that has any.
            UsageError: A worker is unknown or broken.
        """
        self._dry_run_workers = dry_run_workers
        self.payloads = [self.site.prepare(payload) for payload in self.payloads]
        for number, payload in enumerate(self.payloads):
            # Seeds make no other difference: one dry run speaks for all.
            with waiting("checking the config with its worker"):
                config, problems = self.site.check(
                    payload, dry_run=dry_run_workers and number == 0, settings_checked=settings_checked
                )
            if config is None:
                what = "is not valid" if len(problems) == 1 else f"has {len(problems)} errors"
                raise ConfigError(
                    f"the run config {what}", problems, where=self.where, next_step=_next_step(payload, problems)
                )
            self.configs.append(config)

    def submit(self, client: TrainerClient, interrupted: Callable[[], bool] = lambda: False) -> None:
        """Submit the runs in their order; those after an interruption are left out.

        Args:
            client: The daemon.
            interrupted: Returns whether the user wants no more.

        Raises:
            ConfigError: The daemon finds a config not valid.
        """
        group = f"g{time.time_ns() // 1_000_000:x}" if self.many else ""
        for payload in self.payloads:
            if interrupted():
                return
            self.run_ids.append(client.submit(payload, group=group, parent_run_id=self.parent_run_id))

    def described(self) -> list[dict[str, Any]]:
        """Return what would be submitted, once checked: each config as it would be recorded, and its digest."""
        return [{"valid": True, "digest": config.digest, "config": config.payload} for config in self.configs]

    def go(self, *, detach: bool, as_json: bool) -> int:
        """Submit the runs, stay with them unless told to leave, and say how they ended.

        Returns:
            The command's exit code.
        """
        if detach:
            with self._connect() as client:
                self.submit(client)
            self._say_devices()
            self._say_detached(as_json=as_json)
            return exits.COMPLETED
        outcome = self.attend(as_json=as_json)
        self.say_outcome(outcome, as_json=as_json)
        return self.exit_code(outcome)

    def attend(self, *, as_json: bool) -> Attended:
        """Submit the runs and stay with them until they have ended or the user leaves."""
        from gym_gui.cli.progress.attend import Attended, attend
        from gym_gui.cli.progress.interrupts import Interrupts

        with Interrupts() as interrupts, self._connect() as client:
            self.submit(client, lambda: bool(interrupts.count))
            if interrupts.count:
                for run_id in self.run_ids:
                    client.cancel(run_id, reason=interrupts.name)
                done = f"cancelling {', '.join(self.run_ids)}" if self.run_ids else "nothing was submitted"
                say_always(f"{interrupts.name} while submitting: {done}")
                return Attended([], interrupted=True, detached=True)
            return attend(client, self.run_ids, as_json=as_json, interrupts=interrupts)

    def say_outcome(self, outcome: Attended, *, as_json: bool) -> None:
        """Print how the runs ended: a table or JSON, and of each failed one the reason."""
        from gym_gui.app import summary_json
        from gym_gui.cli.output import console
        from gym_gui.cli.progress.ending import show_failures, show_results

        if as_json:
            found = [{**summary_json(run, self.site.home), **self.details} for run in outcome.runs]
            print_json(_document(found))
        elif not outcome.detached:
            show_results(console(), outcome.runs)
        if not outcome.detached:
            show_failures(console(stderr=True), self.site.home, outcome.runs)

    def exit_code(self, outcome: Attended) -> int:
        """Return the exit code that an outcome stands for."""
        if outcome.interrupted:
            return exits.INTERRUPTED
        return exits.worst(run.state.value for run in outcome.runs)

    def say_dry_run(self, *, as_json: bool) -> int:
        """Print what would be submitted, and when each run would start; return the exit code.

        Args:
            as_json: As one JSON document.

        Raises:
            ConfigError: A worker on the machine of a daemon elsewhere finds a config not valid.
        """
        forecasts = self._forecasts()
        found = [{**entry, "forecast": each} for entry, each in zip(self.described(), forecasts, strict=True)]
        if as_json:
            print_json({"runs": found})
            return exits.COMPLETED
        for entry, forecast in zip(found, forecasts, strict=True):
            name = entry["config"]["run_name"]
            when = f"; it {_would(forecast)}" if forecast else ""
            echo(f"{name}: valid, digest {entry['digest'][:12]}; nothing was started{when}")
        return exits.COMPLETED

    def _forecasts(self) -> Sequence[Forecast | None]:
        """Return what would become of each run; a daemon that does not run is not started to tell."""
        from gym_gui.core.worker.errors import MosaicError
        from gym_gui.rpc import TrainerClient

        if self.site.home is None:
            with self._connect() as client:
                self._try_there(client)
                return client.forecast(self.payloads)
        try:
            with TrainerClient.connect(self.site.home, start=False) as client:
                return client.forecast(self.payloads)
        except MosaicError:
            return [None] * len(self.payloads)

    def _try_there(self, client: TrainerClient) -> None:
        """Let the worker of the first run check its config, on the machine of a daemon elsewhere."""
        from gym_gui.cli.jobs import do_there

        worker = (self.payloads[0].get("metadata") or {}).get("worker") or {}
        name = worker.get("worker_id") if isinstance(worker, dict) else None
        if self._dry_run_workers and isinstance(name, str):
            do_there(client, "dry_run", name, {"config": self.payloads[0]}, lambda _: None)

    def _connect(self) -> TrainerClient:
        with waiting("starting the daemon" if self.site.home else "connecting to the daemon"):
            return self.site.connect()

    def _say_devices(self) -> None:
        """Say why workers that could use a GPU will get none, as far as that is known already."""
        from gym_gui.app import DeviceNotes
        from gym_gui.core.worker.errors import MosaicError

        notes = DeviceNotes(self.site.home)
        for run_id in self.run_ids:
            with contextlib.suppress(MosaicError, OSError):  # the run is submitted, whatever cannot be read now
                for note in notes.of_submitted(run_id):
                    say(note)

    def _say_detached(self, *, as_json: bool) -> None:
        if as_json:
            found: list[dict[str, Any]] = [{"run_id": run_id, **self.details} for run_id in self.run_ids]
            print_json(_document(found))
            return
        for run_id in self.run_ids:
            echo(run_id)
        say(for_this_home(f"watch: mosaic runs watch {' '.join(self.run_ids)}"))


def _would(forecast: Forecast) -> str:
    return "would start now" if forecast.starts else f"would wait: {forecast.sentence}"


def _document(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON document of a submission: its runs, and the id of the first, which most often is the only one."""
    return {"run_id": runs[0]["run_id"] if runs else None, "runs": runs}


def _next_step(payload: dict[str, Any], problems: list[Problem]) -> str:
    if any(problem.path == "metadata.worker.worker_id" for problem in problems):
        return "list the workers: mosaic workers list"
    for problem in problems:
        before, found, command = problem.allowed.partition("after: mosaic ")
        if found and (not before or before.endswith("or ")):
            return f"mosaic {command}"
    worker = (payload.get("metadata") or {}).get("worker") if isinstance(payload.get("metadata"), dict) else None
    name = worker.get("worker_id") if isinstance(worker, dict) else None
    if isinstance(name, str) and all(problem.path.startswith("metadata.worker") for problem in problems):
        return f"list its settings: mosaic workers describe {name}"
    return "Fix the fields above and run it again. Nothing was written."
