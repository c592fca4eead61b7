"""From a run that there was to a form that starts it again."""

from __future__ import annotations

from typing import Any

from gym_gui.core.worker.errors import ConfigError
from gym_gui.forms.fields import PREFIX
from gym_gui.forms.naming import default_run_name
from gym_gui.forms.run_config import from_run_config, to_run_config
from gym_gui.forms.spec import FormSpec, Values
from gym_gui.forms.team import without_workers
from gym_gui.runs import affects_training, validate_train_run_config
from gym_gui.workers import same_json


def values_of_run(form: FormSpec, given: dict[str, Any]) -> Values:
    """Return the values with which a form starts a run again: what its config says beyond the defaults.

    A name that was made of the config is left out, so that it changes with the seed. Variables that the submitter had
    are kept if some of them may affect training.

    Args:
        form: The form.
        given: The run's config as it is recorded, with every default.

    Raises:
        ConfigError: It has several workers, another one than the form, or none.
    """
    config, workers = without_workers(given)
    try:
        plain = validate_train_run_config(to_run_config(form, {}), ["local"]).payload
    except ConfigError:  # settings of the form's own are missing: nothing is left out
        plain = {"metadata": {}}
    for name in ("run_name", "base_environment"):
        plain.pop(name, None)
    for name in ("worker_id", "module"):
        plain["metadata"].get("worker", {}).pop(name, None)
    kept = _beyond(config, plain, {tuple(field.path) for field in form.fields()})
    base = kept.get("base_environment")
    if isinstance(base, dict) and not affects_training(base):
        del kept["base_environment"]
    values = {**from_run_config(form, kept), **workers}
    settings = kept["metadata"]["worker"].get("config", {})
    if isinstance(settings, dict) and values.get("run_name") == default_run_name(
        form.worker, settings, settings.get("seed")
    ):
        del values["run_name"]
    return values


def with_checkpoint(form: FormSpec, values: Values, mode: str, path: str | None) -> Values:
    """Return values with which a form goes on with a checkpoint; without a name of theirs.

    Args:
        form: The form.
        values: Those of the run that saved it.
        mode: What to do with it, as the worker calls it.
        path: The checkpoint, if it is known.
    """
    given = {PREFIX + "mode": mode, **({PREFIX + "checkpoint_path": path} if path else {})}
    known = form.by_name()
    others = {name: value for name, value in values.items() if name != "run_name"}
    return {**others, **{name: value for name, value in given.items() if name in known}}


def _beyond(
    given: dict[str, Any], plain: dict[str, Any], whole: set[tuple[str, ...]], at: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the members of an object that another one has not, or has differently.

    Args:
        given: The object.
        plain: The other one.
        whole: Paths of values that are of one field, and not taken apart.
        at: Where the object stands.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        path = (*at, name)
        if isinstance(value, dict) and isinstance(plain.get(name), dict) and path not in whole:
            inner = _beyond(value, plain[name], whole, path)
            if inner:
                found[name] = inner
        elif name not in plain or not same_json(value, plain[name]):
            found[name] = value
    return found
