"""What a job is asked to do, and what is wrong with a request."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec

from gym_gui.core.worker.errors import ConfigError, Problem, nearest
from gym_gui.core.worker.secret_detection import hide_passwords
from gym_gui.runs import check_names, is_run_id, kind_key

_LONGEST_NAME = 200
_PROGRAM = "mosaic"


class InstallRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Options of ``mosaic workers install``; paths are those of the daemon's machine."""

    origin: str | None = None
    """``--from``."""
    python: str | None = None
    packages: list[str] = []
    """``--with``."""
    requirements: str | None = None
    """Text of the file that ``--requirements`` names."""
    editable: bool = False


class RemoveOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Options of ``mosaic workers remove``: none."""


class CheckOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Options of ``mosaic workers check``."""

    only: list[str] = []
    quick: bool = False
    settings: list[str] = []
    """``--set NAME=VALUE``."""


class DryRunOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is tried without being started."""

    config: dict[str, Any]
    """The run config."""


class DoctorOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Options of ``mosaic doctor``: none."""


class FollowOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Options of ``mosaic resume`` and ``mosaic evaluate``."""

    checkpoint: str | None = None
    """A path, or of the run's checkpoints a name or step; null: the last one."""
    steps: int | None = None
    """Only to resume: steps beyond the checkpoint's."""
    episodes: int | None = None
    """Only to evaluate."""
    strict: bool = False


class RunOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Options of what else is done to a run: none."""


class JobRequest(msgspec.Struct, kw_only=True):
    """A job that is to be done.

    Options are those of the struct in :data:`OPTIONS`. They are never written down: they may hold secrets.
    """

    kind: str
    subject: str = ""
    """The worker, ``name[extra]`` for an install; or the id of the run that the job is about."""
    options: dict[str, Any] = {}
    by: str = ""

    @property
    def key(self) -> str:
        """What tells subjects apart: one has one job at a time that changes or examines it; empty: any number."""
        if self.kind in RUN_KINDS:
            return f"run {self.subject}"
        return kind_key(self.subject.partition("[")[0].strip()) if self.kind in _ONE_AT_A_TIME else ""

    @property
    def title(self) -> str:
        """What is done, in words."""
        words = {"dry_run": "dry run of", "doctor": "checks of this machine"}.get(self.kind, self.kind)
        return f"{words} run {self.subject}" if self.kind in RUN_KINDS else f"{words} {self.subject}".strip()

    @property
    def command(self) -> str:
        """The command that does the same, without passwords."""
        if self.kind == "doctor":
            return "mosaic doctor"
        if self.kind == "dry_run":
            return f"mosaic train {shlex.quote(self.subject)} --dry-run"
        if self.kind in RUN_KINDS:
            group = [] if self.kind in FOLLOW_KINDS else ["runs"]
            return shlex.join([_PROGRAM, *group, self.kind, self.subject])
        words = [_PROGRAM, "workers", self.kind, self.subject]
        if self.options.get("origin"):
            words += ["--from", hide_passwords(str(self.options["origin"]))]
        return shlex.join(words)


OPTIONS: dict[str, type[msgspec.Struct]] = {
    "install": InstallRequest,
    "remove": RemoveOptions,
    "check": CheckOptions,
    "dry_run": DryRunOptions,
    "doctor": DoctorOptions,
    "resume": FollowOptions,
    "evaluate": FollowOptions,
    "verify": RunOptions,
    "reindex": RunOptions,
    "archive": RunOptions,
    "restore": RunOptions,
}
#: Kinds that start a run which follows from another.
FOLLOW_KINDS = ("resume", "evaluate")
#: Kinds that are about a run.
RUN_KINDS = (*FOLLOW_KINDS, "verify", "reindex", "archive", "restore")
_ONE_AT_A_TIME = ("install", "remove", "check")


def check_request(request: JobRequest) -> msgspec.Struct:
    """Return the options of a request as their struct.

    Raises:
        ConfigError: There is no such job, it has no worker, or its options are not valid.
    """
    check_names(by=request.by)
    problems = []
    if request.kind not in OPTIONS:
        near = nearest(request.kind, OPTIONS)
        problems.append(Problem("kind", "is unknown", value=request.kind, allowed=" or ".join(OPTIONS), nearest=near))
    elif request.kind != "doctor" and not request.subject.strip():
        problems.append(Problem("subject", "is empty", allowed="the name of a worker"))
    elif request.kind in RUN_KINDS and not is_run_id(request.subject):
        problems.append(Problem("subject", "is not the id of a run", value=request.subject[:80], allowed="a whole id"))
    if len(request.subject) > _LONGEST_NAME or any(not char.isprintable() for char in request.subject):
        allowed = f"at most {_LONGEST_NAME} printable characters"
        problems.append(Problem("subject", "is not a name of a worker", value=request.subject[:80], allowed=allowed))
    if not problems:
        try:
            return msgspec.convert(request.options, OPTIONS[request.kind])
        except msgspec.ValidationError as error:
            problems.append(Problem("options", str(error), allowed=f"the options of {request.kind}"))
    raise ConfigError("the job is not valid", problems, next_step="Correct this and try again. Nothing was done.")
