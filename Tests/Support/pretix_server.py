#!/usr/bin/env python3
"""Serves pretix on 127.0.0.1 for tests: a shop of its own in one SQLite file, no e-mail, nothing fetched from anywhere.

usage: pretix_server.py PORT FOLDER [TEMPLATE]   serves until its parent ends; 0 takes a free port
       pretix_server.py --template TEMPLATE      makes the empty database that each server starts from (a minute)

FOLDER takes everything the server writes; TEMPLATE is .portolan/pretix-template of this repository unless told.
The first line of stdout is one JSON object: port, control_port, token (of the REST API), organizer, events.
The control port makes, changes and lists what the shop holds; its calls are those of pretix_control.Control.
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import stat
import sys
import threading
from pathlib import Path

SUPPORT = Path(__file__).resolve().parent
TEMPLATE = SUPPORT.parent.parent / ".portolan" / "pretix-template"
WORKERS = 2
PR_SET_PDEATHSIG = 1


def end_with_parent(*_) -> None:
    """Has the kernel end this process the moment its parent ends."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def end_with_stdin() -> None:
    """Ends the server when its standard input is a pipe and that is closed."""
    mode = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def refuse_other_hosts() -> None:
    """Nothing in this process may connect to, or ask for the address of, anything but this machine."""

    here = ("127.0.0.1", "::1", "localhost", "", None)

    def hook(event: str, arguments: tuple) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in here:
            raise PermissionError(f"no connection may leave this machine: {arguments[1][0]}")
        if event == "socket.getaddrinfo" and arguments[0] not in here:
            raise PermissionError(f"no name may be looked up: {arguments[0]}")

    sys.addaudithook(hook)


def load_pretix(folder: Path, port: int) -> None:
    """Makes pretix importable, with its data in `folder`."""
    for name in [name for name in os.environ if name.startswith(("PRETIX_", "FILE__PRETIX_"))]:
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "pretix_settings",
        "PRETIX_CONFIG_FILE": os.devnull,
        "PRETIX_PRETIX_DATADIR": str(folder),
        "PRETIX_PRETIX_URL": f"http://127.0.0.1:{port}",
    }
    sys.path.insert(0, str(SUPPORT))
    import django

    django.setup()


def make_template(folder: Path) -> None:
    """Migrates an empty database into `folder`, which appears only when it is complete."""
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    load_pretix(unfinished, 0)
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        # One file without a log beside it can be copied.
        cursor.execute("pragma journal_mode=delete")
    connection.close()
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def listener(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(128)
    return made


def serve_control(control: socket.socket, port: int, shop: dict) -> None:
    """Runs in a process of its own; says on stdout that everything is ready."""
    end_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from pretix_control import Control

    served = Control(port, shop)
    served.found()
    print(json.dumps(shop | {"port": port, "control_port": control.getsockname()[1]}), flush=True)
    served.serve(control)


def serve(port: int, folder: Path, template: Path) -> None:
    if not (template / "db.sqlite3").exists():
        sys.exit(f"{template} is missing: run scripts/setup.sh --tests")
    end_with_parent()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template / "db.sqlite3", folder / "db.sqlite3")
    # Open from now on: whoever connects early waits for the first worker instead of being refused.
    public, control = listener(port), listener(0)
    refuse_other_hosts()
    port = public.getsockname()[1]
    load_pretix(folder, port)

    from django.core.wsgi import get_wsgi_application
    from django.db import connections
    from django.urls import get_resolver
    from gunicorn.app.base import BaseApplication
    from pretix_fill import found_shop

    application = get_wsgi_application()
    # Once here instead of in each worker at its first request.
    get_resolver().url_patterns  # noqa: B018
    shop = found_shop()
    connections.close_all()
    if os.fork() == 0:
        serve_control(control, port, shop)
        os._exit(0)
    control.close()
    end_with_stdin()

    class Server(BaseApplication):
        def load_config(self) -> None:
            settings = {
                "bind": [f"fd://{public.fileno()}"],
                "workers": WORKERS,
                "preload_app": True,
                "post_fork": lambda server, worker: end_with_parent(),
                "timeout": 300,
                "graceful_timeout": 1,
                "worker_tmp_dir": str(folder),
                "control_socket_disable": True,
                "loglevel": "error",
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self):
            return application

    Server().run()


def main() -> None:
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == "--template":
        refuse_other_hosts()
        make_template(Path(arguments[1]).absolute())
    elif len(arguments) in (2, 3) and arguments[0].isdigit():
        template = Path(arguments[2]) if len(arguments) == 3 else TEMPLATE
        serve(int(arguments[0]), Path(arguments[1]).absolute(), template.absolute())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
