"""A process that solves flows and may be killed while it does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from subprocess import PIPE, Popen
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from schedlab_algorithms.min_cost_flow import solver
from schedlab_algorithms.min_cost_flow.solver import SOLVED, Answer, Network

SLICE = 0.005
"""Seconds between two looks at whether anybody waits for the answer."""


@contextmanager
def running() -> Iterator[Child]:
    """Start a process for a block, which goes on while it gets ready (0.1 s).

    It ends with the block, and if whoever started it has gone.  It shares nothing with them
    but the paths on which they find their modules.
    """
    command = [sys.executable, "-P", solver.__file__]
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with TemporaryFile() as complaints:
        process = Popen(
            command, stdin=PIPE, stdout=PIPE, stderr=complaints, env={**os.environ, **paths}
        )
        child = Child(process, complaints)
        try:
            yield child
        finally:
            child.close()


@dataclass(frozen=True)
class Child:
    """A process of the program :mod:`~schedlab_algorithms.min_cost_flow.solver`."""

    process: Popen[bytes]
    complaints: IO[bytes]

    def answer(self, network: Network, over: Callable[[], bool]) -> Answer | None:
        """Return what comes of a network, None once ``over()``: the process is killed then.

        Raises
        ------
        RuntimeError
            If the process ended without an answer; what it wrote last is told.
        """
        with ThreadPoolExecutor(1) as thread:
            talk = thread.submit(self._talk, network)
            try:
                return self._when_done(talk, over)
            except BaseException:
                self.kill()
                raise

    def _when_done(self, talk: Future[Answer], over: Callable[[], bool]) -> Answer | None:
        while not wait((talk,), SLICE).done:
            if over():
                self.kill()
                return None
        return talk.result()

    def _talk(self, network: Network) -> Answer:
        """Send a network and wait for the answer."""
        source, out = self.process.stdin, self.process.stdout
        assert source is not None
        assert out is not None
        arcs, vertices = len(network[0]), len(network[-1])
        try:
            source.write(np.array([arcs, vertices], np.int64).data)
            for column in network:
                source.write(column.data)
            source.flush()
        except BrokenPipeError:
            raise self._failure() from None
        status = out.readline().decode().rstrip("\n")
        flow = out.read(8 * arcs if status == SOLVED else 0)
        if not status or len(flow) % (8 * arcs):
            raise self._failure()
        return status, np.frombuffer(flow, np.int64)

    def _failure(self) -> RuntimeError:
        code = self.process.wait()
        self.complaints.seek(0)
        told = self.complaints.read().decode(errors="replace").strip().splitlines()
        why = ": ".join(["", *told[-1:]])
        return RuntimeError(f"the process that solves flows ended with exit code {code}{why}")

    def kill(self) -> None:
        """End the process, whatever it does, and return when it is gone."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Kill the process and close what led to it."""
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):  # what it had not read yet
                pipe.close()
