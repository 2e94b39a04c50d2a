#!/usr/bin/env python3
"""Portolan beside other queues that keep their jobs in Postgres, in one run on one machine.

`make bench-peers` runs it; README.md says what each figure means.
"""

import argparse
import datetime
import json
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import machine
import report
import systems
from cluster import Cluster, PostgresError, remove
from drivers import DriverError
from measures import Bench
from systems import System

MEASURES = ["drain", "pick-up", "crash"]


def main() -> int:
    options = arguments()
    chosen = choose(options)
    for program in ("setpriv", options.postgres / "postgres"):
        if not shutil.which(program):
            sys.exit(f"{program} is not there")
    # Ending in the usual way lets go of the server and its folder.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))

    folder = pathlib.Path(tempfile.mkdtemp(prefix="portolan-peers-", dir=options.folder))
    try:
        result = measure(options, chosen, folder)
    except PostgresError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        return 130
    finally:
        remove(folder)

    text = json.dumps(result, indent=2) + "\n"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text)
    print(text if options.json else readable(result, options.out))
    return 1 if result["failures"] else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAME,…", type=names, help="these queues")
    parser.add_argument("--skip", metavar="NAME,…", type=names, default=[], help="all but these")
    parser.add_argument("--measure", metavar="NAME,…", type=names, default=MEASURES, help=", ".join(MEASURES))
    parser.add_argument("--jobs", metavar="[NAME=]N", type=jobs, action="append", default=[], help="jobs in a drain")
    parser.add_argument("--scale", type=float, default=1, help="multiplies every queue's number of jobs")
    parser.add_argument("--processes", metavar="N,…", type=numbers, default=[1, 2], help="worker processes in a drain")
    parser.add_argument("--batch", metavar="N", type=int, default=1000, help="jobs in one bulk call")
    parser.add_argument("--trickle", metavar="N", type=int, default=200, help="jobs in a pick-up")
    parser.add_argument("--rounds", metavar="N", type=int, default=1, help="all of it so often, taking turns")
    parser.add_argument("--add", metavar="NAME=COMMAND", type=pair, action="append", default=[], help="another driver")
    parser.add_argument("--unfinished", metavar="NAME=SQL", type=pair, action="append", default=[], help="after FROM")
    parser.add_argument("--portolan", type=pathlib.Path, default=systems.ROOT / ".build/release/portolan")
    parser.add_argument("--postgres", type=pathlib.Path, default=pathlib.Path("/usr/lib/postgresql/15/bin"))
    parser.add_argument("--folder", type=pathlib.Path, help="where the database lies meanwhile; a real disk")
    parser.add_argument("--out", type=pathlib.Path, default=systems.ROOT / ".portolan/bench-peers.json")
    parser.add_argument("--json", action="store_true", help="prints JSON instead of tables")
    options = parser.parse_args()
    if unknown := set(options.measure) - set(MEASURES):
        parser.error(f"there is no measure {', '.join(sorted(unknown))}")
    counts = [options.batch, options.trickle, options.rounds, *options.processes, *(count for _, count in options.jobs)]
    if min(counts) < 1 or options.scale <= 0:
        parser.error("numbers start at 1")
    return options


def names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def pair(text: str) -> tuple[str, str]:
    name, divider, value = text.partition("=")
    if not (name and divider and value):
        raise ValueError(text)
    return name, value


def jobs(text: str) -> tuple[str, int]:
    """A name, or nothing for all queues, and how many."""
    name, _, count = text.rpartition("=")
    return name, int(count)


def choose(options: argparse.Namespace) -> list[System]:
    """The queues asked for, with the numbers of jobs asked for."""
    known = {system.name: system for system in systems.known(options.portolan)}
    for name, command in options.add:
        known[name] = System(name, "", shlex.split(command), "", 10_000)
    for name, unfinished in options.unfinished:
        known[asked(name, known)] = known[name]._replace(unfinished=unfinished)
    wanted = [asked(name, known) for name in options.only or known]
    for given, count in options.jobs:
        for name in [asked(given, known)] if given else known:
            known[name] = known[name]._replace(jobs=count)
    return [
        known[name]._replace(jobs=max(2, round(known[name].jobs * options.scale)))
        for name in wanted
        if name not in [asked(skipped, known) for skipped in options.skip]
    ]


