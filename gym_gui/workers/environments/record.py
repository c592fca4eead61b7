"""What is written down of a finished environment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.runs.files import write_json_atomic
from gym_gui.workers.environments.extras import merged, split_extras
from gym_gui.workers.environments.layout import RECORD_FILE
from gym_gui.workers.installed import Interpreter


class EnvironmentRecord(msgspec.Struct, kw_only=True):
    """One finished environment of a worker."""

    name: str
    """The worker."""
    number: int
    """Which version of its environment."""
    python: str
    """The environment's own interpreter."""
    search_path: list[str]
    """Folders in which it looks for packages."""
    base_python: str
    """The interpreter that the environment was made from."""
    python_version: str
    origin: str
    """The folder, requirement or address that the package came from."""
    from_option: str | None = None
    """What ``--from`` named, passwords left out; ``None`` if the worker was found by its name."""
    extras: str = ""
    """Optional dependencies, e.g. ``[test]``."""
    with_packages: list[str] = []
    """What ``--with`` named, passwords left out."""
    requirements_file: str | None = None
    """What ``--requirements`` named."""
    requirements_text: str = ""
    """What stood in that file."""
    python_option: str | None = None
    """What ``--python`` named; ``None`` if the interpreter was chosen."""
    editable: bool = False
    steps: list[list[str]] = []
    """``pip install`` argument lists that ran before the package itself."""
    sdk_version: str = ""
    metadata: list[str] = []
    """Metadata folders of the packages that register a worker."""
    install_stamp: int = 0
    """State of the environment's packages when it was finished."""
    size_bytes: int = 0
    """Room on the disk."""
    packages: int = 0
    """How many are installed."""
    packages_digest: str = ""
    """A hash of their names and versions: equal where another machine's environment has the same."""
    seconds: float = 0.0
    """How long the install took, that of the attempt that finished it."""
    installed_at: float = 0.0
    """Unix time, seconds."""
    log: str = ""

    @property
    def interpreter(self) -> Interpreter:
        """The environment as the catalog looks at it."""
        return Interpreter(
            self.python,
            tuple(self.search_path),
            tuple(self.metadata),
            self.install_stamp,
            environment=self.name,
            rebuild=tuple(self.command()),
        )

    @property
    def folder(self) -> Path:
        """The environment's folder."""
        return Path(self.python).parent.parent

    def command(self, *, extras: str = "", packages: Sequence[str] = ()) -> list[str]:
        """Return the command that builds this environment anew, with all that it was installed with.

        Args:
            extras: Optional dependencies that it is to have besides, e.g. ``[box2d]``.
            packages: Packages that it is to have besides.
        """
        origin, more = split_extras(self.from_option or "")
        words = ["mosaic", "workers", "install", self.name + merged(self.extras, more, extras)]
        if self.python_option:
            words += ["--python", self.python_option]
        if origin:
            words += ["--from", origin]
        for package in dict.fromkeys([*self.with_packages, *packages]):
            words += ["--with", package]
        if self.requirements_file:
            words += ["--requirements", self.requirements_file]
        return words + ["--editable"] * self.editable

    def save(self) -> None:
        """Write the record into the environment, which makes it a finished one.

        Raises:
            OSError: The disk refused.
        """
        write_json_atomic(self.folder / RECORD_FILE, self)


def load_environment(folder: Path) -> EnvironmentRecord:
    """Return the record of the environment in a folder.

    Raises:
        ValueError: There is none that can be read; the message says why.
    """
    try:
        return msgspec.json.decode(read_regular(folder / RECORD_FILE), type=EnvironmentRecord)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise ValueError(f"{folder / RECORD_FILE} cannot be read: {reason}") from None
