/// Recurly: subscriptions and billing, read through the REST interface of version 2021-02-25.
///
/// Every resource is a list that can be asked for what changed. What is peculiar about it is in `NOTES.md`.
package struct RecurlyPlatform: ListPlatform {
    package init() {}

    package var key: String { "recurly" }
    package var name: String { "Recurly" }
    package var apiVersion: String { "v2021-02-25" }

    /// A site is in one region; a key of one is unknown in the other.
    package var hosting: Hosting {
        .regional([
            .init("us", baseURL: "https://v3.recurly.com"), .init("eu", baseURL: "https://v3.eu.recurly.com"),
        ])
    }

    package var authentication: Authentication {
        Authentication(
            fields: [
                Authentication.Field(
                    name: "api_key",
                    help: """
                        A private API key of the site, read-only if you like; made in Recurly under Integrations, API \
                        Credentials. It does not expire.
                        """)
            ],
            placement: .basic(userField: "api_key", passwordField: nil))
    }

    /// The limit is the site's, whoever's key asks: a share is left to the merchant's own programs. A site in its
    /// sandbox mode has less, which its answers teach.
    package var buckets: [Bucket] {
        [Bucket(Self.siteBucket, scope: .connection, .window(limit: 5000, length: .seconds(300)), share: 0.7)]
    }

    package var limitHeaders: [LimitHeaders] {
        [
            LimitHeaders(
                bucket: Self.siteBucket, remaining: "X-RateLimit-Remaining",
                reset: WaitSource(.header("X-RateLimit-Reset"), .epoch))
        ]
    }

    /// Accounts are listed as a whole now and then because addresses may change without the account's `updated_at`, and
    /// line items because one that is on no invoice yet can be removed. Nothing else is ever removed: it gets a state.
    package var lists: [RecordList] {
        [
            list("accounts", every: 900, sweepEvery: .seconds(7 * 86_400)),
            list("plans", every: 3600),
            list("items", every: 3600),
            list("coupons", every: 3600),
            list("subscriptions", every: 300),
            list("invoices", every: 300),
            list("line_items", every: 300, sweepEvery: .seconds(7 * 86_400)),
            list("transactions", every: 300),
            list("credit_payments", every: 900),
        ]
    }

    /// A hosted login token signs in as the customer; a gateway token and a gateway's references stand for the card.
    package var neverStored: NeverStored {
        NeverStored(everywhere: [
            "**.hosted_login_token", "**.gateway_token", "**.payment_gateway_references", "**.action_result",
            "**.three_d_secure_action_token_id",
        ])
    }

    package func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
        ListSandboxStore(RecurlySandbox(options: options).plan(lists), options)
    }

    static let siteBucket = "site"
    static let accept = "application/vnd.recurly.v2021-02-25"

    /// Oldest change first is the one order that is safe to walk in: by the usual one a record that changes meanwhile
    /// moves in front of what is still to be shown.
    private static let order = [(name: "sort", value: "updated_at"), (name: "order", value: "asc")]

    /// - Parameter seconds: how old the newest fact may get.
    private func list(_ name: String, every seconds: Int64, sweepEvery: Duration? = nil) -> RecordList {
        RecordList(
            Resource(name, freshnessTarget: .seconds(seconds)), path: "/" + name, query: [("limit", "200")],
            headers: [("Accept", Self.accept)], records: "data",
            shape: .init(id: "id", updatedAt: "updated_at", createdAt: "created_at"),
            paging: .link(member: "next", more: "has_more"),
            // `updated_at` is the time on Recurly's servers, which no header of an answer tells: theirs may be a minute
            // behind ours, and what they stamp with it must not be older than where the next read begins.
            since: .init(
                "begin_time", bound: .request(less: .seconds(60)), overlap: .seconds(600), query: Self.order),
            sweepEvery: sweepEvery,
            history: .init(
                History(by: .created), from: "begin_time", to: "end_time",
                query: [("sort", "created_at"), ("order", "asc")]), demands: [BucketDemand(Self.siteBucket)])
    }
}
