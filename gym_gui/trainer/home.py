"""The daemon's own files in a home: who runs there, the token, the locks, the log."""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gym_gui.core.owners import stranger
from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import (
    FileLock,
    check_home,
    clear_place,
    is_exposed,
    is_locked,
    move_folder_away,
    read_token,
    write_json_atomic,
    write_once,
)
from gym_gui.supervision import ProcessIdentity, boot_id


class DaemonInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What ``daemon.json`` tells: where the daemon listens, and which process it is."""

    address: str
    """A port for programs of others; MOSAIC's own never send anything there."""
    pid: int
    home_id: str
    version: str
    public_address: str = ""
    """Where other machines reach it, with TLS; empty: nowhere."""
    certificate_starts_at: float = 0.0
    certificate_ends_at: float = 0.0
    """From when until when the certificate is valid that it serves there."""
    socket: str = ""
    """Its Unix socket, relative to the home; empty: it is of a version that has none."""
    boot_id: str = ""
    pid_ns: int = 0
    start_ticks: int = 0

    def certificate_warning(self) -> str:
        """Return what is wrong with the validity of its certificate, now or soon; empty: nothing, or it has none."""
        from gym_gui.trainer.certificate import Validity

        return Validity(self.certificate_starts_at, self.certificate_ends_at).warning() if self.public_address else ""

    @property
    def process(self) -> ProcessIdentity:
        """The process, told apart from others that get its pid."""
        return ProcessIdentity(self.boot_id, self.pid_ns or ProcessIdentity.own().pid_ns, self.pid, self.start_ticks)

    def may_live(self) -> bool:
        """Return whether this process lives, or nothing can be said of it from here (another pid namespace)."""
        if self.boot_id != boot_id():
            return False
        process = self.process
        return process.pid_ns != ProcessIdentity.own().pid_ns or process.alive()


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
        """Held by the process that is starting a daemon."""
        return self.path / "daemon.start.lock"

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
        check_home(self.path)
        owner = stranger(self.path)
        if owner is not None:
            raise UsageError(
                f"MOSAIC's home belongs to another user (uid {owner})",
                where=str(self.path),
                why="its owner decides what runs in it",
                next_step="use a home that belongs to you: --home DIR, or MOSAIC_HOME",
            )
        try:
            for folder in (self.path, self.log.parent, self.runs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.runs.chmod(0o700)
            self._shut_out_others()
            clear_place(self.log)
            self._draw_token()
            write_once(self.id_file, os.urandom(8).hex())
            probe = self.path / f".write-test.{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink(missing_ok=True)
        except FileExistsError as error:
            place = str(error.filename)
            raise UsageError(
                "MOSAIC's home cannot be written",
                where=place,
                why="it is not a folder",
                next_step=f"mv {shlex.quote(place)} {shlex.quote(place)}.old; then the same command",
            ) from None
        except OSError as error:
            raise UsageError(
                "MOSAIC's home cannot be written",
                where=str(self.path),
                why=error.strerror or str(error),
                next_step="name another with --home DIR, or set MOSAIC_HOME",
            ) from None

    def _draw_token(self) -> None:
        import secrets  # not where a home is only read: by every proxy and command at its start

        write_once(self.token_file, secrets.token_urlsafe(32))

    def _shut_out_others(self) -> None:
        """Take from other users the right to write to the home: they could replace its token, records and runs."""
        status = self.path.stat()
        if status.st_uid == os.geteuid() and status.st_mode & 0o022:
            self.path.chmod(stat.S_IMODE(status.st_mode) & ~0o022)

    def token(self) -> str:
        """Return the token that every call must carry.

        Raises:
            UsageError: It cannot be read (no daemon has run here, or the home is another user's).
        """
        try:
            text, owner = read_token(self.token_file)
        except OSError as error:
            raise self._no_token(error.strerror or str(error)) from None
        if not text:
            raise self._no_token("it is damaged", f"rm {shlex.quote(str(self.token_file))}; mosaic daemon start")
        if owner not in self.owners():
            raise self._no_token(f"it belongs to another user (uid {owner})")
        return text

    def _no_token(self, why: str, next_step: str = "") -> UsageError:
        return UsageError(
            "the token of MOSAIC's home cannot be read",
            where=str(self.token_file),
            why=why,
            next_step=next_step or "use a home that belongs to you: --home DIR, or MOSAIC_HOME",
        )

    def owners(self) -> set[int]:
        """Return the user ids whose processes are this home's: the caller's; root also trusts the token's owner."""
        me = os.geteuid()
        try:
            return {me} if me else {me, self.token_file.stat().st_uid}
        except OSError:
            return {me}

    def renew_exposed_token(self) -> bool:
        """Draw another token if other users can read this one, or it is not the caller's; return whether it was so.

        Only for a daemon at its start, while it holds the lock.
        """
        if not is_exposed(self.token_file):
            return False
        self.token_file.unlink()
        self._draw_token()
        return True

    def home_id(self) -> str:
        """Return the id that was drawn for this home."""
        return read_regular(self.id_file).decode("ascii", "replace").strip()

    def daemon(self) -> DaemonInfo | None:
        """Return the daemon that runs in this home, or ``None``.

        The lock is the evidence, and the process: a ``daemon.json`` that a killed daemon left behind counts for
        nothing, even while the next one holds the lock and has not written its own.
        """
        try:
            if not is_locked(self.lock_file):
                return None
        except OSError:
            return None
        info = self.last_daemon()
        return info if info is not None and info.may_live() else None

    def last_daemon(self) -> DaemonInfo | None:
        """Return what ``daemon.json`` says, true or not."""
        try:
            return msgspec.json.decode(read_regular(self.info_file), type=DaemonInfo)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def locked_by(self, lock: FileLock) -> bool:
        """Return whether a held lock is this home's: not if the home was removed or replaced meanwhile."""
        try:
            return os.path.samestat(os.fstat(lock.fileno()), self.lock_file.stat())
        except OSError:
            return False

    def announce(self, info: DaemonInfo) -> None:
        """Write ``daemon.json``."""
        move_folder_away(self.info_file)
        write_json_atomic(self.info_file, info)

    def withdraw(self) -> None:
        """Remove ``daemon.json``."""
        with contextlib.suppress(OSError):
            self.info_file.unlink()
