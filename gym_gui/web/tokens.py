"""Tokens of the web server, each with a name and a role: kept as hashes, except that of the home's owner."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gym_gui.core.owners import stranger
from gym_gui.core.regular_files import is_file, read_regular
from gym_gui.core.worker.errors import MosaicError, UsageError, nearest
from gym_gui.runs import FileLock, is_exposed, read_token, write_json_atomic, write_once
from gym_gui.web.access import Holder, Role, Token

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,39}")
#: The owner's token as it is drawn.
_OWN = re.compile(r"[A-Za-z0-9_-]{32}")
_LOCK_S = 10.0


class _Entry(msgspec.Struct, kw_only=True):
    name: str
    role: str
    sha256: str


class _File(msgspec.Struct, kw_only=True):
    schema: int = 1
    tokens: list[_Entry] = []


class TokenStore:
    """The tokens of the web server of a home.

    Args:
        home: The home, or where this user's own files are for a daemon elsewhere.
        owner: Name of the owner, with whose own token everything is allowed.
    """

    def __init__(self, home: Path, owner: str) -> None:
        self._folder = home / "web"
        self._path = self._folder / "tokens.json"
        self._owner = owner
        self._own: str | None = None

    def owner_token(self) -> str:
        """Return the owner's token, which is made on first use, and again if other users could read it.

        Raises:
            MosaicError: It cannot be read or written, is damaged, or is another user's.
        """
        if self._own is None:
            path = self._folder / "token"
            with self._writing(path):
                if stranger(path) is None and is_file(path) and is_exposed(path) and path.stat().st_uid == os.geteuid():
                    path.unlink()
                write_once(path, secrets.token_urlsafe(24))
                text, _ = read_token(path)
            if stranger(path) is not None:
                raise _unusable(path, f"it belongs to another user (uid {stranger(path)})")
            if not _OWN.fullmatch(text):
                raise _unusable(path, "it is damaged", f"rm {shlex.quote(str(path))}; mosaic web")
            self._own = text
        return self._own

    def all(self) -> list[Token]:
        """Return all tokens, the owner's included.

        Raises:
            MosaicError: The file cannot be read.
        """
        own = Token.of(self.owner_token(), Holder(self._owner, Role.ADMIN))
        return [own, *(Token(each.sha256, Holder(each.name, Role[each.role.upper()])) for each in self._read().tokens)]

    def named(self) -> list[Holder]:
        """Return the holders of the tokens that were added, sorted by name."""
        return sorted((token.holder for token in self.all()[1:]), key=lambda holder: holder.name)

    def add(self, name: str, role: Role) -> str:
        """Make a token and return it; it is shown this once.

        Raises:
            UsageError: The name is not allowed or taken.
            MosaicError: The file cannot be read or written.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is not a name for a token", why="1 to 40 letters, digits, '.', '_', '-', '@'",
                next_step="choose another one",
            )  # fmt: skip
        token = secrets.token_urlsafe(24)
        with self._changing() as file:
            if name in [each.name for each in file.tokens]:
                raise UsageError(
                    f"there is a token {name!r}", next_step=f"remove it first: mosaic web tokens remove {name}"
                )
            file.tokens.append(
                _Entry(name=name, role=role.name.lower(), sha256=Token.of(token, Holder(name, role)).sha256)
            )
        return token

    def remove(self, name: str) -> None:
        """Take a token back; the web server refuses it from its next start on.

        Raises:
            UsageError: There is no such token.
            MosaicError: The file cannot be read or written.
        """
        with self._changing() as file:
            names = [each.name for each in file.tokens]
            if name not in names:
                near = nearest(name, names)
                raise UsageError(
                    f"there is no token {name!r}" + (f"; did you mean {near!r}?" if near else ""),
                    next_step="list them: mosaic web tokens list",
                )
            file.tokens = [each for each in file.tokens if each.name != name]

    @contextlib.contextmanager
    def _changing(self) -> Iterator[_File]:
        with self._writing(self._path):
            lock = FileLock(self._path.with_suffix(".lock"))
            if not lock.acquire(_LOCK_S):
                raise MosaicError("the tokens are being changed", where=str(self._path), next_step="try again")
            try:
                file = self._read()
                yield file
                write_json_atomic(self._path, file)
            finally:
                lock.release()

    @contextlib.contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise _unusable(path, error) from None

    def _read(self) -> _File:
        try:
            file = msgspec.json.decode(read_regular(self._path), type=_File)
            for each in file.tokens:
                Role[each.role.upper()]
        except FileNotFoundError:
            return _File()
        except (OSError, ValueError, RecursionError, KeyError) as error:
            raise _unusable(self._path, error) from None
        return file


def _unusable(path: Path, error: Exception | str, next_step: str = "") -> MosaicError:
    return MosaicError(
        "the tokens of the web server cannot be used",
        where=str(path),
        why=getattr(error, "strerror", None) or str(error),
        next_step=next_step or "correct the file or its permissions, or remove it: new tokens are made then",
    )
