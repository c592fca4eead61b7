"""Starts one worker attempt, outlives proxy and daemon, and records how the worker ended.

Run as ``python -I -S -X utf8 launcher.py SPEC.json [LOCK_DESCRIPTOR]``. A program of its own on the standard library
alone (Python 3.8+, few imports), because there is one beside every worker for as long as it trains, on any machine. One
file: isolated mode (``-I -S``) leaves no folder from which it could import others, and a single file can be sent to a
machine without MOSAIC.

What it writes, each whole or absent: the *started* record, before the worker's program runs; the *exit* record, at once
when the worker has ended and again when nothing that it left behind lives. The worker's process begins as a gate that
waits until its pid is on record: a worker runs exactly if there is a started record, whatever is killed and when.
The lock file is held by launcher and worker: a free lock means that neither lives.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import stat
import sys
import time

TYPE_CHECKING = False  # typing itself is not imported: it costs a fifth of the start-up
if TYPE_CHECKING:
    from typing import Any, Callable

#: Stop the worker's processes and the count of its wall time, and let both go on. Who does not know them ignores them.
PAUSE, UNPAUSE = signal.SIGURG, signal.SIGWINCH
WATCHED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, PAUSE, UNPAUSE)
RECORD_BYTES = 4096
#: What the worker left behind gets a SIGTERM and this long, in seconds, before SIGKILL.
LEFTOVER_GRACE_S = 0.5
#: Processes that SIGKILL does not end within this time (uninterruptible sleep) are given up and counted.
SWEEP_LIMIT_S = 10.0
#: How long the exit record is tried again on a disk that refuses it.
RECORD_RETRY_S = 60.0
#: The longest wait between two looks at the clock and at a cancellation, seconds.
TICK_S = 1.0
#: More than this between two looks means that this process stood still itself (SIGSTOP, suspend), seconds; no limit
#: counts such time.
GAP_S = 2.0
#: How long after a cancellation was asked for a launcher obeys it by itself, seconds: the supervisor of the run is
#: quicker, unless it is in another container and cannot send a signal.
CANCEL_PATIENCE_S = 5.0
PR_SET_CHILD_SUBREAPER = 36
#: What a worker's process runs first. It gets its environment through a pipe, then waits for the word to begin. Where
#: the launcher died instead, the started record decides: without one nothing has run, and the next launcher may begin.
#: The mark (a soft limit that Linux has ignored since 2.6) stays on every process that the worker ever leaves behind.
GATE = r"""
import os, sys, _signal
gate, failed, record, mark, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5]
given = b""
while b"\0\0" not in given:
    part = os.read(gate, 65536)
    if not part:
        os._exit(1)
    given += part
entries, word = given.split(b"\0\0", 1)
if not (word or os.read(gate, 1)) and not os.path.exists(record):
    os._exit(1)
os.close(gate)
os.set_inheritable(failed, False)
try:
    import resource
    if mark and resource.getrlimit(resource.RLIMIT_RSS) == (resource.RLIM_INFINITY, resource.RLIM_INFINITY):
        resource.setrlimit(resource.RLIMIT_RSS, (mark, resource.RLIM_INFINITY))
except (ImportError, AttributeError, ValueError, OSError):
    pass
for number in (_signal.SIGPIPE, getattr(_signal, "SIGXFSZ", _signal.SIGPIPE)):
    _signal.signal(number, _signal.SIG_DFL)
try:
    os.execve(program, sys.argv[6:], dict(entry.split(b"=", 1) for entry in entries.split(b"\0")))
except (OSError, ValueError) as error:
    os.write(failed, str(error).encode("utf-8", "replace")[:500])
