#!/usr/bin/env python3
"""Serves localstripe on 127.0.0.1 for tests, nothing of it kept on disk.

usage: localstripe_server.py PORT      0 takes a free port; the port is printed on the first line of stdout.

Its own start command binds every address and keeps its data in a fixed file below /tmp.
"""

import logging
import socket
import sys
import warnings

warnings.simplefilter("ignore", DeprecationWarning)

from aiohttp import web  # noqa: E402
from localstripe import resources  # noqa: E402
from localstripe.server import app  # noqa: E402


def main() -> None:
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    resources.Store.dump_to_disk = lambda store: None
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    listener.listen(128)
    print(listener.getsockname()[1], flush=True)
    web.run_app(app, sock=listener, access_log=None, print=None, shutdown_timeout=0.5)


if __name__ == "__main__":
    main()
