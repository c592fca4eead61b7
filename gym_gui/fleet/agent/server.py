"""Calls of the server: what may be tried again is told from what may not."""

from __future__ import annotations

import http.client
import json
import random
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, NamedTuple

#: Seconds before a call counts as lost.
TIMEOUT_S = 10.0
#: The longest wait between two tries, seconds.
LONGEST_WAIT_S = 30.0
_FIRST_WAIT_S = 0.5
_TRANSIENT = (408, 425, 429)
_STALE = 409
#: The caller has no right, or not yet: what it says is not lost meanwhile.
WITHOUT_LEAVE = (401, 403, 407)


class Unreachable(Exception):  # noqa: N818 - it may pass
    """The server cannot be reached or cannot answer now: try again.

    Args:
        why: In words.
        retry_after_s: How long the server asks to wait, seconds.
    """

    def __init__(self, why: str, retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class Refused(Exception):  # noqa: N818 - an answer
    """The server refuses a call for good.

    Args:
        status: HTTP status.
        body: What it says.
    """

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        error = body.get("error")
        super().__init__(str(error.get("what")) if isinstance(error, dict) else f"HTTP status {status}")
        self.status = status
        self.body = body

    @property
    def stale(self) -> bool:
        """Whether the machine has lost the attempt that the call was about."""
        return bool(self.body.get("stale"))


class Answer(NamedTuple):
    """What the server answers."""

    body: dict[str, Any]
    data: bytes


class Reply(NamedTuple):
    """A response with a status of success."""

    status: int
    kind: str
    """Content type, without parameters."""
    data: bytes

    def json(self) -> Any:
        """Return what it says as JSON.

        Raises:
            Unreachable: It is not JSON: something between here and the server answered.
        """
        try:
            return json.loads(self.data)
        except ValueError as error:
            raise Unreachable(f"the server's answer is not JSON: {error}") from None


def exchange(
    request: urllib.request.Request,
    timeout_s: float,
    context: ssl.SSLContext | None = None,
    opener: urllib.request.OpenerDirector | None = None,
    limit: int | None = None,
) -> Reply:
    """Send a request, and return the response.

    Args:
        request: What to send.
        timeout_s: Seconds without a word from the server after which it counts as lost.
        context: For TLS.
        opener: Sends it, in place of the usual one.
        limit: Bytes that a response may have.

    Raises:
        Unreachable: It may be tried again.
        Refused: It may not.
    """
    if opener is None:
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=timeout_s) as response:
            data = response.read() if limit is None else response.read(limit + 1)
            if limit is not None and len(data) > limit:
                raise Refused(413, {"error": {"what": f"{_origin(request.full_url)} sends more than {limit:,} bytes"}})
            if limit is not None and response.length:  # a limited read ends early without a word
                raise http.client.IncompleteRead(data, response.length)
            return Reply(response.status, response.headers.get_content_type(), data)
    except urllib.error.HTTPError as error:
        raise _refusal(error) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise Unreachable(f"{_origin(request.full_url)} does not answer: {reason}") from None


def _refusal(error: urllib.error.HTTPError) -> Exception:
    try:
        body = json.loads(error.read())
    except (OSError, ValueError, http.client.HTTPException):
        body = {}
    if error.code in _TRANSIENT or error.code >= 500:
        return Unreachable(f"HTTP status {error.code}", _seconds(error.headers.get("Retry-After")))
    return Refused(error.code, body if isinstance(body, dict) else {})


def _origin(url: str) -> str:
    """Return scheme and host of an address: the rest may hold secrets."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class Server:
    """The server of a machine.

    Args:
        url: Its address, e.g. ``https://host:8787``.
        machine_id: The machine.
        token: The machine's, or with `enroll` one of the server's.
        ca_file: Certificates that are trusted, in place of the system's.
    """

    def __init__(self, url: str, machine_id: str, token: str = "", ca_file: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.machine_id = machine_id
        self.token = token
        self.answered = 0
        """Calls that were answered, refusals included."""
        self._context = ssl.create_default_context(cafile=ca_file) if self.url.startswith("https:") else None

    def call(
        self, method: str, body: dict[str, Any], data: bytes | None = None, timeout_s: float = TIMEOUT_S
    ) -> Answer:
        """Call the server.

        Args:
            method: The call.
            body: What the machine says.
            data: Bytes of a file that go with it.
            timeout_s: Seconds before it counts as lost.

        Raises:
            Unreachable: It may be tried again.
            Refused: It may not.
        """
        said = json.dumps(body).encode("ascii")
        headers = {
            "X-Mosaic-Machine": self.machine_id,
            "Content-Type": "application/json" if data is None else "application/octet-stream",
        }
        if data is not None:
            headers["X-Mosaic-Call"] = said.decode("ascii")
        request = urllib.request.Request(  # noqa: S310 - the user gives the address
            f"{self.url}/api/v1/agents/{method}", said if data is None else data, headers, method="POST"
        )
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            reply = exchange(request, timeout_s, self._context)
        except Refused:
            self.answered += 1
            raise
        self.answered += 1
        return Answer(reply.json(), b"") if reply.kind == "application/json" else Answer({}, reply.data)


class Backoff:
    """Waits between tries, which begin again with each progress: many small answered calls make a whole.

    Args:
        server: Whose answers are progress.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._answered = server.answered
        self.failures = 0
        """Failures since the last answer."""

    def next_s(self, error: Unreachable, longest_s: float = LONGEST_WAIT_S) -> float:
        """Count a failure; return how long to wait before the next try, seconds.

        Args:
            error: Why the try failed.
            longest_s: The longest wait that the server did not ask for.
        """
        self.failures = 1 if self._server.answered > self._answered else self.failures + 1
        self._answered = self._server.answered
        return wait_s(self.failures, error.retry_after_s, longest_s)

    def reset(self) -> None:
        """Note that a whole succeeded."""
        self.failures = 0


def wait_s(failures: int, retry_after_s: float = 0.0, longest_s: float = LONGEST_WAIT_S) -> float:
    """Return how long to wait before the next try: drawn at random below a bound that doubles ("full jitter").

    Args:
        failures: Tries that have failed in a row, from 1.
        retry_after_s: What the server asked for, seconds: never less.
        longest_s: The longest wait otherwise.
    """
    bound = min(longest_s, _FIRST_WAIT_S * 2.0 ** min(failures, 10))
    return max(retry_after_s, random.uniform(0.0, bound))


def _seconds(text: str | None) -> float:
    try:
        return min(600.0, max(0.0, float(text or 0)))
    except ValueError:
        return 0.0
