package import FoundationEssentials
import RawJSON

/// WooCommerce: shops on their merchants' own servers, read through WordPress's REST interface.
///
/// Lists are read in the order of their ids, and each page proves that none was left out between it and the page
/// before; what is peculiar about the interface is written down in `NOTES.md`.
package struct WooCommercePlatform: Platform {
    package init() {}

    /// How fast a shop is asked, and how many requests are under way at once.
    static let rateBucket = "rate"
    static let workersBucket = "workers"

    package var key: String { "woocommerce" }
    package var name: String { "WooCommerce" }
    package var apiVersion: String { "wc/v3" }
    package var hosting: Hosting { .selfHosted }
    package var authentication: Authentication { WooCommerceAuthentication.all }
    package var resources: [Resource] { WooCommerceStream.all.map(\.resource) }

    /// Nothing is published, since it is up to the merchant's server: two requests at once, and slower as soon as it
    /// says so. An answer may take minutes before a server gives up.
    package var buckets: [Bucket] {
        [
            Bucket(
                Self.rateBucket, scope: .connection,
                .adaptive(startPerSecond: 2, min: 0.05, max: 8, increasePerSecond: 0.02)),
            Bucket(Self.workersBucket, scope: .connection, .slots(limit: 2, holdMax: .seconds(300))),
        ]
    }

    /// An order's key opens its page and its payment to whoever has it.
    package var neverStored: NeverStored { Self.cut }

    private static let cut = NeverStored(in: [
        "orders": ["order_key", "payment_url"], "products": ["post_password"], "customers": ["password"],
    ])

    package func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        try WooCommerceReading(read, rules: read.rules ?? ownRules).step()
    }

    package func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        var reading = try WooCommerceReading(read, rules: read.rules ?? ownRules)
        return try reading.page(from: exchanges)
    }

    package func cursorAfterSilence(in read: StreamRead) -> Cursor? {
        (try? WooCommerceReading(read, rules: read.rules ?? ownRules))?.cursorAfterSilence
    }

    package func cursor(reading window: Window, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try WooCommerceReading(read, rules: read.rules ?? ownRules).cursor(reading: window)
    }

    package func cursor(startingAt start: Date, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try WooCommerceReading(read, rules: read.rules ?? ownRules).cursor(startingAt: start)
    }

    package func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
        WooCommerceSandboxStore(options)
    }
}
