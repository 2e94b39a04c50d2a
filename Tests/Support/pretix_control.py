"""The control port of the pretix server: a test fills, edits and lists the shop through it."""

import json
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from pretix_fill import API, EVENTS, Shop

# The lists of the organizer and those of each event, with the member that names an object.
SHOP_LISTS = {
    "events": "slug",
    "customers": "identifier",
    "orders": "code",
    "orderpositions": "id",
    "invoices": "number",
}
EVENT_LISTS = {"categories": "id", "items": "id", "taxrules": "id", "quotas": "id"}


class Control:
    """The calls of the control port: JSON in and out. A failure is status 500 with the reason as text.

    POST /fill {"seed": 1, "customers": 20, "orders": 60}   makes them
    POST /edit {"seed": 2, "edits": 40}                     random edits; says which were done and which refused
    POST /tie {"orders": 30}                                gives that many orders one time of modification: now
    POST /call {"method", "path", "body"}                   one call of the REST interface, below the organizer
    GET  /list?include_canceled_positions=true              everything, a JSON line an object: kind, event, id, object;
                                                            the query goes along with each request for orders
    """

    def __init__(self, port: int, shop: dict):
        self.api = API(port, shop["token"])

    def found(self) -> None:
        """Makes what every shop has from the start: products."""
        Shop(self.api, 0).make_items()

    def fill(self, seed: int, customers: int = 0, orders: int = 0) -> dict:
        return Shop(self.api, seed).fill(customers, orders)

    def edit(self, seed: int, edits: int) -> dict:
        return Shop(self.api, seed).edit(edits)

    def tie(self, orders: int) -> dict:
        from django.utils.timezone import now
        from django_scopes import scopes_disabled
        from pretix.base.models import Order

        with scopes_disabled():
            chosen = list(Order.objects.order_by("-last_modified", "-pk").values_list("pk", "code")[:orders])
            moment = now()
            Order.objects.filter(pk__in=[key for key, _ in chosen]).update(last_modified=moment)
        return {"last_modified": moment.isoformat(), "codes": [code for _, code in chosen]}

    def call(self, method: str, path: str, body: object = None) -> object:
        return self.api.call(method, path, body)

    def list(self, query: dict) -> list:
        lines = []
        for kind, key in SHOP_LISTS.items():
            asked = query if kind in ("orders", "orderpositions") else {}
            for found in self.api.list(kind, **asked):
                lines.append({"kind": kind, "event": found.get("event"), "id": str(found[key]), "object": found})
        for event, _, _ in EVENTS:
            for kind, key in EVENT_LISTS.items():
                for found in self.api.list(f"events/{event}/{kind}"):
                    lines.append({"kind": kind, "event": event, "id": str(found[key]), "object": found})
        return lines

    def serve(self, listener) -> None:
        control = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                arguments = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
                name = self.path.strip("/")
                if name in ("fill", "edit", "tie", "call"):
                    self.answer(lambda: json.dumps(getattr(control, name)(**arguments)))
                else:
                    self.send_error(404)

            def do_GET(self) -> None:
                address = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(address.query).items()}
                if address.path == "/list":
                    self.answer(lambda: "".join(json.dumps(line) + "\n" for line in control.list(query)))
                else:
                    self.send_error(404)

            def answer(self, make) -> None:
                try:
                    status, text = 200, make()
                except Exception:
                    status, text = 500, traceback.format_exc()
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_) -> None:
                pass

        server = HTTPServer(listener.getsockname(), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = listener
        server.serve_forever()
