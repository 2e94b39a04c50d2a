"""What is measured of one queue. Each measure works in a database of its own."""

import math
import pathlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import machine
from cluster import Cluster, Session
from drivers import Driver, DriverError
from systems import System

#: Jobs run before latencies are taken: by then every worker is connected and has its code loaded.
WARM_UP = 100


class Bench:
    """Measures one queue after another in one cluster."""

    def __init__(self, cluster: Cluster, folder: pathlib.Path, batch: int):
        self._cluster = cluster
        self._folder = folder
        self._batch = batch
        self._admin = cluster.session()

    def server_version(self) -> str:
        return self._admin.run("SHOW server_version")

    def close(self) -> None:
        self._admin.close()

    def drain(self, system: System, jobs: int, workers: int) -> Iterator[dict]:
        """Bulk enqueue, then the time in which workers handle it all, and have it all recorded as finished."""
        with self._driver(system) as (driver, database):
            yield self._enqueue(driver, database, jobs)
            self._settle(database)
            size, wal, commits = self._size(database), self._wal(), self._commits(database)
            with driver.work(workers) as running, self._cluster.session(database) as session:
                began = running.reach(1)
                before = machine.read(server=self._cluster.pid, workers=running.pid)
                handled = running.reach(jobs)
                recorded = self._recorded(system, session) if system.unfinished else handled
                after = machine.read(server=self._cluster.pid, workers=running.pid)
                wal, size_after = self._wal() - wal, self._size(database)
                own_commits, count = session.statements + 1, driver.counter.value
            self._quiet(database)
            usage = after.since(before)
            yield {
                "measure": "drain",
                "processes": workers,
                "jobs": jobs,
                "handled_per_s": jobs / (handled - began),
                "recorded_per_s": jobs / (recorded - began) if system.unfinished else None,
                "handled_twice": count - jobs,
                "wal_bytes_per_job": wal / jobs,
                "commits_per_job": max(0, self._commits(database) - commits - own_commits) / jobs,
                "server_cpu_ms_per_job": usage.trees["server"] * 1000 / jobs,
                "worker_cpu_ms_per_job": usage.trees["workers"] * 1000 / jobs,
                "size_before_bytes": size,
                "size_after_bytes": size_after,
                "others_cpu": usage.others,
            }

    def pick_up(self, system: System, count: int) -> Iterator[dict]:
        """From just before a single job is enqueued until its handler runs, in an idle queue."""
        with self._driver(system) as (driver, database):
            driver.enqueue(WARM_UP, WARM_UP)
            with driver.work(1) as running, self._cluster.session(database) as session:
                running.reach(WARM_UP)
                if system.unfinished:
                    self._recorded(system, session)
                time.sleep(1)
                before = machine.read()
                driver.run("trickle", N=count)
                running.reach(WARM_UP + count, pause=0.05)
                after = machine.read()
            taken = sorted(int(line) / 1e6 for line in driver.latencies.read_text().split())
            if len(taken) < count:
                raise DriverError(f"{system.name} told the latency of {len(taken)} of {count} jobs")
            yield {
                "measure": "pick-up",
                "processes": 1,
                "jobs": count,
                **{f"p{percent}_ms": percentile(taken, percent) for percent in (50, 90, 99)},
                "max_ms": taken[-1],
                "others_cpu": after.since(before).others,
            }

    def crash(self, system: System, jobs: int, workers: int) -> Iterator[dict]:
        """Kills all workers half way: how many jobs were handled of which the database knows nothing?"""
        with self._driver(system) as (driver, database):
            yield self._enqueue(driver, database, jobs)
            self._settle(database)
            with driver.work(workers) as running:
                running.reach(1)
                before = machine.read()
                running.reach(jobs // 2, pause=0.0005)
                # Before the end: the time of processes whose parent is killed with them is in nobody's figures.
                after = machine.read()
                running.kill()
            handled = driver.counter.value
            # What was sent may still be committed.
            self._quiet(database)
            with self._cluster.session(database) as session:
                unfinished = int(session.number(f"SELECT count(*) FROM {system.unfinished}"))
            yield {
                "measure": "crash",
                "processes": workers,
                "jobs": jobs,
                "handled": handled,
                "recorded": jobs - unfinished,
                "to_be_repeated": handled - (jobs - unfinished),
                "others_cpu": after.since(before).others,
            }

    @contextmanager
    def _driver(self, system: System) -> Iterator[tuple[Driver, str]]:
        database = self._cluster.create(self._admin)
        folder = self._folder / database
        folder.mkdir()
        try:
            driver = Driver(system, self._cluster.url(database), folder)
            driver.run("migrate")
            yield driver, database
        finally:
            self._cluster.drop(self._admin, database)
            shutil.rmtree(folder, ignore_errors=True)

    def _enqueue(self, driver: Driver, database: str, jobs: int) -> dict:
        self._quiet(database)
        self._admin.run("CHECKPOINT")
        wal, commits = self._wal(), self._commits(database)
        before = machine.read(server=self._cluster.pid)
        seconds = driver.enqueue(jobs, self._batch)
        self._quiet(database)
        usage = machine.read(server=self._cluster.pid).since(before)
        wal, commits = self._wal() - wal, self._commits(database) - commits
        if driver.system.unfinished:
            with self._cluster.session(database) as session:
                found = int(session.number(f"SELECT count(*) FROM {driver.system.unfinished}"))
            if found != jobs:
                raise DriverError(f"{driver.system.name} enqueued {jobs} jobs and {found} are there")
        return {
            "measure": "enqueue",
            "jobs": jobs,
            "batch": self._batch,
            "per_s": jobs / seconds,
            "wal_bytes_per_job": wal / jobs,
            "commits_per_job": commits / jobs,
            "server_cpu_ms_per_job": usage.trees["server"] * 1000 / jobs,
            "others_cpu": usage.others,
        }

    def _settle(self, database: str) -> None:
        """The same start for all: statistics as they would be in service, and nothing left for a checkpoint to do."""
        with self._cluster.session(database) as session:
            session.run("ANALYZE")
            session.run("CHECKPOINT")
        self._quiet(database)

    def _recorded(self, system: System, session: Session) -> float:
        """Waits until no job is unfinished and answers when that was."""
        deadline = time.monotonic() + 120
        while True:
            asked = time.monotonic()
            if session.run(f"SELECT EXISTS (SELECT FROM {system.unfinished})") == "f":
                return time.monotonic()
            now = time.monotonic()
            if now > deadline:
                raise DriverError(f"{system.name} handled all jobs, and two minutes later some are not finished")
            # A tenth of one processor at the most.
            time.sleep(max(0.01, 9 * (now - asked)))

    def _quiet(self, database: str) -> None:
        """Waits until nobody is connected: a backend's figures are complete when it has ended."""
        deadline = time.monotonic() + 30
        connected = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
        while self._admin.number(f"{connected} AND backend_type = 'client backend'") > 0:
            if time.monotonic() > deadline:
                raise DriverError("connections are left open by a driver that has ended")
            time.sleep(0.02)

    def _wal(self) -> float:
        return self._admin.number("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")

    def _commits(self, database: str) -> float:
        return self._admin.number(f"SELECT xact_commit FROM pg_stat_database WHERE datname = '{database}'")

    def _size(self, database: str) -> int:
        """Bytes beyond those of an empty database."""
        size = "pg_database_size"
        return int(self._admin.number(f"SELECT {size}('{database}') - {size}('template0')"))


def percentile(ascending: list[float], percent: float) -> float:
    """The nearest rank."""
    return ascending[max(0, math.ceil(len(ascending) * percent / 100) - 1)]
