"""The token check: every call of ``mosaic.v1`` carries the home's token; health and reflection are open."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from gym_gui.rpc.requests import reader

_OPEN = ("/grpc.health.v1.", "/grpc.reflection.")


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without the token, and tells of those that are let in.

    Args:
        token: The home's token.
        on_call: Called with the method's full name for each call let in.
    """

    def __init__(self, token: str, on_call: Callable[[str], None]) -> None:
        self._expected = f"Bearer {token}".encode()
        self._on_call = on_call

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if method.startswith(_OPEN) or handler is None:
            return handler
        given = dict(handler_call_details.invocation_metadata).get("authorization", "")
        if not isinstance(given, bytes):
            given = given.encode()
        if hmac.compare_digest(given, self._expected):
            self._on_call(method)
            return _reading_anything(handler)
        return _REFUSAL


def _reading_anything(handler: Any) -> grpc.RpcMethodHandler[Any, Any]:
    """Return a handler that is given what could not be read as such: gRPC itself would answer INTERNAL."""
    read: grpc.RpcMethodHandler[Any, Any] = handler._replace(request_deserializer=reader(handler.request_deserializer))
    return read


async def _refuse(_: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the home's token is missing or wrong")


#: Refuses a call of any kind before its request is read, which may be long.
_REFUSAL: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(_refuse)