os._exit(127)
"""
#: The run and the worker, for the lines below.
CONTEXT: dict[str, Any] = {}


def say(text: str, code: str = "LOG1205", level: str = "WARNING") -> None:
    """Write one structured record of diagnostics to stderr; its code is one of those of the log constants."""
    record = {"timestamp": round(time.time(), 6), "level": level, "logger": "launcher", "message": text, "code": code}
    record.update(CONTEXT, pid=os.getpid())
    try:
        os.write(2, json.dumps(record).encode("ascii") + b"\n")
    except OSError:
        return


def identity(pid: int) -> dict[str, Any]:
    """Return the identity of a process: distinct from others with its pid (zeros if unknown)."""
    found: dict[str, Any] = {"boot_id": "", "pid_ns": 0, "pid": pid, "start_ticks": 0, "host": os.uname().nodename}
    try:
        with open("/proc/sys/kernel/random/boot_id") as stream:  # noqa: PTH123 - pathlib is a heavy import
            found["boot_id"] = stream.read().strip()
        found["pid_ns"] = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116
        found["start_ticks"] = int(stat_fields(proc_name(pid))[19])
    except (OSError, IndexError, ValueError):
        pass
    return found


def proc_name(pid: int) -> str:
    """Return a process's name below ``/proc``, which may be that of an outer pid namespace (``OSError``: none)."""
    mine = os.readlink("/proc/self")
    if mine == str(os.getpid()):
        return str(pid)
    if pid == os.getpid():
        return mine
    if not hasattr(os, "pidfd_open"):
        raise OSError(errno.ENOSYS, "cannot look up a process of another pid namespace's /proc")
    descriptor = os.pidfd_open(pid)
    try:
        with open(f"/proc/self/fdinfo/{descriptor}") as stream:  # noqa: PTH123
            return next(line.split()[1] for line in stream if line.startswith("Pid:"))
    finally:
        os.close(descriptor)


def pids_of(name: str) -> list[int]:
    """Return a process's pids in every namespace from that of ``/proc`` down to its own (``OSError``: none)."""
    with open(f"/proc/{name}/status") as stream:  # noqa: PTH123
        return [int(word) for line in stream if line.startswith("NSpid:") for word in line.split()[1:]]


def stat_fields(name: str) -> list[bytes]:
    """Return the fields of ``/proc/<name>/stat`` after the command's name: state, ppid, … (``OSError``: none)."""
    with open(f"/proc/{name}/stat", "rb") as stream:  # noqa: PTH123
        return stream.read().rpartition(b")")[2].split()


def children() -> list[int]:
    """Return the pids of this process's children, adopted ones included."""
    found = []
    try:
        mine = os.readlink("/proc/self")
        depth = len(pids_of(mine)) - 1
        names = os.listdir("/proc")  # noqa: PTH208
    except OSError:
        return []
    for name in names:
        if name.isdigit():
            try:
                fields = stat_fields(name)
                if len(fields) > 1 and fields[1] == mine.encode() and fields[0] != b"Z":
                    found.append(int(name) if mine == str(os.getpid()) else pids_of(name)[depth])
            except (OSError, IndexError):
                continue
    return found


