"""The driver contract for queues written in Python.

A driver is a command with four verbs, told everything else by its environment (README.md has the whole contract). What
differs between Python queues is four calls, so that is all a driver here has to bring; the rest, above all what is
inside a measured interval and what is not, is the same for each of them and lives in this file.
"""

import asyncio
import contextlib
import ctypes
import json
import mmap
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

CONNECTIONS = 1000


class Producer(NamedTuple):
    """An open connection to the queue: `many` is its bulk call, `one` its call for a single job."""

    many: Callable[[list[dict]], Awaitable[object]]
    one: Callable[[dict], Awaitable[object]]


class Driver(NamedTuple):
    """What one queue brings. `work` runs until SIGTERM and calls `handled` first thing in its handler."""

    migrate: Callable[[str], Awaitable[None]]
    producer: Callable[[str], contextlib.AbstractAsyncContextManager[Producer]]
    work: Callable[[str], Awaitable[None]]
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None


class Tally:
    """Counts jobs handled in memory shared by all worker processes and the harness."""

    def __init__(self, counter: str, latencies: str | None, lock: object):
        with open(counter, "r+b") as file:
            self._count = memoryview(mmap.mmap(file.fileno(), 8)).cast("q")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._latencies = os.open(latencies, flags, 0o644) if latencies else None
        self._lock = lock

    def handled(self, t: int) -> None:
        # The latency goes first: whoever sees the count may rely on the line being there.
        if t and self._latencies is not None:
            os.write(self._latencies, b"%d\n" % (time.time_ns() - t))
        with self._lock:
            self._count[0] += 1


# Set in each worker process. A module's variable, because some queues import the handler's module a second time.
_tally: Tally | None = None


def handled(t: int) -> None:
    """One job was handled; `t` is the job's, 0 when its latency is not of interest."""
    if _tally is None:
        raise RuntimeError("handled() outside of a worker process")
    _tally.handled(t)


def job(n: int, t: int = 0) -> dict:
    """The arguments of a trivial job."""
    return {"n": n, "t": t, "connection_id": f"conn-{n % CONNECTIONS}", "resource": "orders"}


def main(driver: Driver) -> None:
    """Runs the verb on the command line."""
    if sys.byteorder != "little":
        sys.exit("the counter is little-endian, and so must be this machine")
    dsn = os.environ["PEER_DSN"]
    match sys.argv[1:]:
        case ["migrate"]:
            _run(driver, driver.migrate(dsn))
        case ["enqueue"]:
            _run(driver, _enqueue(driver, dsn, int(os.environ["N"]), int(os.environ.get("BATCH", "1000"))))
        case ["trickle"]:
            _run(driver, _trickle(driver, dsn, int(os.environ["N"])))
        case ["work"]:
            sys.exit(_work(driver, dsn, int(os.environ.get("WORKERS", "1"))))
        case _:
            sys.exit(f"usage: {sys.argv[0]} migrate|enqueue|work|trickle")


def _run(driver: Driver, body: Awaitable[None]) -> None:
    with asyncio.Runner(loop_factory=driver.loop_factory) as runner:
        runner.run(body)


async def _enqueue(driver: Driver, dsn: str, count: int, size: int) -> None:
    # Arguments are made before the clock starts; what a queue makes of them is its own doing and is measured.
    batches = [[job(n) for n in range(first, min(first + size, count + 1))] for first in range(1, count + 1, size)]
    async with driver.producer(dsn) as producer:
        began = time.monotonic()
        for batch in batches:
            await producer.many(batch)
        seconds = time.monotonic() - began
    print(json.dumps({"n": count, "s": seconds}))


async def _trickle(driver: Driver, dsn: str, count: int) -> None:
    async with driver.producer(dsn) as producer:
        for n in range(1, count + 1):
            await producer.one(job(n, time.time_ns()))
            await asyncio.sleep(random.uniform(0.1, 0.15))


def _work(driver: Driver, dsn: str, count: int) -> int:
    """Runs `count` worker processes until SIGTERM, and ends with 1 when one of them ends by itself."""
    awaited = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    context = multiprocessing.get_context("fork")
    # Only several processes can lose each other's increments.
    lock = context.Lock() if count > 1 else contextlib.nullcontext()
    workers = [context.Process(target=_worker, args=(driver, dsn, lock, awaited)) for _ in range(count)]
    for worker in workers:
        worker.start()
    asked = signal.sigwait(awaited) != signal.SIGCHLD
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join()
    return 0 if asked and all(worker.exitcode in (0, -signal.SIGTERM) for worker in workers) else 1


def _worker(driver: Driver, dsn: str, lock: object, blocked: set[signal.Signals]) -> None:
    global _tally
    # No worker outlives the process that would have ended it.
    death_signal = 1
    ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
    _tally = Tally(os.environ["COUNTER"], os.environ.get("LATFILE"), lock)
    _run(driver, driver.work(dsn))
