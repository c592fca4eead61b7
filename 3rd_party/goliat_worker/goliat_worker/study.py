"""A study from its start to its end, started again where its memory ran out."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

from .command import fill_command
from .config import GoliatWorkerConfig
from .messages import Report, read_message
from .outcome import Notes, Outcome, StudyFailedError
from .output import read_output_line
from .process import StudyProcess
from .progress import Progress
from .receiver import Receiver
from .sdk import UsageError, log_constant, log_constants

_POLL_S = 0.1


class Study:
    """Runs a study.

    Args:
        config: The run's config.
        seed: The run's seed.
        folder: The run's working directory: the config, pictures and results go there.
        progress: Takes what the study reports.
        logger: Takes log records.
    """

    def __init__(self, config: GoliatWorkerConfig, seed: int, folder: Path, progress: Progress, logger: Any) -> None:
        self._config, self._seed, self._folder, self._progress, self._logger = config, seed, folder, progress, logger
        self._directory = study_directory(config, folder)
        self.command = fill_command(
            config.command, config=self._write_config(), python=config.python or sys.executable, seed=seed
        )
        self._lock = threading.Lock()
        self._notes = Notes()
        self._finished_at: float | None = None
        self.starts = 0

    def run(self) -> dict[str, Any]:
        """Run the study to its end.

        Returns:
            A JSON-ready summary.

        Raises:
            StudyFailedError: It failed, or its memory ran out at every start.
            UsageError: The program cannot be started.
        """
        outcome = self._run_once()
        while outcome.out_of_memory and self.starts <= self._config.memory_retries:
            sys.stderr.write(
                f"{outcome.error} It is started again ({self.starts} of {self._config.memory_retries} times).\n"
            )
            self._progress.restart()
            outcome = self._run_once()
        if outcome.error:
            self._progress.flush(now=True)
            raise StudyFailedError(outcome, self.command, self.starts)
        self._progress.complete()
        return {
            "seed": self._seed,
            "command": self.command,
            "starts": self.starts,
            "exit_code": outcome.code,
            "closed_by_worker": outcome.closed,
            "message": outcome.notes.finished,
            "figures": self._progress.figures,
        }

    def _run_once(self) -> Outcome:
        self.starts += 1
        self._notes, self._finished_at = Notes(), None
        with Receiver(self._take, self._folder) as receiver:
            try:
                process = StudyProcess(self.command, self._directory, self._environment(receiver.url), self._take_line)
            except OSError as error:
                raise UsageError(
                    "The study cannot be started.",
                    where=" ".join(self.command),
                    why=str(error),
                    next_step="Set command, python or working_directory: mosaic workers describe goliat",
                ) from error
            log_constant(
                self._logger,
                log_constants.LOG_WORKER_GOLIAT_SUBPROCESS_STARTED,
                run_id=self._config.run_id,
                pid=process.pid,
            )
            try:
                code, closed = self._wait(process)
            except BaseException:  # cancelled, too
                process.end(self._config.cancel_grace_s)
                raise
        self._progress.flush(now=True)
        return Outcome(code, self._notes, list(process.last_lines), closed)

    def _wait(self, process: StudyProcess) -> tuple[int, bool]:
        """Return the exit code, and whether the process had to be ended after the study's end."""
        while (code := process.wait(_POLL_S)) is None:
            self._progress.flush()
            finished_at = self._finished_at
            if finished_at is not None and time.monotonic() - finished_at >= self._config.finish_grace_s:
                sys.stderr.write("The study reported its end, and its process lives on: it is ended.\n")
                return process.end(self._config.cancel_grace_s), True
        return code, False

    def _take(self, message: dict[str, Any]) -> None:
        self._add(read_message(message))

    def _take_line(self, text: str) -> None:
        report = read_output_line(text)
        if report is None or report.kind == "print":
            sys.stderr.write(f"{text}\n")
        if report is not None:
            self._add(report, printed=report.kind == "print")

    def _add(self, report: Report, *, printed: bool = False) -> None:
        with self._lock:
            self._notes.add(report)
            if report.finished is not None and self._finished_at is None:
                self._finished_at = time.monotonic()
        if not printed:
            self._progress.add(report)

    def _environment(self, url: str) -> dict[str, str]:
        config = self._config
        # A study that prints MOSAIC's events itself would write into the log of this worker.
        variables = {name: value for name, value in os.environ.items() if name != "MOSAIC_LOG"}
        machine = config.machine_id or variables.get("GOLIAT_MACHINE_ID") or variables.get("MOSAIC_MACHINE_ID")
        variables.update(
            GOLIAT_WEBGUI_ENABLED="true",
            GOLIAT_MONITORING_URL=url,
            GOLIAT_MACHINE_ID=machine or platform.node() or "worker",
            GOLIAT_ASSIGNMENT_ID=config.run_id,
            MOSAIC_SEED=str(self._seed),
            PYTHONUNBUFFERED="1",
        )
        return {**variables, **config.environment}

    def _write_config(self) -> Path:
        if self._config.study is not None:
            return self._directory / self._config.study
        path = (self._folder / "study.json").absolute()
        path.write_text(json.dumps(self._config.study_config, indent=2), encoding="utf-8")
        return path


def study_directory(config: GoliatWorkerConfig, folder: Path) -> Path:
    """Return the folder that a study runs in.

    Args:
        config: The run's config.
        folder: The run's working directory.
    """
    return Path(config.working_directory).expanduser().absolute() if config.working_directory else folder.absolute()


def find_program(word: str, folder: Path) -> str | None:
    """Return the path of a command's first word; ``None`` if there is no such program.

    Args:
        word: The word.
        folder: Where the study runs.
    """
    return shutil.which(str(folder / word) if "/" in word else word)