def become_subreaper() -> None:
    """Adopt descendants whose parent dies, so that they can be found, where the kernel can."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, AttributeError, OSError):
        return


class Record:
    """Small JSON file with preallocated space, so that a full disk cannot lose it.

    Args:
        path: Where the record appears, whole, when it is written.
        name: Tells apart several versions of one record that wait to be written.
    """

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.temporary = f"{path}.{name}.tmp"
        self.descriptor = os.open(self.temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self.descriptor, 0, RECORD_BYTES)

    def write(self, value: dict[str, Any], sync: bool) -> None:
        """Let the record appear (``OSError``: the disk refused). A second call does nothing."""
        if self.descriptor < 0:
            return
        text = json.dumps(value).encode("ascii")[:RECORD_BYTES]
        os.pwrite(self.descriptor, text, 0)
        os.ftruncate(self.descriptor, len(text))
        if sync:
            os.fsync(self.descriptor)
        try:
            os.rename(self.temporary, self.path)  # noqa: PTH104
        except FileNotFoundError:  # gone with its folder, in place of which there is another one soon
            with open(self.temporary, "xb", buffering=0) as stream:  # noqa: PTH123
                stream.write(text)
                os.fsync(stream.fileno())
            os.rename(self.temporary, self.path)  # noqa: PTH104
        os.close(self.descriptor)
        self.descriptor = -1
        if sync:
            folder = os.open(os.path.dirname(self.path) or ".", os.O_RDONLY)  # noqa: PTH120
            os.fsync(folder)
            os.close(folder)

    def write_stubbornly(self, value: dict[str, Any], sync: bool, patience_s: float) -> None:
        """Write, trying again for a while where the disk refuses."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                return self.write(value, sync)
            except OSError as error:  # noqa: PERF203 - it waits a second anyway
                say(f"cannot write {self.path}: {error}")
                if time.monotonic() >= deadline:
                    return None
                time.sleep(1.0)

    def discard(self) -> None:
        """Remove the prepared file of a record that was never written."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            try:
                os.unlink(self.temporary)  # noqa: PTH108
            except OSError:
                return


class Launcher:
    """Launcher of one worker attempt.

    Args:
        spec: What to run: ``argv cwd env inherit secrets unset mark stdout stderr started exit wall_time_s
            shutdown_timeout_s cancel_intent`` (paths absolute, times in seconds).
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.pid = 0
        self.signalled_at: float | None = None
        self.paused_since: float | None = None
        self.asked_at: float | None = None
        self.failure = -1
        self.reason = "exited"
        self.cpu_seconds = 0.0
        self.max_rss_bytes = 0
        self.strays: set[int] = set()
        self.records = {
            name: Record(spec[name.split(".")[0]], name.split(".")[1]) for name in ("started.0", "exit.0", "exit.1")
        }
        self.outcome: dict[str, Any] = {"code": None, "signal": None, "error": "", "started_at": time.time()}

    def run(self) -> None:
        """Spawn the worker, watch it, and record its end."""
        become_subreaper()
        if signal.sigpending() & {signal.SIGTERM, signal.SIGINT}:
            self.note_stop()
        else:
            try:
                self.spawn()
            except (OSError, ValueError) as error:
                self.fail(str(error))
        if self.pid:
            self.watch()
            if failure := os.read(self.failure, 500).decode("utf-8", "replace"):
                self.fail(failure)
            self.record_end("exit.0", swept=False)
            self.sweep()
        if self.strays:
            say(f"{len(self.strays)} processes that the worker left behind were ended", "LOG1204")
        self.record_end("exit.1", swept=True)
        for record in self.records.values():
            record.discard()

    def fail(self, error: str) -> None:
        """Note why the worker's program never ran."""
        self.reason = "spawn_failed"
        self.outcome.update(code=None, signal=None, error=error[:500])
        say(f"the worker cannot be started: {error}", level="ERROR")

    def spawn(self) -> None:
        """Start the worker in a session of its own, its stdout the log (``OSError``: it cannot be started)."""
        spec = self.spec
        inherited = os.environ if spec.get("inherit", True) else {}
        environment = {**{key: inherited[key] for key in inherited if key not in spec["unset"]}, **spec["env"]}
        if spec.get("secrets"):  # a private file: specs and command lines are for everybody to read
            with open(spec["secrets"], "rb") as stream:  # noqa: PTH123
                environment.update(json.loads(stream.read())["environment"])
        entries = [f"{key}={value}".encode("utf-8", "surrogateescape") for key, value in environment.items()]
        if any(b"\0" in entry for entry in entries):
            raise ValueError("a variable of its environment contains a null byte")
        os.chdir(spec["cwd"])
        program = spec["argv"][0]
        if "/" not in program:
            program = find_program(program, environment.get("PATH", os.defpath))
        elif not os.access(program, os.X_OK):  # the gate finds out, too, but only when it is on record
            known = errno.EACCES if os.path.exists(program) else errno.ENOENT  # noqa: PTH110
            raise OSError(known, os.strerror(known), program)
        gate = self.spawn_gate(program)
        try:
            write_all(gate, b"\0".join(entries) + b"\0\0")
            self.outcome["started_at"] = now = time.time()
            started = {
                "launcher": identity(os.getpid()),
                "worker": identity(self.pid),
                "started_at": now,
                "monotonic": time.monotonic(),
            }
            self.records["started.0"].write(started, sync=True)
            write_all(gate, b"!")
        except OSError:
            if not os.path.exists(spec["started"]):  # noqa: PTH110
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.pid = 0
                raise
        finally:
            os.close(gate)

    def spawn_gate(self, program: str) -> int:
        """Start the process that is to become the worker; return the descriptor that lets it begin."""
        spec = self.spec
        files = [os.open(os.devnull, os.O_RDONLY), open_log(spec["stdout"]), open_log(spec["stderr"])]
        wait, gate = os.pipe()
        self.failure, failed = os.pipe()
        try:
            for descriptor in (wait, failed):
                os.set_inheritable(descriptor, True)
            words = [str(wait), str(failed), spec["started"], str(spec.get("mark") or 0), program]
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-S", "-X", "utf8", "-c", GATE, *words, *spec["argv"]],
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, descriptor, target) for target, descriptor in enumerate(files)],
                setsid=True,
                setsigmask=[],
                setsigdef=[signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP],
            )
        except OSError:
            os.close(gate)
            raise
        finally:
            for descriptor in (*files, wait, failed):
                os.close(descriptor)
        return gate

    def watch(self) -> None:
        """Return when the worker has ended; it stays a zombie, so that the number of its group stays its own."""
        limit = self.spec.get("wall_time_s")
        deadline = None if limit is None else time.monotonic() + limit
        kill_at: float | None = None
        seen = time.monotonic()
        while not self.ended():
            now = time.monotonic()
            gap, seen = now - seen, now
            if gap > GAP_S:
                deadline = deadline if deadline is None or self.paused_since is not None else deadline + gap
                kill_at = None if kill_at is None else kill_at + gap
            if kill_at is None and self.paused_since is None and deadline is not None and now >= deadline:
                say(f"the worker has had its {limit:g} s", "LOG1203")
                kill_at = self.terminate("wall_time")
            if kill_at is None and self.cancelled(now):
                kill_at = self.terminate("")
            if kill_at is not None and now >= kill_at:
                self.signal_all(signal.SIGKILL)
                kill_at = now + 1.0
            counted = deadline if kill_at is None and self.paused_since is None else None
            due = [moment - now for moment in (kill_at, counted) if moment is not None]
            number = wait_signal(min([*due, TICK_S]))
            # An exit that came before our first signal wins: look once more before the signal is passed on.
            if number in (signal.SIGTERM, signal.SIGINT) and kill_at is None and not self.ended():
                kill_at = self.terminate("")
            elif number in (PAUSE, UNPAUSE) and kill_at is None:
                deadline = self.pause(number == PAUSE, deadline)

    def cancelled(self, now: float) -> bool:
        """Return whether a cancellation was requested and not carried out in time."""
        asked = os.path.isfile(self.spec["cancel_intent"])  # noqa: PTH113
        self.asked_at = (self.asked_at or now) if asked else None
        return self.asked_at is not None and now - self.asked_at >= CANCEL_PATIENCE_S

    def pause(self, stop: bool, deadline: float | None) -> float | None:
        """Stop or continue the worker's processes; return the deadline, extended by the pause."""
        now = time.monotonic()
        if self.paused_since is not None and deadline is not None:
            deadline += now - self.paused_since
        self.paused_since = now if stop else None
        self.signal_all(signal.SIGSTOP if stop else signal.SIGCONT)
        return deadline

    def ended(self) -> bool:
        """Reap adopted processes that ended; return whether the worker itself has, and note how."""
        while True:
            info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if info is None:
                return False
            if info.si_pid == self.pid:
                self.outcome["code" if info.si_code == os.CLD_EXITED else "signal"] = info.si_status
                return True
            self.reap(info.si_pid)

    def reap(self, pid: int) -> None:
        """Collect an ended child and what it used."""
        try:
            _, _, usage = os.wait4(pid, 0)
        except ChildProcessError:
            return
        self.cpu_seconds += usage.ru_utime + usage.ru_stime
        self.max_rss_bytes = max(self.max_rss_bytes, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))

    def note_stop(self, reason: str = "") -> None:
        """Note that, when and why the worker was signalled to stop."""
        self.signalled_at = time.time()
        asked = os.path.exists(self.spec["cancel_intent"])  # noqa: PTH110
        self.reason = reason or ("cancelled" if asked else "terminated")

    def terminate(self, reason: str) -> float:
        """Ask everything to end; return the moment (monotonic, seconds) of the SIGKILL."""
        self.note_stop(reason)
        self.signal_all(signal.SIGTERM)
        self.signal_all(signal.SIGCONT)
        return time.monotonic() + float(self.spec["shutdown_timeout_s"])

    def signal_all(self, number: signal.Signals) -> None:
        """Signal the worker's group and every adopted process outside it."""
        adopted = [pid for pid in children() if pid != self.pid]
        self.strays.update(adopted)
        deliver(os.killpg, self.pid, number)
        for pid in adopted:
            deliver(os.kill, pid, number)

    def sweep(self) -> None:
        """End all processes that the worker left behind."""
        self.signal_all(signal.SIGTERM)
        start = time.monotonic()
        while children() and time.monotonic() - start < LEFTOVER_GRACE_S:
            wait_signal(0.02)
        self.signal_all(signal.SIGKILL)
        self.reap(self.pid)  # from here on its number, and that of its group, may be another's
        while self.has_children() and time.monotonic() - start <= SWEEP_LIMIT_S:
            for pid in children():
                self.strays.add(pid)
                deliver(os.kill, pid, signal.SIGKILL)
            wait_signal(0.02)

    def has_children(self) -> bool:
        """Reap what has ended; return whether any child is left, be it one that forks and ends unseen."""
        try:
            while (info := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)) is not None:
                self.reap(info.si_pid)
        except ChildProcessError:
            return False
        return True

    def record_end(self, name: str, swept: bool) -> None:
        """Write the exit record."""
        record = dict(
            self.outcome,
            reason=self.reason,
            signalled_at=self.signalled_at,
            ended_at=self.outcome.setdefault("ended_at", time.time()),
            cpu_seconds=round(self.cpu_seconds, 3) if swept else None,
            max_rss_bytes=self.max_rss_bytes if swept else None,
            strays=len(self.strays),
            swept=swept,
        )
        self.records[name].write_stubbornly(record, sync=True, patience_s=RECORD_RETRY_S)


