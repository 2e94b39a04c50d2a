package import FoundationEssentials

/// Stripe: payments and billing, read through the REST interface at `api.stripe.com`.
///
/// Lists are walked once; afterwards the event log says which objects changed, and those are fetched again. What
/// is peculiar about it is written down in `NOTES.md`.
package struct StripePlatform: Platform {
    package init() {}

    package var key: String { "stripe" }
    package var name: String { "Stripe" }
    package var apiVersion: String { "2026-06-24.dahlia" }

    package var hosting: Hosting { .shared(baseURL: "https://api.stripe.com") }

    package var authentication: Authentication {
        Authentication(
            fields: [
                Authentication.Field(
                    name: "api_key",
                    help: """
                        A restricted key (rk_live_…) that may read customers, products, prices, plans, \
                        subscriptions, invoices, charges, payment intents, refunds, balance transactions and \
                        events; made in the \
                        Stripe dashboard under Developers, API keys.
                        """)
            ],
            placement: .bearer(field: "api_key"))
    }

    package var resources: [Resource] { StripeStream.all.map(\.resource) }

    /// The sandbox's rates, which hold for live accounts as well (those have 100 a second): which mode a key is of
    /// is not known here.
    package var buckets: [Bucket] {
        [
            Bucket(StripeStream.accountBucket, scope: .connection, capacity: 25, refillPerSecond: 25, share: 0.7),
            Bucket("GET /v1/*", scope: .connection, capacity: 25, refillPerSecond: 25, share: 0.7),
        ]
    }

    /// With the publishable key, which is on every checkout page, a `client_secret` confirms or changes its payment. It is
    /// in payment intents, setup intents, sources and invoices' confirmations, wherever they are expanded, and in the
    /// addresses a customer is sent to.
    package var neverStored: NeverStored {
        NeverStored(everywhere: [
            "**.client_secret", "**.next_action.redirect_to_url.url", "**.next_action.use_stripe_sdk",
            "**.redirect.url",
        ])
    }

    package func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        let reading = try StripeReading(read, apiVersion: apiVersion, rules: read.rules ?? ownRules)
        return reading.step()
    }

    package func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        var reading = try StripeReading(read, apiVersion: apiVersion, rules: read.rules ?? ownRules)
        return try reading.page(from: exchanges)
    }

    package func cursor(reading window: Window, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try StripeReading(read, apiVersion: apiVersion, rules: read.rules ?? ownRules).cursor(reading: window)
    }

    package func cursor(startingAt start: Date, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try StripeReading(read, apiVersion: apiVersion, rules: read.rules ?? ownRules).cursor(startingAt: start)
    }

    package var showcase: [SandboxShowcase] {
        [
            SandboxShowcase("nimbus-saas", "customers", share: 0.2, limitFactor: 4, changesPerSecond: 1),
            SandboxShowcase(
                "tea-club", "customers", share: 0.04, limitFactor: 4, spoiltShare: 0.02, changesPerSecond: 0.5),
        ]
    }

    package func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
        StripeSandboxStore(options)
    }
}
