"""The queues that are compared. To add one: write its driver, add a line here (README.md, "Add a queue")."""

import pathlib
import re
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = ROOT / ".portolan/peers-venv/bin/python3"


class System(NamedTuple):
    """A queue and how it is measured."""

    name: str
    version: str
    #: What to run with a verb after it.
    command: list[str]
    #: What an SQL statement says after FROM to see the jobs that are not recorded as finished, those that were handed
    #: to a worker included. Empty when nobody knows: then the clock stops when the handler has run them all.
    unfinished: str
    #: How many jobs take it a few seconds.
    jobs: int


def known(portolan: pathlib.Path) -> list[System]:
    return [
        System("portolan", "this tree", [str(portolan), "bench", "driver"], "portolan.jobs", 200_000),
        _python("procrastinate", "procrastinate_jobs WHERE status IN ('todo', 'doing')", 5_000),
        _python("pgqueuer", "pgqueuer", 60_000),
        _python("chancy", "chancy_jobs WHERE state IN ('pending', 'running', 'retrying')", 20_000),
    ]


def _python(name: str, unfinished: str, jobs: int) -> System:
    pinned = re.search(rf"^{name}==(\S+)", (HERE / "requirements.txt").read_text(), re.MULTILINE)
    command = [str(PYTHON), str(HERE / f"{name}_driver.py")]
    return System(name, pinned.group(1) if pinned else "", command, unfinished, jobs)
