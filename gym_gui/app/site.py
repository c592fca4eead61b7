"""Where a command works: in a home on this machine, or with a daemon elsewhere, which needs no home."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gym_gui.core.worker.errors import Problem, UsageError

if TYPE_CHECKING:
    from gym_gui.analysis import RunSource
    from gym_gui.rpc import RemoteDaemon, TrainerClient
    from gym_gui.runs import TrainRunConfig
    from gym_gui.workers import WorkerCatalog, WorkerRecord


class Site(Protocol):
    """What a user interface needs to check, submit and show runs, wherever they are."""

    @property
    def home(self) -> Path | None:
        """The home; ``None``: it is on another machine."""

    @property
    def where(self) -> str:
        """The home or the daemon's address, for the user."""

    def worker(self, name: str) -> WorkerRecord:
        """Return a worker that can be started, with its schema.

        Raises:
            UsageError: It is unknown (with the nearest name) or broken (with the reason and what fixes it).
        """

    def prepare(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return a run config with what the user's environment adds to it."""

    def check(
        self, payload: dict[str, Any], *, dry_run: bool, settings_checked: bool = False
    ) -> tuple[TrainRunConfig | None, list[Problem]]:
        """Return a prepared run config, ``None`` if anything is wrong with it, and every problem; writes nothing.

        Args:
            payload: The run config.
            dry_run: Let each worker that can check its config itself do so, where this machine has the worker.
            settings_checked: The workers' settings were compared with their schemas already.
        """

    def connect(self) -> TrainerClient:
        """Return a client of the daemon; that of a home is started if none runs.

        Raises:
            MosaicError: It cannot be reached or started.
        """

    def runs(self) -> contextlib.AbstractContextManager[RunSource]:
        """Give the runs to read: from the home's files, or through the daemon elsewhere."""


class LocalSite:
    """A home on this machine.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._catalog: WorkerCatalog | None = None

    @property
    def where(self) -> str:
        """The home."""
        return str(self.home)

    @property
    def catalog(self) -> WorkerCatalog:
        """Its workers; what is learned of them is written once the daemon runs."""
        from gym_gui.workers import WorkerCatalog

        if self._catalog is None:
            self._catalog = WorkerCatalog(self.home, persist=False)
        return self._catalog

    def worker(self, name: str) -> WorkerRecord:
        """Return a worker that can be started."""
        return usable(self.catalog.get(name))

    def prepare(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return a run config with the secrets and the variables of this machine that belong to it."""
        from gym_gui.runs import with_base_environment

        prepared: dict[str, Any] = with_base_environment(_with_secrets(payload), os.environ)
        return prepared

    def check(
        self, payload: dict[str, Any], *, dry_run: bool, settings_checked: bool = False
    ) -> tuple[TrainRunConfig | None, list[Problem]]:
        """Return a run config and every problem of it, those that its workers find included."""
        from gym_gui.app._preflight import preflight

        return preflight(self.catalog, payload, dry_run=dry_run, settings_checked=settings_checked)

    def connect(self) -> TrainerClient:
        """Return a client of the home's daemon, which is started if none runs."""
        from gym_gui.app._ports import check_port
        from gym_gui.rpc import TrainerClient

        check_port(self.home)
        client = TrainerClient.connect(self.home)
        if self._catalog is not None:
            self._catalog.save()  # what was learned of the workers, so that the daemon need not ask them again
        return client

    @contextlib.contextmanager
    def runs(self) -> Iterator[RunSource]:
        """Give the runs as the home's files tell of them: that needs no daemon, and no wait for one that hangs."""
        from gym_gui.analysis import FolderRuns

        yield FolderRuns(self.home)


class RemoteSite:
    """A daemon elsewhere.

    Args:
        remote: Where it is.
    """

    home = None

    def __init__(self, remote: RemoteDaemon) -> None:
        self._remote = remote

    @property
    def where(self) -> str:
        """The daemon's address."""
        return self._remote.address

    def worker(self, name: str) -> WorkerRecord:
        """Return a worker that can be started there."""
        with self.connect() as client:
            return usable(client.worker(name))

    def prepare(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return a run config with the secrets that it names; the rest of the environment is that machine's."""
        return _with_secrets(payload)

    def check(
        self,
        payload: dict[str, Any],
        *,
        dry_run: bool,  # noqa: ARG002 - no worker is here
        settings_checked: bool = False,  # noqa: ARG002 - the daemon compares them anyway
    ) -> tuple[TrainRunConfig | None, list[Problem]]:
        """Return a run config and every problem that the daemon finds."""
        from gym_gui.runs import validate_train_run_config

        with self.connect() as client:
            problems = client.validate(payload)
            if problems:
                return None, problems
            # The daemon knows the name of its executor, whatever is installed here.
            config = validate_train_run_config(payload, executors=[payload.get("executor", "")])
            declared: set[str] = set()
            for kind in {request.worker_type for request in config.workers if request.command is None}:
                with contextlib.suppress(UsageError):  # a module alone says nothing of its worker's name
                    declared.update(client.worker(kind).secret_fields)
        return config.with_secrets(declared), problems

    def connect(self) -> TrainerClient:
        """Return a client of the daemon."""
        from gym_gui.rpc import TrainerClient

        return TrainerClient.connect_to(self._remote)

    @contextlib.contextmanager
    def runs(self) -> Iterator[RunSource]:
        """Give the runs through the daemon."""
        with self.connect() as client:
            yield client


def usable(record: WorkerRecord) -> WorkerRecord:
    """Return a worker's record if the worker can be started.

    Raises:
        UsageError: It is broken (with the reason and what fixes it).
    """
    if record.broken:
        package = f"{record.distribution} {record.version} ({record.entry_point})"
        raise UsageError(
            f"worker {record.name} is broken",
            where=package if record.distribution else record.python,
            why=record.broken,
            next_step=record.mend or f"mosaic workers describe {record.name}",
        )
    return record


def _with_secrets(payload: dict[str, Any]) -> dict[str, Any]:
    from gym_gui.runs import take_from_environment

    prepared: dict[str, Any] = take_from_environment(payload, os.environ)
    return prepared
