"""A private Postgres that lives as long as the benchmark."""

import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence

USER = "bench"
SENTINEL = "--end-of-answer--"


class PostgresError(Exception):
    pass


class Session:
    """One psql, kept running: a connection without a library."""

    def __init__(self, cluster: "Cluster", database: str):
        self.statements = 0
        self._process = subprocess.Popen(
            [cluster.program("psql"), "-XAtq", "-d", database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=cluster.environment(),
            text=True,
        )

    def run(self, statement: str) -> str:
        """Runs one statement and answers its rows as lines, columns divided by `|`."""
        self.statements += 1
        try:
            self._process.stdin.write(f"{statement};\n\\echo {SENTINEL} :ERROR\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        lines = []
        for line in self._process.stdout:
            if line.startswith(SENTINEL):
                if line.split()[1] == "true":
                    raise PostgresError("".join(lines).strip())
                return "".join(lines).rstrip("\n")
            lines.append(line)
        raise PostgresError("the connection ended: " + "".join(lines).strip())

    def number(self, statement: str) -> float:
        return float(self.run(statement))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.read()
        self._process.wait()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Cluster:
    """Postgres with its defaults, but for `max_connections`, where it listens, and passwords."""

    def __init__(self, programs: pathlib.Path, folder: pathlib.Path):
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        self._password = secrets.token_hex(16)
        self._port = _free_port()
        self._server: subprocess.Popen | None = None
        self._databases = 0

    @property
    def pid(self) -> int:
        return self._server.pid

    def program(self, name: str) -> str:
        return str(self._programs / name)

    def environment(self) -> dict[str, str]:
        """The harness's own connections: through the socket, untouched by PG… variables of the caller's."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return inherited | {
            "PGHOST": str(self._folder),
            "PGPORT": str(self._port),
            "PGUSER": USER,
            "PGPASSWORD": self._password,
            "PGCONNECT_TIMEOUT": "10",
        }

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    def __enter__(self) -> "Cluster":
        try:
            self._initialise()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is None:
            return
        # Fast, then immediate, then the hard way.
        for kind, patience in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            self._server.send_signal(kind)
            try:
                self._server.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        self._server = None

    def _as_server(self, command: Sequence[str]) -> list[str]:
        """Postgres refuses to run as root."""
        drop = []
        if os.geteuid() == 0:
            user = _unprivileged()
            drop = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        return ["setpriv", "--pdeathsig=INT", *drop, *command]

    def _initialise(self) -> None:
        password = self._folder / "password"
        password.touch(0o600)
        password.write_text(self._password)
        if os.geteuid() == 0:
            user = _unprivileged()
            for path in (self._folder, password):
                os.chown(path, user.pw_uid, user.pw_gid)
        command = self._as_server([
            self.program("initdb"), "--pgdata", str(self._data), "--username", USER, "--pwfile", str(password),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        ])
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=self.environment())
        password.unlink()
        if done.returncode:
            raise PostgresError(f"initdb failed: {done.stderr.strip()}")

    def _start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self._port,
            "unix_socket_directories": self._folder,
            "max_connections": 200,
        }
        command = self._as_server([self.program("postgres"), "-D", str(self._data)])
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("w") as log:
            self._server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=self.environment()
            )
        deadline = time.monotonic() + 60
        while subprocess.run([self.program("pg_isready"), "-q"], env=self.environment()).returncode:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise PostgresError(f"Postgres does not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def session(self, database: str = "postgres") -> Session:
        return Session(self, database)

    def create(self, session: Session) -> str:
        """An empty database of a name not used before."""
        self._databases += 1
        name = f"bench_{self._databases}"
        session.run(f"CREATE DATABASE {name}")
        return name

    def drop(self, session: Session, database: str) -> None:
        session.run(f"DROP DATABASE {database} WITH (FORCE)")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError("Postgres refuses to run as root, and there is neither a user postgres nor nobody")


def remove(folder: pathlib.Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
