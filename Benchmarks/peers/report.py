"""The tables."""

#: From this share of the machine on, other programs make a row doubtful.
DOUBTFUL = 0.10


def tables(rows: list[dict]) -> str:
    """All of a run's rows as text, those of least noise where there are several of one kind."""
    best: dict[tuple, dict] = {}
    for row in rows:
        key = (row["system"], row["measure"], row.get("processes"))
        if key not in best or row["others_cpu"] < best[key]["others_cpu"]:
            best[key] = row
    parts = []
    for measure, title, columns in TABLES:
        found = [row for row in best.values() if row["measure"] == measure]
        if found:
            lines = [[cell(row) for _, cell in columns] for row in found]
            parts.append(title + "\n" + table([name for name, _ in columns], lines))
    return "\n\n".join(parts)


def table(head: list[str], lines: list[list[str]]) -> str:
    """Columns as wide as they need be, names to the left and figures to the right."""
    widths = [max(len(line[at]) for line in [head, *lines]) for at in range(len(head))]

    def laid_out(line: list[str]) -> str:
        first, *rest = (cell.ljust(w) if at == 0 else cell.rjust(w) for at, (cell, w) in enumerate(zip(line, widths)))
        return "  ".join([first, *rest]).rstrip()

    return "\n".join([laid_out(head), "-" * (sum(widths) + 2 * len(widths) - 2), *map(laid_out, lines)])


def others(row: dict) -> str:
    return f"{row['others_cpu']:.0%}" + ("*" if row["others_cpu"] > DOUBTFUL else " ")


def count(name: str):
    return lambda row: "-" if row.get(name) is None else f"{row[name]:,.0f}"


def decimal(name: str, places: int):
    return lambda row: "-" if row.get(name) is None else f"{row[name]:.{places}f}"


def megabytes(name: str):
    return lambda row: f"{row[name] / 1e6:.1f}"


SYSTEM = ("queue", lambda row: row["system"])
JOBS = ("jobs", count("jobs"))
PROCESSES = ("processes", count("processes"))
COSTS = [
    ("WAL B/job", count("wal_bytes_per_job")),
    ("commits/job", decimal("commits_per_job", 4)),
    ("server ms/job", decimal("server_cpu_ms_per_job", 4)),
]
OTHERS = ("others", others)

TABLES = [
    ("enqueue", "Bulk enqueue", [SYSTEM, JOBS, ("jobs/s", count("per_s")), *COSTS, OTHERS]),
    (
        "drain",
        "Drain",
        [
            SYSTEM, PROCESSES, JOBS, ("handled/s", count("handled_per_s")), ("recorded/s", count("recorded_per_s")),
            *COSTS, ("worker ms/job", decimal("worker_cpu_ms_per_job", 4)), OTHERS,
        ],
    ),
    (
        "drain",
        "Size before and after the drain, MB beyond an empty database",
        [SYSTEM, PROCESSES, JOBS, ("before", megabytes("size_before_bytes")), ("after", megabytes("size_after_bytes"))],
    ),
    (
        "pick-up",
        "Pick-up of a single job by an idle worker process, ms",
        [SYSTEM, JOBS, *((name, decimal(f"{name}_ms", 1)) for name in ("p50", "p90", "p99", "max")), OTHERS],
    ),
    (
        "crash",
        "Workers killed half way",
        [
            SYSTEM, PROCESSES, JOBS, ("handled", count("handled")), ("recorded", count("recorded")),
            ("to be repeated", count("to_be_repeated")), OTHERS,
        ],
    ),
]
