"""The daemon's own files in a home: who runs there, the token, the locks, the log."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.filesystem import check_home
from gym_gui.runs.lock import FileLock, is_locked


class DaemonInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What ``daemon.json`` tells: where the daemon listens, and which process it is."""

    address: str
    pid: int
    home_id: str
    version: str
    public_address: str = ""
    """Where other machines reach it, with TLS; empty: nowhere."""
    boot_id: str = ""
    start_ticks: int = 0


@dataclass(frozen=True)
class DaemonHome:
    """Paths of the daemon's files below a home.

    Args:
        path: The home, ``$MOSAIC_HOME``.
    """

    path: Path

    @property
    def info_file(self) -> Path:
        return self.path / "daemon.json"

    @property
    def lock_file(self) -> Path:
        """Held by the daemon as long as it lives: at most one daemon a home."""
        return self.path / "daemon.lock"

    @property
    def start_lock_file(self) -> Path:
        """Held by whoever is starting a daemon."""
        return self.path / "daemon.start.lock"

    @property
    def socket(self) -> Path:
        """The daemon's Unix socket, where it listens on one."""
        return self.path / "daemon.sock"

    @property
    def token_file(self) -> Path:
        return self.path / "token"

    @property
    def id_file(self) -> Path:
        return self.path / "home_id"

    @property
    def registry(self) -> Path:
        return self.path / "registry.db"

    @property
    def log(self) -> Path:
        return self.path / "logs" / "daemon.log"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    def prepare(self) -> None:
        """Create the home (mode 0700) with what a daemon needs.

        Raises:
            UsageError: It cannot be created or written, or lies where locks and databases are not safe.
        """
        import secrets  # not where a home is only read: by every proxy and command at its start

        check_home(self.path)
        try:
            for folder in (self.path, self.log.parent, self.runs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.runs.chmod(0o700)
            _write_once(self.token_file, secrets.token_urlsafe(32))
            _write_once(self.id_file, secrets.token_hex(8))
            probe = self.path / f".write-test.{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(
                "MOSAIC's home cannot be written",
                where=str(self.path),
                why=error.strerror or str(error),
                next_step="name another with --home DIR, or set MOSAIC_HOME",
            ) from None

    def token(self) -> str:
        """Return the token that every call must carry.

        Raises:
            UsageError: It cannot be read (no daemon has run here, or the home is somebody else's).
        """
        try:
            return self.token_file.read_text("ascii").strip()
        except OSError as error:
            raise UsageError(
                "the token of MOSAIC's home cannot be read",
                where=str(self.token_file),
                why=error.strerror or str(error),
                next_step="use a home of your own: --home DIR, or MOSAIC_HOME",
            ) from None

    def home_id(self) -> str:
        """Return the id that was drawn for this home."""
        return self.id_file.read_text("ascii").strip()

    def daemon(self) -> DaemonInfo | None:
        """Return the daemon that runs in this home, or ``None``.

        The lock is the evidence: a ``daemon.json`` that a killed daemon left behind counts for nothing.
        """
        try:
            if not is_locked(self.lock_file):
                return None
            return msgspec.json.decode(self.info_file.read_bytes(), type=DaemonInfo)
        except (OSError, msgspec.DecodeError):
            return None

    def locked_by(self, lock: FileLock) -> bool:
        """Return whether a held lock is this home's: not if the home was removed or replaced meanwhile."""
        try:
            return os.path.samestat(os.fstat(lock.fileno()), self.lock_file.stat())
        except OSError:
            return False

    def announce(self, info: DaemonInfo) -> None:
        """Write ``daemon.json``."""
        write_json_atomic(self.info_file, info)

    def withdraw(self) -> None:
        """Remove ``daemon.json``."""
        with contextlib.suppress(OSError):
            self.info_file.unlink()


def _write_once(path: Path, text: str) -> None:
    """Write a small private file unless it exists; of several writers the first wins and all see its text."""
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text + "\n")
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink()
