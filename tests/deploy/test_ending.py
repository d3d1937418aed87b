"""A process whose parts hang, and one whose parts do not."""

from __future__ import annotations

import subprocess
import sys

HANGING = """
import threading
from deploy.ending import end_by_force_after
threading.Thread(target=threading.Event().wait).start()
end_by_force_after(0.2)
"""


def test_a_process_that_does_not_end_by_itself_is_ended_and_says_so() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "ended by force" in ended.stderr


def test_one_that_ends_is_not_waited_for() -> None:
    code = "from deploy.ending import end_by_force_after; end_by_force_after(3600)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
