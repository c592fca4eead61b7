"""Presets: named values of a worker's form, in one file per worker of the home."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import MosaicError, UsageError, nearest
from gym_gui.forms.run_config import to_run_config
from gym_gui.forms.spec import FormSpec, Values
from gym_gui.forms.values import read_typed
from gym_gui.runs import FileLock, Secrets, name_fault, write_json_atomic

SCHEMA = 1
LONGEST_NAME = 80
_PATIENCE_S = 10.0
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class _File(msgspec.Struct, kw_only=True):
    schema: int = SCHEMA
    presets: dict[str, Values] = {}


class Presets:
    """The presets of one worker.

    Args:
        home: The home.
        worker: The worker's name.

    Raises:
        UsageError: The name cannot name a file.
    """

    def __init__(self, home: Path, worker: str) -> None:
        if not _FILE_NAME.fullmatch(worker):
            raise UsageError(f"{worker!r} is not the name of a worker", next_step="list them: mosaic workers list")
        self.worker = worker
        self.path = home / "presets" / f"{worker}.json"

    def all(self) -> dict[str, Values]:
        """Return the values of every preset, by name, sorted.

        Raises:
            MosaicError: The file is damaged and has been renamed, or it cannot be read.
        """
        if not self.path.exists():
            return {}
        with self._locked():
            return dict(sorted(self._read().items()))

    def save(self, form: FormSpec, name: str, values: Values) -> list[str]:
        """Save values under a name, in place of what had that name.

        Secrets are not written: fields for secrets are left out, and others have ``${secret}`` in their place.

        Args:
            form: The worker's form.
            name: 1 to 80 characters, none of them a control character.
            values: What is entered.

        Returns:
            The names of the fields whose secrets were not written.

        Raises:
            UsageError: The name is not allowed.
            MosaicError: The file is damaged and has been renamed, or it cannot be written.
        """
        _check_name(name)
        kept, hidden = _without_secrets(form, values)
        with self._locked():
            self._write({**self._read(), name: kept})
        return hidden

    def delete(self, name: str) -> None:
        """Delete a preset.

        Args:
            name: The preset.

        Raises:
            UsageError: There is no such preset.
            MosaicError: The file is damaged and has been renamed, or it cannot be written.
        """
        with self._locked():
            presets = self._read()
            if name not in presets:
                near = nearest(name, presets)
                raise UsageError(
                    f"there is no preset {name!r} of {self.worker}" + (f"; did you mean {near!r}?" if near else ""),
                    where=str(self.path),
                    next_step="choose one of: " + (", ".join(sorted(presets)) or "none is saved"),
                )
            del presets[name]
            self._write(presets)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the file's lock."""
        lock = FileLock(self.path.with_suffix(".lock"))
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not lock.acquire(_PATIENCE_S):
                raise MosaicError(
                    f"the presets of {self.worker} are in use",
                    where=str(self.path),
                    why=f"another process has held their lock for {_PATIENCE_S:g} s",
                    next_step="try again",
                )
        except OSError as error:
            raise self._failed(error) from error
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> dict[str, Values]:
        try:
            data = read_regular(self.path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._failed(error) from error
        try:
            found = msgspec.json.decode(data, type=_File)
        except (ValueError, RecursionError) as error:
            raise self._damaged(str(error)) from None
        if found.schema > SCHEMA:
            raise UsageError(
                f"the presets of {self.worker} were saved by a later version of MOSAIC",
                where=str(self.path),
                next_step="use that version, or move the file away",
            )
        return found.presets

    def _damaged(self, reason: str) -> MosaicError:
        """Rename the file, and return the error that says so."""
        renamed = self.path.with_name(f"{self.worker}.damaged-{time.time_ns()}.json")
        try:
            self.path.rename(renamed)
        except OSError as error:
            return self._failed(error)
        return MosaicError(
            f"the presets of {self.worker} are damaged",
            where=str(renamed),
            why=reason,
            next_step=f"nothing was deleted: fix that file and rename it to {self.path.name}, or save presets again",
        )

    def _write(self, presets: dict[str, Values]) -> None:
        try:
            write_json_atomic(self.path, _File(presets=presets))
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> MosaicError:
        return MosaicError(
            f"the presets of {self.worker} cannot be read or written",
            where=str(self.path),
            why=error.strerror or str(error),
            next_step="check the permissions and the space of the home: mosaic doctor",
        )


def _check_name(name: str) -> None:
    fault = name_fault(name)
    if not name.strip() or name != name.strip():
        fault = "is empty, or begins or ends with a space"
    elif len(name) > LONGEST_NAME:
        fault = f"is longer than {LONGEST_NAME} characters"
    if fault:
        raise UsageError(f"{name!r} cannot be the name of a preset", why=f"it {fault}", next_step="choose another name")


def _without_secrets(form: FormSpec, values: Values) -> tuple[Values, list[str]]:
    """Return values without secrets, and the names of the fields that had some."""
    fields = form.by_name()
    known = {name: value for name, value in values.items() if name in fields}
    secrets = Secrets(to_run_config(form, known))
    kept, hidden = dict(values), []
    for name, value in known.items():
        field = fields[name]
        read = read_typed(field, value)
        if field.kind == "secret" and value not in (None, ""):
            del kept[name]
            hidden.append(name)
        elif name != "secrets" and (shown := secrets.hide(read, field.path[-1] if field.path else "")) != read:
            kept[name] = shown
            hidden.append(name)
    return kept, hidden
