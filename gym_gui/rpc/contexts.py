"""Named daemons elsewhere, in the user's own configuration: ``mosaic daemon contexts``."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gym_gui.config.paths import user_config_dir
from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import UsageError, nearest
from gym_gui.rpc.remote import RemoteDaemon
from gym_gui.runs import FileLock, write_json_atomic

#: The name that stands for the home on this machine.
LOCAL_CONTEXT = "local"
#: Seconds that a writer waits for another.
LOCK_PATIENCE_S = 10.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Contexts(msgspec.Struct, kw_only=True):
    """The contexts of a user, and the one in use."""

    contexts: dict[str, RemoteDaemon] = {}
    in_use: str = LOCAL_CONTEXT

    @staticmethod
    def file() -> Path:
        """Return where they are kept."""
        return user_config_dir() / "contexts.json"

    @classmethod
    def read(cls) -> Contexts:
        """Read them; there are none where the file is missing.

        Raises:
            UsageError: The file cannot be read.
        """
        path = cls.file()
        try:
            return msgspec.json.decode(read_regular(path), type=cls)
        except FileNotFoundError:
            return cls()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError(
                "the contexts cannot be read",
                where=str(path),
                why=getattr(error, "strerror", None) or str(error),
                next_step=f"fix the file, or remove it: rm -r {shlex.quote(str(path))}",
            ) from None

    def current(self) -> RemoteDaemon | None:
        """Return the daemon in use; ``None``: the home's.

        Raises:
            UsageError: It was removed.
        """
        return None if self.in_use == LOCAL_CONTEXT else self.get(self.in_use)

    def get(self, name: str) -> RemoteDaemon:
        """Return a context's daemon.

        Raises:
            UsageError: There is no such context.
        """
        found = self.contexts.get(name)
        if found is None:
            near = nearest(name, self.contexts)
            raise UsageError(
                f"there is no context {name!r}" + (f"; did you mean {near}?" if near else ""),
                where=str(self.file()),
                next_step="list them: mosaic daemon contexts list",
            )
        return found

    def add(self, name: str, remote: RemoteDaemon) -> None:
        """Add a context, or replace the one of that name, and write them.

        Raises:
            UsageError: The name cannot be used, or the file cannot be written.
        """
        if name == LOCAL_CONTEXT or not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be the name of a context",
                why=f"{LOCAL_CONTEXT!r} is the home of this machine" if name == LOCAL_CONTEXT else "",
                next_step="take letters, digits, '.', '_' and '-'",
            )
        with self._changing():
            self.contexts[name] = remote

    def use(self, name: str) -> None:
        """Take a context into use, ``local`` for the home of this machine, and write that.

        Raises:
            UsageError: There is no such context, or the file cannot be written.
        """
        with self._changing():
            if name != LOCAL_CONTEXT:
                self.get(name)
            self.in_use = name

    def remove(self, name: str) -> None:
        """Remove a context; the home of this machine is in use if it was. Write that.

        Raises:
            UsageError: There is no such context, or the file cannot be written.
        """
        with self._changing():
            self.get(name)
            del self.contexts[name]
            if self.in_use == name:
                self.in_use = LOCAL_CONTEXT

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Lock the file and take what it holds now; write what the caller has changed, unless it raises.

        Raises:
            UsageError: The file cannot be read, locked or written.
        """
        path = self.file()
        lock = FileLock(path.with_name("contexts.lock"))
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not lock.acquire(LOCK_PATIENCE_S):
                raise UsageError(
                    "the contexts cannot be changed now",
                    where=str(lock.path),
                    why=f"another process has kept it locked for {LOCK_PATIENCE_S:g} s",
                    next_step=f"find it: lsof {shlex.quote(str(lock.path))}",
                )
            now = Contexts.read()
            self.contexts, self.in_use = now.contexts, now.in_use
            yield
            write_json_atomic(path, self)
        except OSError as error:
            raise UsageError("the contexts cannot be written", where=str(path), why=error.strerror or "") from None
        finally:
            lock.release()
