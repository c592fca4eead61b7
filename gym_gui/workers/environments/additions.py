"""Packages that a user adds to a worker's environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gym_gui.config.paths import expand_user
from gym_gui.core.worker.errors import UsageError
from gym_gui.core.worker.secret_detection import hide_passwords
from gym_gui.workers.environments.record import WorkerEnvironment

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PATH = re.compile(r"(?P<path>[^\[]+)(?P<extras>\[[\w.,\s-]+\])?")


@dataclass(frozen=True)
class Additions:
    """What is installed together with a worker's package.

    Args:
        packages: What pip takes as a requirement: names with versions, files, addresses.
        requirements: A requirements file.
        text: What stood in that file when it was read.
    """

    packages: tuple[str, ...] = ()
    requirements: Path | None = None
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.packages or self.requirements)

    def shown(self) -> str:
        """Return it as options of ``mosaic workers install``, without passwords."""
        words = [f"--with {hide_passwords(package)}" for package in self.packages]
        return " ".join(words + ([f"--requirements {self.requirements}"] if self.requirements else []))


def read_additions(packages: tuple[str, ...], requirements: Path | None) -> Additions:
    """Check what a user named; files and folders are found from here, wherever pip runs.

    Raises:
        UsageError: A package would reach pip as an option, or the file cannot be read.
    """
    if requirements is None:
        return Additions(tuple(map(_found, packages)))
    path = expand_user(requirements).absolute()
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"the requirements cannot be read: {error.strerror or error}",
            where=str(path),
            next_step="name a file with one requirement a line: --requirements FILE",
        ) from None
    return Additions(tuple(map(_found, packages)), path, text)


def additions_of(record: WorkerEnvironment, scratch: Path) -> Additions:
    """Return what an environment was installed with, to be installed again.

    Args:
        record: Of the environment.
        scratch: Folder for the file's kept text, if the file itself is gone.

    Raises:
        UsageError: One of them was an address with a password, which is not kept.
    """
    for package in record.with_packages:
        if "****@" in package:
            raise UsageError(
                f"the password of {package} is not kept",
                why=f"the present environment of {record.name} has it, and the new one is to have it, too",
                next_step="give it again with its password: --with PACKAGE",
            )
    if record.requirements_file is None:
        return Additions(tuple(record.with_packages))
    path = Path(record.requirements_file)
    if path.is_file():
        return read_additions(tuple(record.with_packages), path)
    if "****@" in record.requirements_text:
        raise UsageError(
            f"{path} is gone, and the passwords in it were not kept",
            why=f"the present environment of {record.name} has it, and the new one is to have it, too",
            next_step="give another file: --requirements FILE",
        )
    path = scratch / "requirements.txt"
    path.write_text(record.requirements_text, encoding="utf-8")
    return Additions(tuple(record.with_packages), path, record.requirements_text)


def not_an_option(text: str, option: str) -> str:
    """Return what a user named, unless pip or git would take it for an option.

    Args:
        text: What was named.
        option: Of which option of ours it is the value.

    Raises:
        UsageError: It begins with a hyphen, is empty or holds control characters.
    """
    if not text.strip():
        why = "it is empty"
    elif text.lstrip().startswith("-"):
        why = "pip or git would take text with a hyphen at its beginning for an option"
    elif _CONTROL.search(text):
        why = "it contains control characters"
    else:
        return text
    raise UsageError(
        f"{option} cannot be {text!r}",
        why=why,
        next_step="name a package such as 'pygame>=2', a file (./-name for one that begins with a hyphen) or an"
        " address; for a requirements file: --requirements FILE",
    )


def _found(package: str) -> str:
    """Return a package with the whole path where it is a file or folder here."""
    text = not_an_option(package, "--with").strip()
    found = _PATH.fullmatch(text)
    if found is not None and ("/" in text or text.endswith((".whl", ".tar.gz", ".zip"))):
        path = expand_user(found["path"])
        if path.exists():
            return str(path.absolute()) + (found["extras"] or "")
    return text
