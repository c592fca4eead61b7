"""What Windows says of its processors, memory and processes, by its own library; ``None`` where it does not."""

from __future__ import annotations

import ctypes
from typing import Any

_QUERY_LIMITED_INFORMATION = 0x1000
_STILL_ACTIVE = 259


class FileTime(ctypes.Structure):
    """Windows' ``FILETIME``: 100 ns."""

    _fields_ = [("low", ctypes.c_uint32), ("high", ctypes.c_uint32)]

    @property
    def ticks(self) -> int:
        """The time, in 100 ns."""
        return (int(self.high) << 32) | int(self.low)


class MemoryStatus(ctypes.Structure):
    """Windows' ``MEMORYSTATUSEX``."""

    _fields_ = [
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("available", ctypes.c_uint64),
        *((name, ctypes.c_uint64) for name in ("page_total", "page_free", "virtual_total", "virtual_free", "extended")),
    ]


def kernel32() -> Any:
    """Return Windows' library of these calls; ``None`` on other systems."""
    loader = getattr(ctypes, "WinDLL", None)
    if loader is None:
        return None
    library = loader("kernel32")
    library.OpenProcess.restype = ctypes.c_void_p  # a handle is as wide as a pointer
    library.OpenProcess.argtypes = [ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32]
    library.GetProcessTimes.argtypes = [ctypes.c_void_p, *[ctypes.POINTER(FileTime)] * 4]
    library.GetExitCodeProcess.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint32)]
    library.CloseHandle.argtypes = [ctypes.c_void_p]
    return library


def processor_times(library: Any = None) -> tuple[int, int] | None:
    """Return what all processors have worked, and what they could have, since the start of the system, in 100 ns.

    Args:
        library: As :func:`kernel32` has it.
    """
    library = library or kernel32()
    idle, kernel, user = FileTime(), FileTime(), FileTime()
    if library is None or not library.GetSystemTimes(ctypes.byref(idle), ctypes.byref(kernel), ctypes.byref(user)):
        return None
    total = kernel.ticks + user.ticks  # the kernel's time has the idle time in it
    return total - idle.ticks, total


def memory_status(library: Any = None) -> tuple[int, int] | None:
    """Return the bytes of memory that there are, and that are free.

    Args:
        library: As :func:`kernel32` has it.
    """
    library = library or kernel32()
    status = MemoryStatus()
    status.length = ctypes.sizeof(MemoryStatus)
    if library is None or not library.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.total), int(status.available)


def process_started(pid: int, library: Any = None) -> int | None:
    """Return when a process that runs was started, in 100 ns since 1601; ``None`` if it does not run.

    Args:
        pid: Of the process.
        library: As :func:`kernel32` has it.
    """
    library = library or kernel32()
    handle = None if library is None else library.OpenProcess(_QUERY_LIMITED_INFORMATION, False, pid)
    if not handle:
        return None
    try:
        code, times = ctypes.c_uint32(), [FileTime() for _ in range(4)]
        if not library.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value != _STILL_ACTIVE:
            return None
        if not library.GetProcessTimes(handle, *[ctypes.byref(each) for each in times]):
            return None
        return times[0].ticks
    finally:
        library.CloseHandle(handle)
