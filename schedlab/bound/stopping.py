"""Stopping a solver in the middle of its work once nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from schedlab.api import never

POLL = 0.02
"""Seconds between two looks at whether the work was cancelled."""


@contextmanager
def stopping(stop: Callable[[], object], cancelled: Callable[[], bool]) -> Iterator[None]:
    """Call ``stop`` from a thread once ``cancelled()`` is true, as long as the block runs."""
    if cancelled is never:
        yield
        return
    done = Event()
    watcher = Thread(target=_watch, args=(stop, cancelled, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(stop: Callable[[], object], cancelled: Callable[[], bool], done: Event) -> None:
    while not done.wait(POLL):
        if cancelled():
            stop()
