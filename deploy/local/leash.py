"""A child that never outlives the process that started it, however that one ends.

Run as a script it becomes the command and leaves a watcher behind, which ends the command when the
parent is gone. Watching the process itself needs no pipe that other children could inherit, and, unlike
a signal on the parent's death, does not depend on which of its threads forked.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, Final, NoReturn

_GRACE_MS: Final = 15_000


def start(command: Sequence[str], log: IO[bytes], keep: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start ``command`` on the leash of this process, its output going to ``log``.

    The process id is that of the command. File descriptors in ``keep`` stay open in it and in its
    watcher. It is in a session of its own: Ctrl-C is for the parent, which ends its parts in order.
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=keep,
    )


def _become(parent: int, command: list[str]) -> None:
    parent_fd, own_fd = os.pidfd_open(parent), os.pidfd_open(os.getpid())
    if os.getppid() != parent:  # it ended before it could be watched, and its number may be another's by now
        return
    if os.fork():
        os.execv(command[0], command)
    _watch(parent_fd, own_fd)


def _watch(parent: int, child: int) -> NoReturn:
    if child not in _ended(parent, child):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(child, signal.SIGTERM)
            if not _ended(child, within_ms=_GRACE_MS):
                signal.pidfd_send_signal(child, signal.SIGKILL)
    os._exit(0)


def _ended(*processes: int, within_ms: int | None = None) -> set[int]:
    poll = select.poll()
    for process in processes:
        poll.register(process, select.POLLIN)
    return {process for process, _ in poll.poll(within_ms)}


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
