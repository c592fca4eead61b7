"""What ``mosaic doctor`` looks at; each check says what is well, what is doubtful and what is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from gym_gui.app.checks.finding import Finding
from gym_gui.core.worker.errors import MosaicError


def all_checks(home: Path) -> Iterator[Finding]:
    """Yield the findings of every check, one by one.

    Args:
        home: The home to look at; nothing in it is changed.
    """
    from gym_gui.app.checks import daemon, installation, storage

    checks: tuple[Callable[[Path], Iterator[Finding]], ...] = (
        installation.python, installation.libraries, installation.settings, installation.gpus,
        storage.sqlite, storage.home, storage.registry, storage.file_system, storage.space,
        daemon.daemon, daemon.certificate, daemon.port, installation.executors, installation.workers,
        installation.window,
    )  # fmt: skip
    for check in checks:
        try:
            yield from check(home)
        except MosaicError as error:  # noqa: PERF203 - the other checks still count
            where = f" ({error.where})" if error.where else ""
            yield Finding(check.__name__, "broken", f"{error.what}{where}", error.next_step)
        except Exception as error:  # noqa: BLE001 - a check that fails is a finding, too
            yield Finding(check.__name__, "broken", f"the check itself failed: {type(error).__name__}: {error}",
                          "report this, with the whole output of mosaic doctor --debug")  # fmt: skip
