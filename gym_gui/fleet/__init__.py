"""Work that is spread over many runs and machines: studies and their splits, machines and what they have taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.fleet.agent.main import run_agent
    from gym_gui.fleet.agent.single_file import single_file
    from gym_gui.fleet.agent.worker_agent import WorkerAgent
    from gym_gui.fleet.command_template import TEMPLATES, command_words, template_words
    from gym_gui.fleet.desk import Answer, Desk
    from gym_gui.fleet.machines import FleetMachine
    from gym_gui.fleet.provisioner import FleetProvisioner
    from gym_gui.fleet.splitting import MAX_ASSIGNMENTS, Part, Split, format_split, parse_split, split_config
    from gym_gui.fleet.study import (
        Assignment,
        Study,
        StudyFolder,
        StudyRun,
        StudySpec,
        UnknownStudyError,
        find_study,
        study_ids,
    )
    from gym_gui.fleet.study_configs import make_assignments
    from gym_gui.fleet.study_state import (
        ASSIGNMENT_STATES,
        RETRIED,
        AssignmentRun,
        AssignmentState,
        ResultFile,
        ResultRow,
        StudyResults,
        StudyState,
        safe_path,
        state_of_study,
    )
    from gym_gui.fleet.study_table import named_files, result_table, results_csv, results_json
    from gym_gui.fleet.study_words import shown_split, split_text, study_text
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "ASSIGNMENT_STATES": "study_state",
            "Assignment": "study",
            "AssignmentRun": "study_state",
            "AssignmentState": "study_state",
            "RETRIED": "study_state",
            "ResultFile": "study_state",
            "ResultRow": "study_state",
            "StudyResults": "study_state",
            "StudyState": "study_state",
            "result_table": "study_table",
            "results_csv": "study_table",
            "results_json": "study_table",
            "safe_path": "study_state",
            "state_of_study": "study_state",
            "Answer": "desk",
            "Desk": "desk",
            "FleetMachine": "machines",
            "FleetProvisioner": "provisioner",
            "MAX_ASSIGNMENTS": "splitting",
            "Part": "splitting",
            "Split": "splitting",
            "Study": "study",
            "StudyFolder": "study",
            "StudyRun": "study",
            "StudySpec": "study",
            "TEMPLATES": "command_template",
            "UnknownStudyError": "study",
            "command_words": "command_template",
            "find_study": "study",
            "format_split": "splitting",
            "make_assignments": "study_configs",
            "named_files": "study_table",
            "parse_split": "splitting",
            "run_agent": "agent.main",
            "WorkerAgent": "agent.worker_agent",
            "shown_split": "study_words",
            "single_file": "agent.single_file",
            "split_config": "splitting",
            "split_text": "study_words",
            "study_text": "study_words",
            "study_ids": "study",
            "template_words": "command_template",
        },
    )

__all__ = [
    "ASSIGNMENT_STATES",
    "MAX_ASSIGNMENTS",
    "RETRIED",
    "TEMPLATES",
    "Answer",
    "Assignment",
    "AssignmentRun",
    "AssignmentState",
    "Desk",
    "FleetMachine",
    "FleetProvisioner",
    "Part",
    "ResultFile",
    "ResultRow",
    "Split",
    "Study",
    "StudyFolder",
    "StudyResults",
    "StudyRun",
    "StudySpec",
    "StudyState",
    "UnknownStudyError",
    "WorkerAgent",
    "command_words",
    "find_study",
    "format_split",
    "make_assignments",
    "named_files",
    "parse_split",
    "result_table",
    "results_csv",
    "results_json",
    "run_agent",
    "safe_path",
    "shown_split",
    "single_file",
    "split_config",
    "split_text",
    "state_of_study",
    "study_ids",
    "study_text",
    "template_words",
]
