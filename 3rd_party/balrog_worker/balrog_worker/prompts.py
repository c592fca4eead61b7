"""Prompts: rules, demonstrations, the steps before, the present observation. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

Message = dict[str, Any]

_FORMS = {
    ("naive", "text"): "Reply with exactly one action from the list and nothing else.",
    ("reason", "text"): "Think step by step in a few sentences. End your reply with a line 'ACTION: ' and one action "
    "from the list.",
    ("naive", "json_schema"): 'Reply with JSON: {"action": one action from the list}.',
    ("reason", "json_schema"): 'Reply with JSON: {"thoughts": a few sentences, "action": one action from the list}.',
}


class Turn(NamedTuple):
    """One step of an episode."""

    observation: str
    action: str


def system_prompt(instruction: str, actions: Sequence[str], *, reasons: bool, reply_format: str) -> str:
    """Return the system prompt.

    Args:
        instruction: Rules of the environment.
        actions: Legal actions; empty if they differ from step to step.
        reasons: The model reasons before it acts.
        reply_format: ``text`` or ``json_schema``.
    """
    listed = f"\nActions: {', '.join(actions)}." if actions else "\nEach observation lists the actions of that moment."
    return f"{instruction}{listed}\n{_FORMS['reason' if reasons else 'naive', reply_format]}"


def user_prompt(observation: str, actions: Sequence[str]) -> str:
    """Return the prompt of a step.

    Args:
        observation: Its text.
        actions: Legal actions, if they are to be listed.
    """
    return f"{observation}\nActions: {', '.join(actions)}." if actions else observation


def reply_of(action: str, *, reasons: bool, reply_format: str) -> str:
    """Return an action in the form that the model is asked for, for demonstrations and earlier steps.

    Args:
        action: The action.
        reasons: The model reasons before it acts.
        reply_format: ``text`` or ``json_schema``.
    """
    if reply_format == "json_schema":
        return json.dumps({"thoughts": "…", "action": action} if reasons else {"action": action}, ensure_ascii=False)
    return f"ACTION: {action}" if reasons else action


def build_prompt(
    system: str,
    demonstrations: Sequence[Sequence[Turn]],
    history: Sequence[Turn],
    present: str,
    *,
    reasons: bool,
    reply_format: str,
    image_url: str | None = None,
) -> list[Message]:
    """Return the messages of a request.

    Args:
        system: The system prompt.
        demonstrations: Whole episodes that show how.
        history: The steps before, oldest first.
        present: The prompt of this step.
        reasons: The model reasons before it acts.
        reply_format: ``text`` or ``json_schema``.
        image_url: A picture of the present observation.
    """
    messages: list[Message] = [{"role": "system", "content": system}]
    for number, episode in enumerate(demonstrations, start=1):
        messages += _turns(episode, f"Example {number}. ", reasons=reasons, reply_format=reply_format)
    messages += _turns(history, "", reasons=reasons, reply_format=reply_format)
    content: Any = present
    if image_url is not None:
        content = [{"type": "text", "text": present}, {"type": "image_url", "image_url": {"url": image_url}}]
    messages.append({"role": "user", "content": content})
    return messages


def action_schema(actions: Sequence[str], *, reasons: bool) -> dict[str, Any]:
    """Return the ``response_format`` of a request that only allows legal actions.

    Args:
        actions: These.
        reasons: The model reasons before it acts.
    """
    properties: dict[str, Any] = {"thoughts": {"type": "string"}} if reasons else {}
    properties["action"] = {"type": "string", "enum": list(actions)}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "action", "strict": True, "schema": schema}}


def _turns(turns: Sequence[Turn], before: str, *, reasons: bool, reply_format: str) -> list[Message]:
    messages: list[Message] = []
    for turn in turns:
        messages.append({"role": "user", "content": f"{before}{turn.observation}"})
        answer = reply_of(turn.action, reasons=reasons, reply_format=reply_format)
        messages.append({"role": "assistant", "content": answer})
        before = ""
    return messages
