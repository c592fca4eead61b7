"""``mosaic runs``."""

from __future__ import annotations

from gym_gui.cli.lazy import LazyGroup

_HERE = "gym_gui.cli.commands"

runs = LazyGroup(
    name="runs",
    help="List, watch, check and end runs.\n\nRUN is a run id, its beginning or end, a run's name, or 'latest'.",
    members={
        "list": (f"{_HERE}.runs_list:list_", "List runs, the newest first."),
        "show": (f"{_HERE}.runs_show:show", "Show everything recorded about a run."),
        "config": (f"{_HERE}.runs_contents:config", "Print the run config that a run was submitted with."),
        "episodes": (f"{_HERE}.runs_contents:episodes", "List a run's episodes."),
        "metrics": (
            f"{_HERE}.runs_metrics:metrics",
            "List the series of a run, or print the values of those that are named.",
        ),
        "compare": (f"{_HERE}.runs_compare:compare", "Compare groups of runs."),
        "artifacts": (f"{_HERE}.runs_contents:artifacts", "List the files of a run."),
        "watch": (f"{_HERE}.runs_watch:watch", "Watch runs until they have ended."),
        "tail": (f"{_HERE}.runs_tail:tail", "Print a run's telemetry as it arrives."),
        "why": (f"{_HERE}.runs_why:why", "Say what a queued run waits for."),
        "logs": (f"{_HERE}.runs_logs:logs", "Print what a worker printed."),
        "cancel": (f"{_HERE}.runs_cancel:cancel", "Cancel runs."),
        "pause": (f"{_HERE}.runs_pause:pause", "Pause runs."),
        "unpause": (f"{_HERE}.runs_pause:unpause", "Continue paused runs."),
        "render": (f"{_HERE}.runs_render:render", "Switch live frames of a running run on or off."),
        "tag": (f"{_HERE}.runs_annotate:tag", "Add tags to runs, or remove them."),
        "rename": (f"{_HERE}.runs_annotate:rename", "Give a run another name."),
        "note": (f"{_HERE}.runs_annotate:note", "Write notes about a run."),
        "star": (f"{_HERE}.runs_annotate:star", "Mark runs with a star."),
        "verify": (f"{_HERE}.runs_verify:verify", "Recount the raw logs and compare with the database."),
        "reindex": (f"{_HERE}.runs_reindex:reindex", "Rebuild the database from the raw logs."),
        "archive": (f"{_HERE}.runs_archive:archive", "Archive ended runs as .tar.gz files, then remove them."),
        "restore": (f"{_HERE}.runs_archive:restore", "Restore archived runs."),
        "delete": (f"{_HERE}.runs_delete:delete", "Remove runs that have ended, with all their files."),
    },
)
