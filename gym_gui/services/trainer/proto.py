"""Stands in for the gRPC messages with which workers written elsewhere registered themselves.

MOSAIC's daemon starts its workers and reads what they print: there is nothing to register, and ``--grpc`` is never
passed. Such workers import these names unguarded, so they can be imported; using one says what is meant.
"""

from __future__ import annotations

from typing import Any


class _NoMessages:
    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{self.__name__}.{name}: workers do not register with MOSAIC over gRPC; start this one without --grpc"
        )


trainer_pb2 = _NoMessages("trainer_pb2")
trainer_pb2_grpc = _NoMessages("trainer_pb2_grpc")

__all__ = ["trainer_pb2", "trainer_pb2_grpc"]
