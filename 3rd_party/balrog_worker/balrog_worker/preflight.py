"""Finds what would stop a run."""

from __future__ import annotations

import logging
from pathlib import Path

from .client import ModelClient
from .config import BalrogWorkerConfig
from .environments import TextEnvironment, make_environment
from .errors import EndpointError
from .scalars import check_tracking
from .sdk import Problem, nearest
from .spending import Spending


def check_run(config: BalrogWorkerConfig) -> tuple[TextEnvironment | None, list[Problem]]:
    """Make the environment, and return it with every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    environment, problems = make_environment(config.env_id, config.env_kwargs, images=config.images)
    problems += check_tracking(config)
    if environment is not None:
        problems += _check_capabilities(config, environment)
    if config.mode == "resume" and not Path(str(config.checkpoint_path)).is_file():
        allowed = "a path of a checkpoint_saved event"
        problems.append(
            Problem("checkpoint_path", "there is no such file", value=config.checkpoint_path, allowed=allowed)
        )
    if config.uses_model and config.check_endpoint:
        problems += _check_endpoint(config)
    return environment, problems


def _check_capabilities(config: BalrogWorkerConfig, environment: TextEnvironment) -> list[Problem]:
    problems = []
    if config.agent in ("oracle", "few_shot") and not environment.has_oracle:
        message = f"missing capability: {config.env_id} has no oracle, which {config.agent} needs"
        problems.append(Problem("agent", message, value=config.agent, allowed="naive, chain_of_thought, random"))
    if config.uses_model and config.images and not environment.has_images:
        message = f"missing capability: {config.env_id} has no pictures"
        problems.append(Problem("images", message, value=True, allowed="false"))
    return problems


def _check_endpoint(config: BalrogWorkerConfig) -> list[Problem]:
    client = ModelClient(config, Spending(config), 0, logging.getLogger(__name__))
    try:
        models = client.models()
    except EndpointError as error:
        path = "api_key_variable" if error.details["kind"] == "refused" else "base_url"
        message = f"{error.what} {error.why}"
        return [Problem(path, message, value=getattr(config, path), allowed=error.next_step)]
    finally:
        client.close()
    if models and config.model not in models:
        shown = ", ".join(models[:20]) + (", …" if len(models) > 20 else "")
        message = "the endpoint does not list this model"
        return [Problem("model", message, value=config.model, allowed=shown, nearest=nearest(config.model, models))]
    return []
