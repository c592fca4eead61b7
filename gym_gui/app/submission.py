"""From run configs to submitted runs, as every user interface does it: check all, then submit in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.errors import ConfigError, Problem

if TYPE_CHECKING:
    from gym_gui.app.site import Site
    from gym_gui.rpc import TrainerClient
    from gym_gui.runs import TrainRunConfig

Waiting = Callable[[str], AbstractContextManager[None]]
"""Shows what a wait is for, as long as it lasts."""


@dataclass
class Submission:
    """Runs that one command asks for.

    Args:
        site: Where they are to run.
        payloads: A run config each.
        many: The user asked for several: they get a group.
        parent_run_id: The run that they follow from.
        where: What to call their source in errors: a file, or the command line.
    """

    site: Site
    payloads: list[dict[str, Any]]
    many: bool = False
    parent_run_id: str | None = None
    where: str = ""
    run_ids: list[str] = field(default_factory=list)
    configs: list[TrainRunConfig] = field(default_factory=list)

    def check(
        self,
        *,
        dry_run_workers: bool,
        settings_checked: bool = False,
        waiting: Waiting = lambda _: nullcontext(),
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