def asked(name: str, known: dict[str, System]) -> str:
    if name not in known:
        sys.exit(f"there is no queue {name}, but {', '.join(known)}")
    return name


def measure(options: argparse.Namespace, chosen: list[System], folder: pathlib.Path) -> dict:
    """Runs everything. A queue that fails is out for the rest of the run; the others go on."""
    began = time.monotonic()
    rows, failures = [], {}
    # Postgres's own folder is its user's alone; what drivers write is this user's.
    server_folder, work_folder = folder / "server", folder / "work"
    for path in (server_folder, work_folder):
        path.mkdir()
    folder.chmod(0o711)
    with Cluster(options.postgres, server_folder) as cluster:
        bench = Bench(cluster, work_folder, options.batch)
        for turn in range(options.rounds):
            for system in chosen:
                if system.name in failures:
                    continue
                say(f"{system.name} {system.version}".rstrip() + (f", round {turn + 1}" if options.rounds > 1 else ""))
                try:
                    for row in measured(options, bench, system):
                        rows.append({"system": system.name, "round": turn + 1} | row)
                        say(f"    {row['measure']}{summary(row)}")
                except (DriverError, PostgresError) as error:
                    failures[system.name] = str(error)
                    say(f"    {error}")
        version = bench.server_version()
        bench.close()
    return {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 1),
        "revision": revision(),
        "machine": machine.describe(options.folder or pathlib.Path(tempfile.gettempdir())),
        "postgres": version,
        "python": sys.version.split()[0],
        "versions": {system.name: system.version for system in chosen},
        "rows": rows,
        "failures": failures,
    }


def measured(options: argparse.Namespace, bench: Bench, system: System):
    if "drain" in options.measure:
        for processes in options.processes:
            yield from bench.drain(system, system.jobs, processes)
    if "pick-up" in options.measure:
        yield from bench.pick_up(system, options.trickle)
    if "crash" in options.measure and system.unfinished:
        yield from bench.crash(system, system.jobs, 1)


def revision() -> str:
    """The commit that is checked out, with a plus when there are changes on top of it."""
    try:
        command = ["git", "--no-optional-locks", "describe", "--always", "--abbrev=12", "--dirty=+"]
        return subprocess.run(command, cwd=systems.HERE, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def summary(row: dict) -> str:
    match row["measure"]:
        case "enqueue":
            text = f" {row['per_s']:,.0f}/s"
        case "drain":
            text = f" by {row['processes']}: {row['recorded_per_s'] or row['handled_per_s']:,.0f}/s"
        case "pick-up":
            text = f" p50 {row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms"
        case _:
            text = f": {row['to_be_repeated']:,} to be repeated"
    return f"{text} (others {row['others_cpu']:.0%})"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def readable(result: dict, path: pathlib.Path) -> str:
    about = result["machine"]
    lines = [
        "",
        f"{about['processors']} processors ({about['processor']}), {about['memory_mb'] // 1024} GB,"
        f" {about['file_system']}, PostgreSQL {result['postgres']}, {result['seconds']:.0f} s",
        "",
        report.tables(result["rows"]),
        "",
        f"others: the share of this machine that other programs took meanwhile; * above {report.DOUBTFUL:.0%}:"
        " do not trust the row",
    ]
    if about["file_system"] == "tmpfs":
        lines.append("The database lay in memory: commits cost nothing here. Use --folder.")
    for row in result["rows"]:
        if row.get("handled_twice"):
            lines.append(f"{row['system']} handled {row['handled_twice']} jobs twice with {row['processes']} processes")
    lines += [f"{name} failed: {reason}" for name, reason in result["failures"].items()]
    return "\n".join([*lines, f"all figures: {path}"])


if __name__ == "__main__":
    sys.exit(main())
