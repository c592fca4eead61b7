"""What a form shows of the run configs that it makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gym_gui.forms.spec import FormSpec
from gym_gui.runs import Secrets

#: Run configs that are shown at once.
_SHOWN = 10


def config_text(form: FormSpec, configs: Sequence[dict[str, Any]]) -> str:
    """Return run configs as JSON text, with marks in place of secrets; of many, the first ones.

    Args:
        form: The form.
        configs: What it makes; at least one.
    """
    declared = [field.path[-1] for field in form.fields() if field.kind == "secret" and field.path]
    shown = [_without_secrets(config, declared) for config in configs[:_SHOWN]]
    text = json.dumps(shown[0] if len(configs) == 1 else shown, indent=2, ensure_ascii=False)
    return text if len(configs) <= _SHOWN else f"# the first {_SHOWN} of {len(configs):,} runs\n{text}"


def _without_secrets(config: dict[str, Any], declared: list[str]) -> dict[str, Any]:
    hidden: dict[str, Any] = Secrets(config, declared).hide(config)
    return {**hidden, **{name: config[name] for name in ("secrets",) if name in config}}  # those are but names
