"""Whether a worker does without MOSAIC."""

from __future__ import annotations

from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("isolation")
_MODULES = ("config", "runtime", "cli")


@BOOK.warning(
    "isolation-import",
    "The package, its config, runtime and cli can be imported where `gym_gui` is not installed.",
    why="A worker is a package of its own: it is tested, and used by others, without MOSAIC.",
    mend="Import from `gym_gui` inside functions, or with `try: ... except ImportError: ...` around it.",
)
def isolation_import(subject: Subject) -> str | None:
    if subject.record.broken:
        raise NotApplicable("the package cannot be imported")
    package = subject.record.entry_point.partition(":")[0].strip()
    top = package.partition(".")[0]
    tried = "; ".join(f"find_spec({top + '.' + name!r}) and __import__({top + '.' + name!r})" for name in _MODULES)
    ended = subject.import_without_mosaic(f"{package}; from importlib.util import find_spec; {tried}")
    if ended.code == 0:
        return None
    return "the import took too long" if ended.timed_out else ended.last_error()[:300]


@BOOK.warning(
    "isolation-run",
    "A short run completes where `gym_gui` is not installed.",
    why="As above; and telemetry that is missing without the SDK shows that it depends on the SDK.",
    mend="Print the events yourself where the SDK is missing: `print(json.dumps(event), flush=True)`.",
    slow=True,
)
def isolation_run(subject: Subject) -> str | None:
    assert subject.trained
    alone = subject.without_mosaic
    return None if alone.completed else alone.how() if alone.code != 0 else "it ends well but says nothing"
