"""What the machine's processors did, and who for, read from /proc."""

import os
import pathlib
import time
from typing import NamedTuple

TICK = os.sysconf("SC_CLK_TCK")


class Reading(NamedTuple):
    """Seconds so far: on the clock, of all processors' work, of the work of each process tree asked for."""

    clock: float
    busy: float
    trees: dict[str, float]

    def since(self, earlier: "Reading") -> "Usage":
        seconds = self.clock - earlier.clock
        trees = {name: max(0.0, total - earlier.trees.get(name, 0.0)) for name, total in self.trees.items()}
        # All that is measured hangs below this process.
        others = max(0.0, self.busy - earlier.busy - trees["all"])
        share = others / (seconds * (os.cpu_count() or 1)) if seconds > 0 else 0.0
        # Ticks are coarse: a short interval may seem to hold more than it can.
        return Usage(seconds, trees, min(1.0, share))


class Usage(NamedTuple):
    """What was used in an interval; `others` is the share of the whole machine that other programs took, 0 to 1."""

    seconds: float
    trees: dict[str, float]
    others: float


def read(**roots: int) -> Reading:
    """Reads the clocks of the trees below the given processes, and of this process's as `all`."""
    processes = _processes()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    totals = {name: _total(pid, processes, children) for name, pid in {"all": os.getpid(), **roots}.items()}
    return Reading(time.monotonic(), _busy(), totals)


def tree(root: int) -> list[int]:
    """The process and everything below it, parents first."""
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in _processes().items():
        children.setdefault(parent, []).append(pid)
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def _total(root: int, processes: dict, children: dict) -> float:
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return sum(processes[pid][1] for pid in found if pid in processes)


def _processes() -> dict[int, tuple[int, float]]:
    """Of each process its parent and its seconds of processor time, those of children it has buried included."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdecimal():
            continue
        try:
            stat = pathlib.Path("/proc", entry, "stat").read_text()
        except OSError:
            continue
        # The name stands in parentheses and may hold anything, more of them included.
        fields = stat[stat.rindex(")") + 2 :].split()
        found[int(entry)] = (int(fields[1]), sum(map(int, fields[11:15])) / TICK)
    return found


def _busy() -> float:
    """Seconds in which some processor was not idle; time the host took away counts as not idle."""
    first = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    user, nice, system, _, _, irq, softirq, steal = map(int, first[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def describe(folder: pathlib.Path) -> dict:
    """The machine, for whoever reads the figures later."""
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "processors": os.cpu_count(),
        "processor": model,
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "kernel": os.uname().release,
        "file_system": _file_system(folder),
    }


def _file_system(folder: pathlib.Path) -> str:
    path, best = str(folder.resolve()), ("", "unknown")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, mount, kind = line.split()[:3]
        if (path == mount or path.startswith(mount.rstrip("/") + "/")) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]
