import FoundationEssentials

/// pretix, the ticket shop: one organizer on pretix's hosted service or on a server of the merchant's own, read through
/// its REST interface.
///
/// What is peculiar about it is written down in `NOTES.md`.
package struct PretixPlatform: ListPlatform {
    package init() {}

    package var key: String { "pretix" }
    package var name: String { "pretix" }
    package var apiVersion: String { "v1" }

    package var hosting: Hosting { .selfHosted }

    package var settings: [Setting] {
        [
            Setting(
                "organizer",
                help: "The organizer's short name: what follows the server's name in the address of the shop.",
                example: "harbour")
        ]
    }

    package var authentication: Authentication {
        Authentication(methods: [
            Authentication.Method(
                "token", "A token of a team.",
                fields: [
                    .init(
                        name: "api_token",
                        help: """
                            Made in pretix under Organizer, Teams: the team needs all events, and the permissions to view \
                            orders and to manage customers.
                            """)
                ],
                placement: .scheme("Token", field: "api_token"))
        ])
    }

    static let bucket = "requests"

    /// The server counts nothing, and one on a small machine takes half a second for a page.
    package var buckets: [Bucket] {
        [
            Bucket(
                Self.bucket, scope: .connection,
                .adaptive(startPerSecond: 4, min: 0.05, max: 10, increasePerSecond: 0.05))
        ]
    }

    /// What opens an order, or a door: whoever has an order's address can change and cancel it.
    package var neverStored: NeverStored {
        NeverStored(in: [
            "orders": Self.orderSecrets, "order_payments": Self.orderSecrets,
        ])
    }

    private static let orderSecrets = [
        "secret", "url", "positions.*.secret", "positions.*.pseudonymization_id", "payments.*.payment_url",
    ]

    // MARK: - Lists

    package var lists: [RecordList] { Self.lists }

    private static let organizer = "/api/v1/organizers/{organizer}/"

    private static let lists = [orders, orderPayments, events, items, customers]

    /// Without what may change while `last_modified` stays: payments, refunds and the customer are ``orderPayments``'.
    private static let orders = list(
        Resource("orders", freshnessTarget: .seconds(300)), "orders/", id: "code",
        query: [
            ("ordering", "-datetime"), ("include_canceled_positions", "true"), ("include_canceled_fees", "true"),
            ("exclude", "payments"), ("exclude", "refunds"), ("exclude", "customer"), ("exclude", "secret"),
            ("exclude", "url"),
        ], updatedAt: "last_modified", createdAt: "datetime", sweepEvery: .seconds(86_400),
        history: .init(History(by: .created), from: "created_since", to: "created_before"))

    /// Of each order what may change while `last_modified` stays: a tenth of the order, so that all of them can be looked
    /// at every hour.
    private static let orderPayments = list(
        Resource("order_payments", freshnessTarget: .seconds(300)), "orders/", id: "code",
        query: [("ordering", "-datetime")]
            + ["code", "event", "testmode", "customer", "datetime", "last_modified", "payments", "refunds"].map {
                ("include", $0)
            }, updatedAt: "last_modified", createdAt: "datetime", sweepEvery: .seconds(3600))

    private static let events = plain("events", "events/", id: "slug", lasting: .one)

    static let items = plain("items", "events/{\(PretixItems.event)}/items/", id: "id", lasting: .one)

    private static let customers = plain(
        "customers", "customers/", id: "identifier", updatedAt: "last_modified", createdAt: "date_joined")

    /// Orders can be asked for what changed. Newest first in either way, so that nothing is pushed over the edge of a
    /// page that was read: what is new, and what changes, comes before it.
    private static func list(
        _ resource: Resource, _ path: String, id: String, query: [(name: String, value: String)], updatedAt: String,
        createdAt: String, sweepEvery: Duration, history: RecordList.Past? = nil
    ) -> RecordList {
        RecordList(
            resource, path: organizer + path, query: [("page_size", "50")] + query, headers: headers,
            records: "results",
            shape: .init(id: id, updatedAt: updatedAt, createdAt: createdAt), paging: paging,
            since: .init(
                "modified_since", bound: .header("X-Page-Generated"), overlap: .seconds(300),
                query: [("ordering", "-last_modified")]),
            sweepEvery: sweepEvery, lasting: .unless("testmode"), history: history, demands: [BucketDemand(bucket)])
    }

    /// All else cannot.
    private static func plain(
        _ name: String, _ path: String, id: String, updatedAt: String? = nil, createdAt: String? = nil,
        lasting: RecordList.Lasting? = nil
    ) -> RecordList {
        RecordList(
            Resource(name, freshnessTarget: .seconds(3600)), path: organizer + path, query: [("page_size", "50")],
            headers: headers, records: "results", shape: .init(id: id, updatedAt: updatedAt, createdAt: createdAt),
            paging: paging,
            lasting: lasting, demands: [BucketDemand(bucket)])
    }

    /// Refusals are in the language that is asked for.
    private static let headers = [(name: "Accept-Language", value: "en")]

    private static let paging = RecordList.Paging.link(member: "next", count: "count")

    // MARK: - Reading

    package func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        if read.resource == "items" { return try PretixItems(read, of: self).step() }
        return try ListReading(read, of: self).step()
    }

    package func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        if read.resource == "items" {
            var items = PretixItems(read, of: self)
            return try items.page(from: exchanges)
        }
        var reading = try ListReading(read, of: self)
        return try reading.page(from: exchanges)
    }

    package func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
        ListSandboxStore(PretixSandbox(options).plan(lists), options)
    }
}
