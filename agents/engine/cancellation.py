"""Telling a cancellation of ours from one that leaks out of a client."""

from __future__ import annotations

import asyncio


def is_cancelled() -> bool:
    """Whether the running task itself was cancelled: aiokafka lets those of its own tasks through to its callers.

    Taken for our own they would end a task without a word.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
