"""A worker's command line."""

from __future__ import annotations

import json

from gym_gui.workers.conformance._transcript import kind_of
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

SLOW_ANSWER_S = 20.0
BOOK = RuleBook("command line")


@BOOK.error(
    "cli-module",
    "The package has a module `cli`.",
    why="MOSAIC starts `python -m <package>.cli`; without it every run config has to name a module.",
    mend='Write `cli.py` with a `main()` and `if __name__ == "__main__": sys.exit(main())`.',
)
def cli_module(subject: Subject) -> str | None:
    if subject.record.broken:
        raise NotApplicable("the package cannot be imported")
    return None if subject.record.module else "there is none"


@BOOK.error(
    "cli-help",
    "`--help` answers with exit code 0.",
    why="MOSAIC reads from it which options may be passed.",
    mend="Parse arguments with argparse before anything heavy is imported.",
)
def cli_help(subject: Subject) -> str | None:
    ended = subject.ask("--help")
    if ended.timed_out:
        return f"it did not answer within {subject.limits.answer_s:g} s"
    return None if ended.code == 0 else f"exit code {ended.code}: {ended.last_error()[:300]}"


@BOOK.error(
    "cli-config",
    "`--config PATH` is an option.",
    why="It is how a worker is given its config.",
    mend="Add `--config` (`WorkerCLI.run` brings it).",
)
def cli_config(subject: Subject) -> str | None:
    return None if "--config" in subject.usable.flags else "`--help` does not name it"


@BOOK.warning(
    "cli-schema-option",
    "`--schema` is an option.",
    why="A worker that prints its schema itself can say more than its class shows.",
    mend="Use `WorkerCLI.run`, or print `config_schema(MyWorkerConfig)` as JSON.",
)
def cli_schema_option(subject: Subject) -> str | None:
    return None if "--schema" in subject.usable.flags else "`--help` does not name it"


@BOOK.error(
    "cli-schema",
    "`--schema` prints a JSON Schema of an object and exits with 0.",
    why="An answer that cannot be read is worse than none.",
    mend="Print nothing else to stdout; the document needs `properties`.",
)
def cli_schema(subject: Subject) -> str | None:
    if "--schema" not in subject.usable.flags:
        raise NotApplicable("it has no --schema")
    ended = subject.ask("--schema")
    if ended.timed_out:
        return f"it did not answer within {subject.limits.answer_s:g} s"
    if ended.code != 0:
        return f"exit code {ended.code}: {ended.last_error()[:300]}"
    try:
        schema = json.loads(ended.stdout)
    except ValueError as error:
        return f"its output is not JSON: {error}"
    return None if isinstance(schema, dict) and isinstance(schema.get("properties"), dict) else "it has no properties"


@BOOK.warning(
    "cli-worker-id",
    "`--worker-id ID` is an option.",
    why="A worker that is started by hand beside others gets its id only by this option.",
    mend="Use `WorkerCLI.run`, or add the option and prefer it to `$WORKER_ID`.",
)
def cli_worker_id(subject: Subject) -> str | None:
    return None if "--worker-id" in subject.usable.flags else "`--help` does not name it"


@BOOK.error(
    "cli-no-config",
    "A config file that does not exist is an error: an exit code other than 0.",
    why="A worker that ends well without having read its config looks like a completed run.",
    mend="Let the error out, or return 2.",
)
def cli_no_config(subject: Subject) -> str | None:
    if "--config" not in subject.usable.flags:
        raise NotApplicable("it has no --config")
    ended = subject.ask("--config", str(subject.home / "no-such-file.json"))
    if ended.timed_out:
        return f"it did not end within {subject.limits.answer_s:g} s"
    return "exit code 0" if ended.code == 0 else None


@BOOK.warning(
    "dry-run-option",
    "`--dry-run` is an option.",
    why="It finds what no schema says (an environment that is not installed) before a run is queued.",
    mend="Use `WorkerCLI.run`, and let the runtime check what the config names when `dry_run` is true.",
)
def dry_run_option(subject: Subject) -> str | None:
    return None if "--dry-run" in subject.usable.flags else "`--help` does not name it"


@BOOK.error(
    "dry-run-events",
    'A dry run emits exactly `run_started` and `run_completed` with `status: "dry-run"`.',
    why="Anything else looks like a training.",
    mend='After `run_started` check, emit `run_completed({"status": "dry-run", ...})`, and return.',
)
def dry_run_events(subject: Subject) -> str | None:
    dry = subject.dry
    kinds = [kind_of(event) for event in dry.events]
    if dry.code != 0:
        return dry.how()
    if kinds != ["run_started", "run_completed"]:
        return f"it says {', '.join(kinds[:8]) or 'nothing'}{' …' if len(kinds) > 8 else ''}"
    status = dry.payload("run_completed").get("status")
    return None if status == "dry-run" else f"status is {status!r}"


@BOOK.warning(
    "dry-run-time",
    f"A dry run takes less than {SLOW_ANSWER_S:g} seconds.",
    why="It delays every submission.",
    mend="Check without loading the library where possible; never train.",
)
def dry_run_time(subject: Subject) -> str | None:
    seconds = subject.dry.seconds
    return f"it took {seconds:.1f} s" if seconds > SLOW_ANSWER_S else None
