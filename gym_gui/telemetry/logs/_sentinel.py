"""Detects the truncation of a file, even if it was rewritten at once as before.

The page before the cursor is mapped into this process's memory and locked there. Only a truncation removes such a page,
and nothing restores it; `/proc/self/pagemap` shows whether it is present. (A truncation that leaves the beginning of
that page, 4 KiB at most, is detected only by the file's size and bytes.)
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct

_PAGE = mmap.PAGESIZE
_PRESENT_OR_MOVING = 3 << 62
_READ, _SHARED = 1, 1


class Sentinel:
    """One watched page. Detects nothing on machines without the necessary system calls."""

    def __init__(self) -> None:
        self._address = 0
        self._place = (-1, -1)
        self._pagemap = -1
        self._libc: ctypes.CDLL | None = None
        try:
            self._pagemap = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._libc.mmap.restype = ctypes.c_void_p
            self._libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
            for name in ("mlock", "munmap"):
                getattr(self._libc, name).argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        except (OSError, AttributeError):
            self._libc = None

    def watch(self, descriptor: int, inode: int, position: int) -> None:
        """Watch the page with the byte before a position."""
        page = (position - 1) // _PAGE if position > 0 else -1
        if (inode, page) == self._place:
            return
        self._release()
        self._place = (inode, page)
        if self._libc is None or page < 0:
            return
        address = self._libc.mmap(None, _PAGE, _READ, _SHARED, descriptor, page * _PAGE)
        if address is None or address == ctypes.c_void_p(-1).value:
            return
        self._address = int(address)
        # Locking brings the page in. (Reading it here would end this process if the file had just been truncated.)
        if self._libc.mlock(address, _PAGE) != 0 or not self._is_present():
            self._release()

    def broken(self) -> bool:
        """Return whether the page was removed."""
        return bool(self._address) and not self._is_present()

    def forget(self) -> None:
        """Stop watching until the next call of :meth:`watch`."""
        self._release()

    def close(self) -> None:
        """Release the page and the descriptor."""
        self._release()
        if self._pagemap >= 0:
            os.close(self._pagemap)
            self._pagemap = -1
        self._libc = None

    def _is_present(self) -> bool:
        try:
            entry = os.pread(self._pagemap, 8, self._address // _PAGE * 8)
        except OSError:
            return True
        return len(entry) < 8 or bool(struct.unpack("<Q", entry)[0] & _PRESENT_OR_MOVING)

    def _release(self) -> None:
        if self._address and self._libc is not None:
            self._libc.munmap(self._address, _PAGE)
        self._address = 0
        self._place = (-1, -1)
