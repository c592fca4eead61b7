"""Work that is spread over many runs and machines: studies and their splits, machines and what they have taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.fleet.agent.environments import POLICIES
    from gym_gui.fleet.agent.main import run_agent
    from gym_gui.fleet.agent.single_file import single_file
    from gym_gui.fleet.agent.worker_agent import WorkerAgent
    from gym_gui.fleet.arrivals import Mismatch, Unwelcome
    from gym_gui.fleet.claims.attempts import LATE, REPEATED, SPOOLED, STORED, ClaimedAttempts, Standing
    from gym_gui.fleet.claims.clients import ClientRecord, Clients
    from gym_gui.fleet.claims.journal import AttemptJournal, keep_message
    from gym_gui.fleet.claims.messages import Report, digest_of, read_message
    from gym_gui.fleet.claims.uploads import Pictures, Uploads, kind_of_picture
    from gym_gui.fleet.command_template import TEMPLATES, command_words, template_words
    from gym_gui.fleet.desk import Answer, Desk
    from gym_gui.fleet.lease import EXPIRED, FAILED, RELEASED, Refused
    from gym_gui.fleet.load_history import LoadHistory
    from gym_gui.fleet.machines import FleetMachine, MachineFacts, UnknownMachineError
    from gym_gui.fleet.orders import AttemptKey, OrderBox
    from gym_gui.fleet.partial_files import PartialFiles
    from gym_gui.fleet.provisioner import AttemptReport, FleetProvisioner
    from gym_gui.fleet.ray_cluster.address import RAY_ADDRESS, default_address, unreachable
    from gym_gui.fleet.ray_cluster.clusters import NodeStore, RayCluster, SharedNodes
    from gym_gui.fleet.ray_cluster.image import RAY_IMAGE, connection_name, image_problem
    from gym_gui.fleet.ray_cluster.placing import Node, Wanted
    from gym_gui.fleet.slurm.jobs import SlurmJobs
    from gym_gui.fleet.slurm.parameters import SBATCH_PREFIX, job_parameters, parameter_name
    from gym_gui.fleet.slurm.queue import make_queue
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
    from gym_gui.fleet.study_configs import given_assignments, make_assignments
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
            "AttemptJournal": "claims.journal",
            "AttemptKey": "orders",
            "ClaimedAttempts": "claims.attempts",
            "ClientRecord": "claims.clients",
            "Clients": "claims.clients",
            "EXPIRED": "lease",
            "FAILED": "lease",
            "LATE": "claims.attempts",
            "REPEATED": "claims.attempts",
            "SPOOLED": "claims.attempts",
            "STORED": "claims.attempts",
            "PartialFiles": "partial_files",
            "MachineFacts": "machines",
            "Mismatch": "arrivals",
            "Pictures": "claims.uploads",
            "RELEASED": "lease",
            "Refused": "lease",
            "Report": "claims.messages",
            "Standing": "claims.attempts",
            "Unwelcome": "arrivals",
            "UnknownMachineError": "machines",
            "Uploads": "claims.uploads",
            "digest_of": "claims.messages",
            "keep_message": "claims.journal",
            "kind_of_picture": "claims.uploads",
            "read_message": "claims.messages",
            "Desk": "desk",
            "LoadHistory": "load_history",
            "FleetMachine": "machines",
            "AttemptReport": "provisioner",
            "FleetProvisioner": "provisioner",
            "NodeStore": "ray_cluster.clusters",
            "OrderBox": "orders",
            "POLICIES": "agent.environments",
            "RAY_ADDRESS": "ray_cluster.address",
            "RAY_IMAGE": "ray_cluster.image",
            "connection_name": "ray_cluster.image",
            "image_problem": "ray_cluster.image",
            "RayCluster": "ray_cluster.clusters",
            "SharedNodes": "ray_cluster.clusters",
            "Node": "ray_cluster.placing",
            "Wanted": "ray_cluster.placing",
            "default_address": "ray_cluster.address",
            "unreachable": "ray_cluster.address",
            "SBATCH_PREFIX": "slurm.parameters",
            "SlurmJobs": "slurm.jobs",
            "job_parameters": "slurm.parameters",
            "make_queue": "slurm.queue",
            "parameter_name": "slurm.parameters",
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
            "given_assignments": "study_configs",
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
    "EXPIRED",
    "FAILED",
    "LATE",
    "MAX_ASSIGNMENTS",
    "POLICIES",
    "RAY_ADDRESS",
    "RAY_IMAGE",
    "RELEASED",
    "REPEATED",
    "RETRIED",
    "SBATCH_PREFIX",
    "SPOOLED",
    "STORED",
    "TEMPLATES",
    "Answer",
    "Assignment",
    "AssignmentRun",
    "AssignmentState",
    "AttemptJournal",
    "AttemptKey",
    "AttemptReport",
    "ClaimedAttempts",
    "ClientRecord",
    "Clients",
    "Desk",
    "FleetMachine",
    "FleetProvisioner",
    "LoadHistory",
    "MachineFacts",
    "Mismatch",
    "Node",
    "NodeStore",
    "OrderBox",
    "Part",
    "PartialFiles",
    "Pictures",
    "RayCluster",
    "Refused",
    "Report",
    "ResultFile",
    "ResultRow",
    "SharedNodes",
    "SlurmJobs",
    "Split",
    "Standing",
    "Study",
    "StudyFolder",
    "StudyResults",
    "StudyRun",
    "StudySpec",
    "StudyState",
    "UnknownMachineError",
    "UnknownStudyError",
    "Unwelcome",
    "Uploads",
    "Wanted",
    "WorkerAgent",
    "command_words",
    "connection_name",
    "default_address",
    "digest_of",
    "find_study",
    "format_split",
    "given_assignments",
    "image_problem",
    "job_parameters",
    "keep_message",
    "kind_of_picture",
    "make_assignments",
    "make_queue",
    "named_files",
    "parameter_name",
    "parse_split",
    "read_message",
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
    "unreachable",
]
