"""Environment variables that workers take from the submitter, and the daemon from its parent.

A worker's environment consists of the submitter's variables listed here and the variables of the run config, which take
precedence. The daemon's own variables are not part of it, so it makes no difference which shell started the daemon.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import gym_gui
from gym_gui.config.settings import SETTINGS, get_setting
from gym_gui.core.worker.secret_detection import MARK, is_secret_name
from gym_gui.runs.environment import OWN_VARIABLES

#: Options of every Python that MOSAIC starts for itself: text of run configs reaches a worker as UTF-8, and file names
#: are unchanged, whatever the locale is.
UTF8 = ("-X", "utf8")
#: Working directory of these: ``python -m`` imports from it first, and a home or a user's folder may have any module.
NEUTRAL_FOLDER = "/"
#: Variables that a login service has, too. The daemon keeps these, and no others.
LOGIN = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "TMP", "TEMP"),
    "LD_LIBRARY_PATH",
    *("RAY_ADDRESS", "RAY_USE_TLS", "RAY_TLS_*", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "SLURM_CONF"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
    *("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
#: Variables of a graphical session.
SESSION = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR")
#: Variables that may affect training: reproduced if a run is resumed, evaluated or submitted again.
EXPERIMENT = (
    *("PYTHONPATH", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONFAULTHANDLER", "PYTHONUTF8", "PYTHONIOENCODING"),
    *("CUDA_*", "NVIDIA_*", "NCCL_*", "CUBLAS_*", "CUDNN_*", "HIP_*", "ROCR_*", "HSA_*", "ZE_*"),
    *("OMP_*", "MKL_*", "OPENBLAS_*", "NUMEXPR_*", "KMP_*", "GOMP_*", "BLIS_*", "VECLIB_*", "NUMBA_*", "MALLOC_*"),
    *(
        "TORCH_*",
        "PYTORCH_*",
        "TRITON_*",
        "XLA_*",
        "JAX_*",
        "TF_CPP_*",
        "TF_XLA_*",
        "TF_GPU_*",
        "TF_FORCE_*",
        "TF_ENABLE_*",
        "TPU_*",
        "RAY_*",
    ),
    *("HF_*", "TRANSFORMERS_*", "WANDB_*", "MLFLOW_*"),
    *("MUJOCO_*", "PYOPENGL_PLATFORM", "EGL_*", "LIBGL_*", "MESA_*", "GALLIUM_*", "SDL_*", "QT_QPA_PLATFORM"),
    *("PYGAME_*", "ALE_*", "ATARI_*", "MINARI_*", "D4RL_*", "SC2PATH", "MPLBACKEND", "MPLCONFIGDIR"),
    *("LD_PRELOAD", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "JAVA_HOME"),
)
#: Settings of MOSAIC that a worker's own process reads; the others are the daemon's.
_WORKER_SETTINGS = ("debug_mode", "log_level")
_NOT_THE_WORKERS = frozenset(
    {*OWN_VARIABLES, *(each.variable for each in SETTINGS.values() if each.name not in _WORKER_SETTINGS)}
)


def login_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a login service."""
    return {name: value for name, value in environ.items() if _is_listed(name, LOGIN)}


def daemon_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables kept for the daemon and its proxies: login variables and settings."""
    kept = login_environment(environ)
    settings = {each.variable for each in SETTINGS.values()}
    kept |= {name: value for name, value in environ.items() if name == "MOSAIC_HOME" or name in settings}
    ours = Path(gym_gui.__file__).parents[1]
    for entry in environ.get("PYTHONPATH", "").split(os.pathsep):
        if entry and Path(entry).absolute() == ours:
            kept["PYTHONPATH"] = str(ours)  # the only place with MOSAIC itself
    return kept


def submitted_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a run's workers take from the submitter.

    A pattern never matches a secret; a name in the setting ``client_environment`` may.

    Args:
        environ: The submitter's.

    Raises:
        ConfigError: The settings cannot be read.
    """
    listed = (*LOGIN, *SESSION, *EXPERIMENT, *_further_names())
    taken = {
        name: value
        for name, value in environ.items()
        if name not in _NOT_THE_WORKERS and (_is_listed(name, listed) or _is_workers_own(name))
    }
    if "PYTHONPATH" in taken:
        # Relative to the submitter's working directory: workers run in folders of their own.
        entries = [os.path.abspath(entry) for entry in taken["PYTHONPATH"].split(os.pathsep) if entry]  # noqa: PTH100
        taken["PYTHONPATH"] = os.pathsep.join(entries)
    return taken


def with_base_environment(payload: Any, environ: Mapping[str, str]) -> Any:
    """Return a run config with its submitter's variables for the workers.

    The config of an earlier run keeps its variables that may affect training; those of login and session are the
    submitter's.

    Args:
        payload: The run config; not changed.
        environ: The submitter's environment.

    Raises:
        ConfigError: The settings cannot be read.
    """
    if not isinstance(payload, dict):
        return payload
    recorded = payload.get("base_environment")
    if recorded is None:
        return {**payload, "base_environment": submitted_environment(environ)}
    if not isinstance(recorded, dict):
        return payload  # the model reports the fault
    passing = (*LOGIN, *SESSION)
    filled = {
        name: environ.get(name, value) if value == MARK else value
        for name, value in recorded.items()
        if value != MARK or name in environ or not _is_listed(name, passing)
    }
    fresh = {name: value for name, value in submitted_environment(environ).items() if _is_listed(name, passing)}
    return {**payload, "base_environment": {**filled, **fresh}}


def affects_training(variables: Iterable[str]) -> bool:
    """Return whether some variables are neither of login nor of session: such may affect training.

    Args:
        variables: Their names.
    """
    return not all(_is_listed(name, (*LOGIN, *SESSION)) for name in variables)


def _further_names() -> Iterable[str]:
    """Return the names in the setting ``client_environment``, a JSON list or text."""
    listed = get_setting("client_environment")
    if isinstance(listed, str):
        return listed.replace(",", " ").split()
    return [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []


def _is_listed(name: str, listed: Iterable[str]) -> bool:
    return name.isidentifier() and any(
        name.startswith(item[:-1]) and not is_secret_name(name) if item.endswith("*") else name == item
        for item in listed
    )


def _is_workers_own(name: str) -> bool:
    """Return whether a variable is a setting added by a worker."""
    return (
        name.isidentifier()
        and name.startswith("MOSAIC_")
        and not name.startswith("MOSAIC_CHECK_")
        and not is_secret_name(name)
    )
