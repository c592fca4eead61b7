"""``mosaic study``."""

from __future__ import annotations

from gym_gui.cli.lazy import LazyGroup

_HERE = "gym_gui.cli.commands"

study = LazyGroup(
    name="study",
    help="Make many runs from one config, and follow them together.\n\n"
    "STUDY is a study's id, the beginning of it, or its name. "
    "Its runs are listed by `mosaic runs list --query study=NAME`.",
    members={
        "create": (f"{_HERE}.study_create:create", "Split a config and submit a run for each part."),
        "list": (f"{_HERE}.study_show:list_", "List studies, the newest first."),
        "show": (f"{_HERE}.study_show:show", "Show how far a study is."),
        "results": (f"{_HERE}.study_results:results", "Print what each assignment came to, or save it with all files."),
        "retry": (f"{_HERE}.study_change:retry", "Run failed and cancelled assignments again."),
        "cancel": (f"{_HERE}.study_change:cancel", "Cancel all runs of a study."),
        "delete": (f"{_HERE}.study_change:delete", "Remove a study that has ended."),
    },
)
