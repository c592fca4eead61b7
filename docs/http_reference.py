"""Makes the reference page of the HTTP interface from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gym_gui.web.access import Access
from gym_gui.web.app import create_interface
from gym_gui.web.backend import Backend

TypeText = Callable[[dict[str, Any]], str]
#: Chapters by tag, in the order of the page.
CHAPTERS = {
    "runs": "Runs",
    "studies": "Studies",
    "series": "Series",
    "logs": "Logs",
    "frames": "Live frames",
    "views": "Named views",
    "workers": "Workers and forms",
    "jobs": "Jobs",
    "machines": "Machines",
    "programs": "Programs that claim runs",
    "live": "Changes as they happen",
    "server": "The server",
}
INTRODUCTION = """# HTTP

What `mosaic web` answers besides its pages: everything that they show, for scripts. The same as [OpenAPI](https://spec.openapis.org/oas/v3.1.0) 3.1 stands at
`/api/v1/openapi.json`. How the server is started and reached: [See runs in a browser](../how-to/web-dashboard.md).

## Tokens

Every call needs a token in its header. One with the role `read` sees everything, `run` also starts and changes runs, `admin` also deletes them.

```console
$ mosaic web tokens add nightly --role run       # prints the token once; restart mosaic web then
$ export TOKEN=…
$ curl -sH "Authorization: Bearer $TOKEN" 'http://127.0.0.1:8787/api/v1/runs?q=state:failed&limit=10'
$ curl -sH "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' http://127.0.0.1:8787/api/v1/runs \\
    -d '{"config": {"run_name": "nightly", "metadata": {"worker": {"worker_id": "random", "config": {"total_steps": 1000}}}}}'
{"run_id": "01KB…"}
$ curl -sNH "Authorization: Bearer $TOKEN" 'http://127.0.0.1:8787/api/v1/live?runs=01KB…'
```

Browsers get a cookie in exchange for a token (`POST /api/v1/login`), which pages of other sites cannot use. The header `Host` must be one of the server's names.

## Numbers

JSON has neither NaN nor infinities. Such a number is `null`, and its object has a key `non_finite` with the value, as in `{"return": null, "non_finite": {"return": "NaN"}}`;
where a type below says "or string", it is that text itself. Ids of episodes and steps are strings, since JavaScript rounds them.
"""
TOPICS = """
The answer is a stream of [server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html); it goes on when the daemon was restarted. Of changes that come quicker than
the client reads, the last state is sent and those before it are left out.

| event | data |
|---|---|
| `run` | one of `runs`, as [RunSummary](#runsummary): all of them first, then each that has changed |
| `list` | what has changed in the list that `q`, `sort`, … describe: `ids` of its runs in their order, the `runs` ([ListedRun](#listedrun)) that are new or have changed, `groups` (null: as before), `total`, `groups_total`, `cursor` |
| `job` | with `jobs`: a job that begins or has changed, as [Job](#job) |
| `fault` | the daemon does not answer, or cannot follow a topic: `topic`, `status` (as of HTTP), `error` in four parts ([FourParts](#fourparts)). With a status below 500 the topic has ended |
"""


def http_page(type_text: TypeText) -> str:
    """Return the page.

    Args:
        type_text: Says in a few words, with links, what a JSON Schema allows.
    """
    document = _document()
    lines = [INTRODUCTION, *_errors(document)]
    for tag, title in CHAPTERS.items():
        lines += ["", f"## {title}"]
        for path, calls in document["paths"].items():
            for method, call in calls.items():
                if call["tags"][0] == tag:
                    lines += _call(f"{method.upper()} {path}", call, type_text)
        if tag == "live":
            lines.append(TOPICS)
    for name, schema in sorted(document["components"]["schemas"].items()):
        if "properties" in schema:
            lines += _type(name, schema, type_text)
    return "\n".join(lines) + "\n"


def _document() -> dict[str, Any]:
    async def never() -> Any:
        raise AssertionError

    access = Access([], ["127.0.0.1:8787"], secure=False)
    document: dict[str, Any] = create_interface(Backend(never, "", Path()), access).openapi()
    unknown = {call["tags"][0] for calls in document["paths"].values() for call in calls.values()} - set(CHAPTERS)
    assert not unknown, f"no chapter for {unknown}"
    return document


def _errors(document: dict[str, Any]) -> Iterator[str]:
    yield from ("## Errors", "", "An error is JSON in four parts ([Refused](#refused)):", "")
    yield from ("| status | when |", "|---|---|")
    for status, response in document["components"]["responses"].items():
        yield f"| {status} | {response['description']} |"


def _call(name: str, call: dict[str, Any], type_text: TypeText) -> Iterator[str]:
    yield from ("", f"### `{name}`", "", f"{call['summary']}. {call.get('description', '')}".strip())
    parameters = call.get("parameters", [])
    if parameters:
        yield from ("", "| parameter | in | type | meaning |", "|---|---|---|---|")
    for each in parameters:
        schema = each["schema"]
        default = schema.get("default")
        meaning = each.get("description", "") + (f" (default `{default}`)" if default not in (None, "") else "")
        needed = "" if each["required"] else " (optional)"
        yield f"| `{each['name']}`{needed} | {each['in']} | {type_text(schema)}{_bounds(schema)} | {meaning.strip()} |"
    if "requestBody" in call:
        (content,) = call["requestBody"]["content"].values()
        yield from ("", f"Body: {type_text(content['schema'])}.")
    yield from ("", f"Answers {'; '.join(_answers(call, type_text))}.")


def _answers(call: dict[str, Any], type_text: TypeText) -> Iterator[str]:
    errors = []
    for status, response in call["responses"].items():
        if "$ref" in response or not status.startswith("2"):
            errors.append(status)
            continue
        kinds = [
            type_text(content["schema"]) if content["schema"] else f"`{kind}`"
            for kind, content in response.get("content", {}).items()
        ]
        yield f"{status} {', '.join(kinds) or 'without a body'}"
    yield f"errors {', '.join(errors)}"


def _bounds(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    return f", {low:,} to {high:,}" if low is not None and high is not None else ""


def _type(name: str, schema: dict[str, Any], type_text: TypeText) -> Iterator[str]:
    yield from ("", f"## {name}", "", schema.get("description", ""), "", "| key | type |", "|---|---|")
    required = schema.get("required", [])
    for key, field in schema["properties"].items():
        if key != "non_finite":
            yield f"| `{key}`{'' if key in required else ' (not always)'} | {type_text(field)} |"