def deliver(send: Callable[[int, int], None], target: int, number: int) -> None:
    """Send a signal to something that may be gone already."""
    try:
        send(target, number)
    except OSError:
        return


def open_log(path: str) -> int:
    """Open a log to append to it (``OSError``: it cannot be, or something else lies in its place)."""
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    descriptor = os.open(path, append | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)  # a FIFO would block
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a regular file", path)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)
    return descriptor


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it (``OSError``: the reader is gone)."""
    while data:
        data = data[os.write(descriptor, data) :]


def wait_signal(timeout: float) -> int:
    """Wait up to ``timeout`` seconds for one of the (blocked) signals; return its number, 0 for none."""
    if hasattr(signal, "sigtimedwait"):
        info = signal.sigtimedwait(WATCHED, max(0.0, timeout))
        return 0 if info is None else info.si_signo
    deadline = time.monotonic() + timeout
    while not signal.sigpending() & set(WATCHED):
        if time.monotonic() >= deadline:
            return 0
        time.sleep(0.02)
    return int(signal.sigwait(WATCHED))


def find_program(name: str, path: str) -> str:
    """Return the first executable of that name on a search path (``FileNotFoundError``: there is none)."""
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, name)  # noqa: PTH118
        if os.access(candidate, os.X_OK):
            return candidate
    raise FileNotFoundError(errno.ENOENT, "No such program on the PATH", name)


def main(arguments: list[str]) -> int:
    """Run one attempt; return 0 when its end is recorded, 75 if another launcher has it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    for number in WATCHED:
        signal.signal(number, signal.SIG_DFL)  # an inherited "ignore" would lose exits and signals
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with open(arguments[0], "rb") as stream:  # noqa: PTH123
        spec = json.loads(stream.read())
    environment = spec.get("env", {})
    CONTEXT.update(run_id=environment.get("MOSAIC_RUN_ID"), worker_id=environment.get("WORKER_ID"))
    if len(arguments) > 1:
        lock = int(arguments[1])
    else:
        lock = os.open(spec["lock"], os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process holds " + spec["lock"])
            return 75
    os.set_inheritable(lock, True)
    if os.path.exists(spec["started"]) or os.path.exists(spec["exit"]):  # noqa: PTH110
        say("this attempt was launched before: " + spec["started"])
        return 75
    Launcher(spec).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
