"""What happens in a pretix shop: it is founded, filled, and edited at random from a seed.

Everything goes through pretix's own REST interface, but for what it does not offer: the organizer, the events, the
token, and the deletion of a customer.
"""

import http.client
import json
import random
from datetime import timedelta
from urllib.parse import urlencode

ORGANIZER = "harbour"
# The yen has no decimals, and the third event is one that sells nothing.
EVENTS = [("concert", "EUR", "Europe/Berlin"), ("fuji", "JPY", "Asia/Tokyo"), ("empty", "CHF", "Europe/Zurich")]
SELLING = ("concert", "fuji")
NAMES = ["Zoë Ångström", "Łukasz Żółć", "山田 太郎", "Renée O'Hara", "Ali 🦊 Fox", "Bob", "Ömer Çelik", "Иван Петров"]
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ3789"


def found_shop() -> dict:
    """Makes the organizer, its events and a token in the database, before anything is served."""
    from django.utils.timezone import now
    from django_scopes import scopes_disabled
    from pretix.base.models import Event, Organizer, Team
    from pretix.base.settings import GlobalSettingsObject

    with scopes_disabled():
        # No daily call home to ask for a newer version.
        GlobalSettingsObject().settings.set("update_check_perform", False)
        # Switched on for both, or an event does not have it.
        organizer = Organizer.objects.create(
            name="Harbour & Söhne", slug=ORGANIZER, plugins="pretix.plugins.banktransfer")
        organizer.settings.set("customer_accounts", True)
        for slug, currency, timezone in EVENTS:
            event = Event.objects.create(
                organizer=organizer, name={"en": slug.title(), "de": f"{slug.title()} auf Deutsch"}, slug=slug,
                currency=currency, date_from=now() + timedelta(days=90), live=True,
                plugins="pretix.plugins.banktransfer,pretix.plugins.manualpayment")
            for name, value in {
                "timezone": timezone, "locales": ["en", "de"], "locale": "en", "invoice_generate": "admin",
                "invoice_address_from": "Harbour 1", "invoice_language": "en",
            }.items():
                event.settings.set(name, value)
        team = Team.objects.create(
            organizer=organizer, name="Tests", all_events=True, all_event_permissions=True,
            all_organizer_permissions=True)
        token = team.tokens.create(name="tests").token
    return {"organizer": ORGANIZER, "events": [slug for slug, _, _ in EVENTS], "token": token}


class Refused(Exception):
    """pretix's refusal of a call."""

    def __init__(self, method: str, path: str, status: int, body: str):
        super().__init__(f"{method} {path}: {status} {body[:500]}")
        self.status = status


