"""``mosaic train``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli._completions import complete_executor
from gym_gui.cli._config_completions import complete_algorithm, complete_env, complete_tag
from gym_gui.cli._counts import count_option
from gym_gui.cli._executor_choice import ExecutorChoice
from gym_gui.cli.options import TEXT, common, set_option, worker_argument
from gym_gui.cli.overrides import override_options
from gym_gui.cli.where import anywhere, site_of
from gym_gui.runs import LOCAL_EXECUTOR, RAY_EXECUTOR

if TYPE_CHECKING:
    from gym_gui.workers import WorkerRecord


@click.command()
@worker_argument
@click.option("--env", type=TEXT, shell_complete=complete_env, metavar="ID", help="Environment, e.g. CartPole-v1.")
@click.option(
    "--algo",
    type=TEXT,
    shell_complete=complete_algorithm,
    metavar="NAME",
    help="Algorithm, if the worker has several.",
)
@count_option("--steps", metavar="N", help="Environment steps to train for, like 100000 or 1e5.")
@count_option("--seed", minimum=0, metavar="S", help="Seed; without it one is drawn and recorded.")
@click.option("--seeds", metavar="LIST", help="Several runs of one group, one a seed: 1-5, or 1,4,9.")
@click.option(
    "--render",
    type=click.Choice(["on", "off"]),
    help="Show the environment live in the run's page.",
)
@set_option("Any other field of the worker's config.")
@count_option("--replicas", metavar="N", help="One run of N such workers side by side.")
@click.option(
    "--worker-id", "worker_ids", type=TEXT, metavar="ID", multiple=True,
    help="What to call the worker in its run; several: one run of as many workers side by side.",
)  # fmt: skip
@click.option("--name", type=TEXT, metavar="TEXT", help="Name of the run.")
@click.option(
    "--tag",
    "tags",
    type=TEXT,
    shell_complete=complete_tag,
    metavar="TEXT",
    multiple=True,
    help="A word to find the run by; may be repeated.",
)
@click.option("--notes", type=TEXT, metavar="TEXT", default="", help="Free text kept with the run.")
@click.option(
    "--secret",
    "secrets",
    type=TEXT,
    metavar="NAME",
    multiple=True,
    help="Pass this variable of your environment to the worker as a secret, recorded nowhere; may be repeated.",
)
@override_options
@click.option("--priority", type=click.IntRange(-100, 100), default=0, help="Runs with a higher priority start first.")
@click.option(
    "--executor",
    type=ExecutorChoice(),
    shell_complete=complete_executor,
    default=LOCAL_EXECUTOR,
    show_default=True,
    metavar="NAME",
    help="Where the workers run.",
)
@click.option(
    "--ray-address",
    type=TEXT,
    metavar="ADDRESS",
    help="Ray cluster for `--executor ray`: HOST:PORT, ray://HOST:10001 or auto.  [default: RAY_ADDRESS, else auto]",
)
@click.option(
    "--ray-image",
    type=TEXT,
    metavar="IMAGE",
    help="Container image for `--executor ray`, like registry.example/mosaic:1.2; the nodes need podman.",
)
@click.option(
    "--slurm",
    "slurm_parameters",
    type=TEXT,
    multiple=True,
    metavar="KEY=VALUE",
    help="Option of sbatch for `--executor slurm`, e.g. partition=gpu; several times if need be.",
)
@click.option("--detach", is_flag=True, help="Submit and return at once; the run continues without this command.")
@click.option("--dry-run", is_flag=True, help="Check everything, start nothing.")
@click.option("--no-check", is_flag=True, help="Skip the worker's own check of its config (saves its start-up time).")
@common
@anywhere
def train(
    home: Path,
    worker: str,
    env: str | None,
    algo: str | None,
    steps: int | None,
    seed: int | None,
    seeds: str | None,
    render: str | None,
    settings: tuple[str, ...],
    replicas: int | None,
    worker_ids: tuple[str, ...],
    name: str | None,
    tags: tuple[str, ...],
    notes: str,
    secrets: tuple[str, ...],
    overrides: Callable[[dict[str, Any]], dict[str, Any]],
    priority: int,
    executor: str,
    ray_address: str | None,
    ray_image: str | None,
    slurm_parameters: tuple[str, ...],
    detach: bool,
    dry_run: bool,
    no_check: bool,
    as_json: bool,
) -> int:
    """Train a worker by name.

    Every option is checked against the worker's own config before anything is written. On a terminal a live view shows
    the progress; Ctrl-C asks whether to leave the run going or to cancel it.
    """
    from gym_gui.cli._ray_address import with_ray_address, with_ray_image
    from gym_gui.cli._seeds import parse_seeds
    from gym_gui.cli._slurm_parameters import with_slurm_parameters
    from gym_gui.cli.output import waiting
    from gym_gui.cli.submission import SubmitCommand
    from gym_gui.core.worker.errors import UsageError
    from gym_gui.forms import default_run_name, worker_entries

    if seed is not None and seeds is not None:
        raise UsageError(
            "--seed and --seeds exclude each other", where="command line", next_step="leave one of them out"
        )
    if replicas is not None and worker_ids:
        raise UsageError(
            "--replicas and --worker-id exclude each other",
            where="command line",
            why="each --worker-id asks for one worker; those of --replicas are called 000001, 000002, …",
            next_step="leave one of them out",
        )
    for option, value in {"--ray-address": ray_address, "--ray-image": ray_image}.items():
        if value is not None and executor != RAY_EXECUTOR:
            raise UsageError(
                f"{option} needs --executor ray", where="command line", next_step="add --executor ray, or leave it out"
            )
    wanted: list[int | None] = [seed] if seeds is None else list(parse_seeds(seeds))
    site = site_of(home)
    with waiting(f"asking worker {worker} what it takes"):
        record = site.worker(worker)
    flags = {"env": env, "algo": algo, "steps": steps, "render": render}
    config = _config(record, flags, settings, {"--seed": seed, "--seeds": seeds}, wanted[0])
    if worker_ids and "worker_id" in config:
        raise UsageError(
            "--worker-id and --set worker_id=… name the worker twice",
            where="command line",
            next_step="leave one of them out",
        )

    def payload(number: int | None) -> dict[str, Any]:
        part: dict[str, Any] = {
            "worker_id": record.name,
            "config": config if number is None else {**config, "seed": number},
        }
        if record.module:
            part["module"] = record.module
        if replicas is not None:
            part["replicas"] = replicas
        payload = overrides(
            {
                "run_name": name or default_run_name(record.name, config, number),
                "metadata": worker_entries(part, worker_ids),
                "tags": list(tags),
                "notes": notes,
                **({"secrets": list(secrets)} if secrets else {}),
                "priority": priority,
                "executor": executor,
            }
        )
        return with_slurm_parameters(
            with_ray_image(with_ray_address(payload, ray_address), ray_image), slurm_parameters
        )

    command = SubmitCommand(site, [payload(number) for number in wanted], many=seeds is not None, where="command line")
    command.check(dry_run_workers=not no_check, settings_checked=True, waiting=waiting)
    if dry_run:
        return command.say_dry_run(as_json=as_json)
    return command.go(detach=detach, as_json=as_json)


def _config(
    record: WorkerRecord,
    flags: dict[str, Any],
    settings: tuple[str, ...],
    seeds: dict[str, Any],
    first: int | None,
) -> dict[str, Any]:
    """Return what the options of their own and ``--set`` say together, checked; or raise one error with all problems.

    Args:
        record: The worker.
        flags: Values of ``--env``, ``--algo``, ``--steps`` and ``--render``.
        settings: Those of ``--set``.
        seeds: Those of ``--seed`` and ``--seeds``.
        first: The seed of the first run.
    """
    from gym_gui.core.worker.errors import Problem
    from gym_gui.workers import check_worker_config, read_flags, read_settings, settings_error

    own, problems = read_flags(record, **flags)
    found, malformed = read_settings(settings, record)
    problems += malformed
    seed = next(((name, value) for name, value in seeds.items() if value is not None), None)
    for field, (flag, value) in {**own, **({"seed": seed} if seed else {})}.items():
        if field in found and value != found[field]:
            message = f"is {found[field]!r}, but {flag} says {value!r}"
            problems.append(Problem(f"--set {field}", message, allowed="one of them"))
    config = {**{field: value for field, (_, value) in own.items()}, **found}
    seeded = config if first is None else {**config, "seed": first}
    for problem in check_worker_config(record, seeded, "", whole=not problems):
        if problem.path in own and problem.path not in found:
            problem.path = f"{own[problem.path][0]} ({problem.path})"
        problems.append(problem)
    if problems:
        error = settings_error(record, problems)
        error.where = "command line"
        raise error
    return config
