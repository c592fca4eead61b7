"""The kinds of forms."""

from __future__ import annotations

from typing import Literal

FormKind = Literal["train", "policy", "resume", "evaluation", "script"]
"""What a form is for: to train, to measure a checkpoint, to go on from one, to measure a run, to run a script."""
