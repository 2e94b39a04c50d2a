"""Runs a queue's driver: its verbs, its workers, its counter."""

import json
import mmap
import os
import pathlib
import signal
import subprocess
import time

import machine
from systems import System


class DriverError(Exception):
    pass


class Driver:
    """A driver and the database it is pointed at."""

    #: Nothing a driver is asked to do takes longer than this, or it is given up.
    PATIENCE = 300.0

    def __init__(self, system: System, dsn: str, folder: pathlib.Path):
        self.system = system
        self._dsn = dsn
        self._folder = folder
        self.counter = Counter(folder / "counter")
        self.latencies = folder / "latencies"
        self.latencies.write_text("")

    def run(self, verb: str, **settings: int) -> str:
        """Runs a verb to its end and answers what it printed."""
        with self._log(verb).open("w") as log:
            try:
                done = subprocess.run(
                    self._command(verb), env=self._environment(settings), stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=log, text=True, timeout=self.PATIENCE,
                )
            except OSError as error:
                raise DriverError(f"{self.system.name} does not start: {error}") from error
            except subprocess.TimeoutExpired as error:
                raise DriverError(f"{self.system.name} {verb} took more than {self.PATIENCE:.0f} s") from error
        if done.returncode:
            raise DriverError(f"{self.system.name} {verb} ended with {done.returncode}{self.tail(verb)}")
        return done.stdout

    def enqueue(self, jobs: int, batch: int) -> float:
        """Enqueues in bulk and answers the seconds it took by the driver's own clock."""
        printed = self.run("enqueue", N=jobs, BATCH=batch)
        try:
            answer = json.loads(printed.strip().splitlines()[-1])
            count, seconds = int(answer["n"]), float(answer["s"])
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise DriverError(f"{self.system.name} enqueue printed {printed[-200:]!r}") from error
        if count != jobs or seconds <= 0:
            raise DriverError(f"{self.system.name} enqueue was asked for {jobs} jobs and says {answer}")
        return seconds

    def work(self, workers: int) -> "Workers":
        """Starts worker processes; the counter starts at nothing."""
        self.counter.reset()
        settings = {"WORKERS": workers, "COUNTER": self.counter.path, "LATFILE": self.latencies}
        log = self._log("work").open("w")
        with log:
            process = subprocess.Popen(
                self._command("work"), env=self._environment(settings), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )
        return Workers(self, process)

    def tail(self, verb: str) -> str:
        """The end of what a verb wrote to its standard error, for whoever reads why it failed."""
        lines = self._log(verb).read_text(errors="replace").strip().splitlines()
        return "".join(f"\n    {line}" for line in lines[-12:])

    def _command(self, verb: str) -> list[str]:
        # Nothing is left running when the harness is killed.
        return ["setpriv", "--pdeathsig=KILL", *self.system.command, verb]

    def _environment(self, settings: dict) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # What a driver leaves behind goes with this folder.
        own = {"PEER_DSN": self._dsn, "TMPDIR": str(self._folder)}
        return inherited | own | {name: str(value) for name, value in settings.items()}

    def _log(self, verb: str) -> pathlib.Path:
        return self._folder / f"{verb}.log"


class Counter:
    """One little-endian 64-bit integer in a file, which workers map and increment."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 8)

    @property
    def value(self) -> int:
        return int.from_bytes(self._memory[:8], "little", signed=True)

    def reset(self) -> None:
        self._memory[:8] = bytes(8)


class Workers:
    """Running worker processes."""

    def __init__(self, driver: Driver, process: subprocess.Popen):
        self._driver = driver
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def reach(self, count: int, pause: float = 0.001) -> float:
        """Waits until so many jobs were handled and answers when that was.

        **Errors**: the workers ended, or half a minute went by in which the counter did not move.
        """
        counter, seen = self._driver.counter, -1
        deadline = 0.0
        while (value := counter.value) < count:
            now = time.monotonic()
            if value != seen:
                seen, deadline = value, now + 30
            elif now > deadline:
                raise DriverError(f"{self._driver.system.name} stands still at {value} of {count} jobs{self._tail()}")
            if self._process.poll() is not None:
                raise DriverError(f"{self._driver.system.name} work ended by itself{self._tail()}")
            time.sleep(pause)
        return time.monotonic()

    def stop(self) -> None:
        """Asks the workers to end, and ends them when they do not."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(40)
                return
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self) -> None:
        """Ends all of them with SIGKILL at one moment."""
        for pid in machine.tree(self._process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()

    def _tail(self) -> str:
        return self._driver.tail("work")

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