class API:
    """pretix's REST interface, below one organizer."""

    def __init__(self, port: int, token: str):
        self.port, self.token = port, token
        self.root = f"/api/v1/organizers/{ORGANIZER}/"

    def call(self, method: str, path: str, body: object = None) -> object:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(
                method, self.root + path, None if body is None else json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise Refused(method, path, answer.status, data.decode(errors="replace"))
        return json.loads(data) if data else None

    def post(self, path: str, body: object = None) -> dict:
        return self.call("POST", path, {} if body is None else body)

    def list(self, path: str, **query) -> list:
        """Every object of a list, all its pages."""
        found, page = [], 1
        while True:
            answer = self.call("GET", f"{path}/?{urlencode({'page_size': 50, **query, 'page': page})}")
            found += answer["results"]
            if not answer["next"]:
                return found
            page += 1


class Shop:
    """Makes and edits what the shop sells and has sold; all choices come from one random generator."""

    def __init__(self, api: API, seed: object):
        self.api, self.random = api, random.Random(f"pretix {seed}")
        self.items = {event: self.api.list(f"events/{event}/items") for event in SELLING}
        self.customers = [c["identifier"] for c in self.api.list("customers") if c["email"]]

    def make_items(self) -> None:
        for event in SELLING:
            tax = self.api.post(f"events/{event}/taxrules/", {"name": {"en": "VAT"}, "rate": "19.00"})["id"]
            category = self.api.post(f"events/{event}/categories/", {"name": {"en": "Tickets", "de": "Karten"}})["id"]
            self.make_item(event, "Seat", "23.00", category=category, tax_rule=tax, admission=True)
            self.make_item(event, "Cup", "4.00", category=category, tax_rule=tax)
            self.make_item(event, "Free entry", "0.00", admission=True)
            self.make_item(
                event, "Shirt", "19.00", tax_rule=tax, variations=[
                    {"value": {"en": size}, "active": True, "default_price": price, "position": position}
                    for position, (size, price) in enumerate([("S", None), ("M", "20.00"), ("XXL 🧥", "25.00")])])

    def make_item(self, event: str, name: str, price: str, **more) -> None:
        item = self.api.post(
            f"events/{event}/items/",
            {"name": {"en": name, "de": f"{name} (de)"}, "default_price": price, "active": True} | more)
        self.api.post(
            f"events/{event}/quotas/",
            {"name": name, "size": None, "items": [item["id"]], "variations": [v["id"] for v in item["variations"]]})
        self.items.setdefault(event, []).append(item)

    def make_customer(self) -> None:
        body = {
            "email": f"buyer{self.random.getrandbits(40):x}@example.org", "is_active": True, "is_verified": True,
            "name_parts": {"_scheme": "full", "full_name": self.random.choice(NAMES)},
            "locale": self.random.choice(["en", "de"]), "phone": self.random.choice([None, "+4930901820"]),
            "external_identifier": self.random.choice([None, f"crm-{self.random.getrandbits(30)}"]),
            "notes": self.random.choice([None, "pays late"]),
        }
        self.customers.append(self.api.post("customers/", body)["identifier"])

    def position(self, event: str) -> dict:
        item = self.random.choice(self.items[event])
        body = {"item": item["id"], "variation": None, "answers": []}
        if item["variations"]:
            body["variation"] = self.random.choice(item["variations"])["id"]
        if item["admission"]:
            body["attendee_name_parts"] = {"_scheme": "full", "full_name": self.random.choice(NAMES)}
            body["attendee_email"] = self.random.choice([None, "guest@example.org"])
        return body

    def make_order(self, event: str | None = None) -> dict:
        event = event or self.random.choice(SELLING)
        body = {
            "code": "".join(self.random.choices(CODE_LETTERS, k=8)),
            "email": self.random.choice(["one@example.org", "two@example.org", None]),
            "locale": self.random.choice(["en", "de"]), "sales_channel": "web",
            "status": self.random.choice("nnpp"), "payment_provider": self.random.choice(["banktransfer", "manual"]),
            "testmode": self.random.random() < 0.3, "comment": self.random.choice(["", "“quoted” \\ \n line"]),
            "positions": [self.position(event) for _ in range(self.random.choice([1, 1, 2, 3, 6]))],
            "require_approval": False, "fees": [],
        }
        if self.customers and self.random.random() < 0.5:
            body["customer"] = self.random.choice(self.customers)
        if self.random.random() < 0.3:
            body["fees"] = [{"fee_type": "shipping", "value": "5.00", "description": "Post", "tax_rule": None}]
        if self.random.random() < 0.5:
            company = self.random.random() < 0.4
            body["invoice_address"] = {
                "is_business": company, "company": "Ölmühle GmbH" if company else "", "street": "Kai 7\n2. OG",
                "zipcode": "20457", "city": "Hamburg", "country": "DE", "state": "", "internal_reference": "",
                "name_parts": {"_scheme": "full", "full_name": self.random.choice(NAMES)}, "vat_id": "",
            }
        if body["status"] == "n" and self.random.random() < 0.15:
            body["require_approval"] = True
        return self.api.post(f"events/{event}/orders/", body)

    def fill(self, customers: int, orders: int) -> dict:
        """Makes customers and orders; a seed can do so once in a shop, as order codes come from it."""
        for _ in range(customers):
            self.make_customer()
        for _ in range(orders):
            self.make_order()
        return {"customers": customers, "orders": orders}

    # Edits. Each is given an order as pretix shows it, and the order's path.

    def pay(self, order: dict, path: str) -> None:
        self.api.post(path + "mark_paid/", {"send_email": False})

    def pay_in_part(self, order: dict, path: str) -> None:
        self.api.post(
            path + "payments/", {"state": "confirmed", "amount": "1.00", "provider": "manual", "send_email": False})

    def promise(self, order: dict, path: str) -> None:
        self.api.post(path + "payments/", {"state": "created", "amount": order["total"], "provider": "banktransfer"})

    def refund(self, order: dict, path: str) -> None:
        paid = [payment["local_id"] for payment in order["payments"] if payment["state"] == "confirmed"]
        state = self.random.choice(["created", "done", "done", "failed"])
        self.api.post(path + "refunds/", {
            "state": state, "source": "admin", "amount": "1.00", "payment": self.random.choice(paid or [None]),
            "provider": "manual", "comment": "too loud", "mark_pending": self.random.random() < 0.3})

    def finish_refund(self, order: dict, path: str) -> None:
        waiting = [refund["local_id"] for refund in order["refunds"] if refund["state"] in ("created", "transit")]
        self.api.post(f"{path}refunds/{waiting[0] if waiting else 99}/{self.random.choice(['done', 'cancel'])}/")

    def mark_refunded(self, order: dict, path: str) -> None:
        self.api.post(path + "mark_refunded/")

    def cancel(self, order: dict, path: str) -> None:
        fee = self.random.choice([None, None, "1.00"]) if order["status"] == "p" else None
        self.api.post(path + "mark_canceled/", {"send_email": False, "cancellation_fee": fee})

    def reactivate(self, order: dict, path: str) -> None:
        self.api.post(path + "reactivate/")

    def expire(self, order: dict, path: str) -> None:
        self.api.post(path + "mark_expired/")

    def decide(self, order: dict, path: str) -> None:
        self.api.post(path + self.random.choice(["approve/", "deny/"]), {"send_email": False})

    def rewrite(self, order: dict, path: str) -> None:
        self.api.call("PATCH", path, {
            "email": f"new{self.random.randrange(999)}@example.org", "comment": self.random.choice(["", "🦊", "VIP"])})

    def rename_guest(self, order: dict, path: str) -> None:
        position = self.random.choice(order["positions"] or [{"id": 0}])
        self.api.call("PATCH", f"{path.split('orders/')[0]}orderpositions/{position['id']}/", {
            "attendee_name_parts": {"_scheme": "full", "full_name": self.random.choice(NAMES)}})

    def drop_position(self, order: dict, path: str) -> None:
        position = self.random.choice(order["positions"] or [{"id": 0}])
        self.api.call("DELETE", f"{path.split('orders/')[0]}orderpositions/{position['id']}/")

    def invoice(self, order: dict, path: str) -> None:
        self.api.post(path + "create_invoice/")

    def delete_order(self, order: dict, path: str) -> None:
        self.api.call("DELETE", path)

    # Edits of everything else.

    def another_order(self) -> None:
        self.make_order()

    def change_customer(self) -> None:
        body = {"notes": f"note {self.random.randrange(999)}", "is_active": self.random.random() < 0.8}
        self.api.call("PATCH", f"customers/{self.random.choice(self.customers)}/", body)

    def anonymize_customer(self) -> None:
        self.api.post(f"customers/{self.customers.pop(self.random.randrange(len(self.customers)))}/anonymize/")

    def delete_customer(self) -> None:
        """pretix offers no way to do this but its own database; an order of the customer stays."""
        from django_scopes import scopes_disabled
        from pretix.base.models import Customer

        with scopes_disabled():
            customer = Customer.objects.get(
                identifier=self.customers.pop(self.random.randrange(len(self.customers))))
            customer.orders.update(customer=None)
            customer.delete()

    def change_item(self) -> None:
        event = self.random.choice(SELLING)
        item = self.random.choice(self.items[event])
        path = f"events/{event}/items/{item['id']}/"
        price = f"{self.random.randrange(1, 90)}.00"
        if item["variations"]:
            path += f"variations/{self.random.choice(item['variations'])['id']}/"
        self.api.call("PATCH", path, {"default_price": price})

    def another_item(self) -> None:
        self.make_item(self.random.choice(SELLING), f"Poster {self.random.randrange(999)}", "7.00")

    def delete_item(self) -> None:
        """pretix refuses what was ever sold."""
        event = self.random.choice(SELLING)
        item = self.random.choice(self.items[event])
        self.api.call("DELETE", f"events/{event}/items/{item['id']}/")
        self.items[event].remove(item)

    def rename_category(self) -> None:
        event = self.random.choice(SELLING)
        category = self.random.choice(self.api.list(f"events/{event}/categories"))["id"]
        self.api.call(
            "PATCH", f"events/{event}/categories/{category}/", {"name": {"en": f"Room {self.random.randrange(99)}"}})

    def edit(self, edits: int) -> dict:
        """Makes `edits` random edits; those that pretix refuses are counted apart and do not count as one."""
        by_status = {
            "n": [self.pay, self.pay, self.pay_in_part, self.promise, self.cancel, self.expire, self.decide],
            "p": [self.refund, self.refund, self.finish_refund, self.mark_refunded, self.cancel, self.invoice],
            "e": [self.pay, self.cancel], "c": [self.reactivate, self.refund],
        }
        always = [self.rewrite, self.rename_guest, self.drop_position, self.delete_order]
        others = [
            self.another_order, self.another_order, self.another_order, self.change_customer, self.anonymize_customer,
            self.delete_customer, self.change_item, self.another_item, self.delete_item, self.rename_category,
        ]
        done, refused, left = {}, {}, edits
        while left and sum(refused.values()) < 20 + 10 * edits:
            order = None
            if self.random.random() < 0.6:
                listed = self.api.call("GET", "orders/?page_size=1&page=1")
                order = self.api.call(
                    "GET", f"orders/?page_size=1&ordering=code&page={self.random.randint(1, listed['count'])}"
                )["results"][0] if listed["count"] else None
            act = self.random.choice(by_status[order["status"]] + always if order else others)
            try:
                if order:
                    act(order, f"events/{order['event']}/orders/{order['code']}/")
                else:
                    act()
                done[act.__name__] = done.get(act.__name__, 0) + 1
                left -= 1
            except (Refused, IndexError, ValueError) as error:
                if isinstance(error, Refused) and error.status not in (400, 403, 404):
                    raise
                refused[act.__name__] = refused.get(act.__name__, 0) + 1
        return {"done": done, "refused": refused}
