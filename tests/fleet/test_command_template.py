"""Commands of programs outside MOSAIC: known by name, or written with placeholders."""

from __future__ import annotations

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.fleet import TEMPLATES, command_words, template_words


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_known_template_is_found_by_its_name(name: str) -> None:
    assert template_words(name) == TEMPLATES[name].split()


def test_placeholders_are_filled_now_or_where_it_runs() -> None:
    words = template_words("{python} -u 'my train.py' --config={config} --out run-{index} --seed {seed}")
    assert command_words(words, index=3, seed=7) == [
        "${python}", "-u", "my train.py", "--config=${config}", "--out", "run-3", "--seed", "7",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("goliath", "did you mean 'goliat'?"),
        ("python train.py", "does not say where the config goes"),
        ("{python} x.py {conifg}", "did you mean {config}?"),
        ("", "does not say where the config goes"),
        ("train 'open {config}", "cannot be read"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        template_words(text)
    assert said in str(raised.value)


def test_a_seed_must_come_from_somewhere() -> None:
    with pytest.raises(UsageError, match="no seed"):
        command_words(["run", "{seed}", "{config}"], index=0, seed=None)
