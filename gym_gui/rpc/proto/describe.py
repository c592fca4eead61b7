"""The interface as a page of the documentation: the ``.proto`` files read together with their comments."""

from __future__ import annotations

import re
from pathlib import Path

_PROTOS = [Path(__file__).with_name(f"{name}.proto") for name in ("mosaic", "reading", "machine", "study")]
_SERVICE = re.compile(r"service (\w+) \{")
_RPC = re.compile(r"rpc (\w+)\((stream )?(\w+)\) returns \((stream )?(\w+)\);")
_FIELD = re.compile(r"(?:(optional|repeated) )?(\w+) (\w+) = \d+;")
_VALUE = re.compile(r"(\w+) = (\d+);")
_BLOCK = re.compile(r"(message|enum) (\w+) \{(\})?")

Row = tuple[str, ...]


def grpc_page() -> str:
    """Return the page in Markdown: every method, message and value with its comment."""
    services: list[tuple[str, list[Row]]] = []
    blocks: list[tuple[str, str, str, list[Row]]] = []
    comment: list[str] = []
    for line in "\n".join(path.read_text("utf-8") for path in _PROTOS).splitlines():
        text = line.strip()
        if text.startswith("//"):
            comment.append(text.removeprefix("//").strip())
            continue
        said = " ".join(comment).replace("|", "\\|")
        if service := _SERVICE.match(text):
            services.append((service[1], []))
        elif rpc := _RPC.match(text):
            name, streams_in, takes, streams_out, gives = rpc.groups()
            services[-1][1].append((f"`{name}`", _type(takes, streams_in), _type(gives, streams_out), said))
        elif block := _BLOCK.match(text):
            blocks.append((block[1], block[2], said, []))
        elif value := _VALUE.match(text):
            blocks[-1][3].append((f"`{value[1]}`", value[2], said))
        elif field := _FIELD.match(text):
            label, kind, name = field.groups()
            blocks[-1][3].append((f"`{name}`", f"{label + ' ' if label else ''}`{kind}`", said))
        comment = []
    parts = [_INTRODUCTION]
    for name, methods in services:
        parts.append(f"## {name}\n\n{_table(('method', 'takes', 'gives', 'what it does'), methods)}")
    for keyword, name, said, rows in blocks:
        heads = ("field", "type", "") if keyword == "message" else ("value", "number", "")
        parts.append(
            f"## {name}\n\n{said or ''}\n\n{_table(heads, rows) if rows else 'No fields.'}".replace("\n\n\n", "\n")
        )
    return "\n\n".join(parts).replace("\n\n\n\n", "\n\n") + "\n"


def _type(name: str, stream: str | None) -> str:
    return f"stream of `{name}`" if stream else f"`{name}`"


def _table(heads: Row, rows: list[Row]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


_INTRODUCTION = """# gRPC

The [daemon](../explanation/daemon.md) serves `mosaic.v1.TrainerService`, `mosaic.v1.ReadingService` and
`mosaic.v1.MachineService` on the Unix socket `$MOSAIC_HOME/daemon.sock` and on 127.0.0.1;
`$MOSAIC_HOME/daemon.json` has `address` and `socket`.
`grpc.health.v1` and server reflection need no token; every other call carries the metadata
`authorization: Bearer TOKEN` with the text of `$MOSAIC_HOME/token`.

**Prefer the socket.** Only you can make a socket in your home, so the process that answers there is your daemon. A port
belongs to the first process that binds it: after a daemon was killed, another user's program may listen at the address
that it left in `daemon.json`, and gets any token that is sent there. Health and reflection prove nothing. MOSAIC's own
programs never send the token to a port. gRPC libraries take the socket as the target `unix:/path/of/home/daemon.sock`
(if the path has more than 107 bytes, go there and use the relative `unix:daemon.sock`).

Times are Unix seconds, durations seconds; an absent `optional` field is null. JSON travels as bytes exactly as Python
writes it (NaN, infinities and big integers included). A call that fails has an `ErrorDetail` in the trailing metadata
`mosaic-error-bin`: `INVALID_ARGUMENT` lists every problem of a config, or every field of a request that no method takes
(text that is not UTF-8, has a NUL or more than 65,536 characters, numbers out of bounds, unknown enum values);
`NOT_FOUND` means an unknown run, `FAILED_PRECONDITION` anything else that the caller can fix, `UNAUTHENTICATED` a
missing or wrong token.

From a shell, with [grpcurl](https://github.com/fullstorydev/grpcurl):

    TOKEN=$(cat $MOSAIC_HOME/token) grpcurl -plaintext -unix -expand-headers \\
        -H 'authorization: Bearer ${TOKEN}' $MOSAIC_HOME/daemon.sock mosaic.v1.TrainerService/GetStatus

(through the environment, because other users can read command lines). On a port, at most 128 connections are open at
a time, with 64 calls each and 512 in all; a connection without calls is closed after a minute, and metadata may have
16 KiB. The socket has none of these bounds.

From Python: `gym_gui.rpc.TrainerClient`."""
