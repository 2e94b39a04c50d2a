package import FoundationEssentials
import RawJSON

/// Shopify's Admin interface (GraphQL).
///
/// **Source**: shopify.dev, "GraphQL Admin API reference", version 2026-01; NOTES.md has what it does not say.
package struct ShopifyPlatform: Platform {
    package init() {}

    static let version = "2026-01"
    static let bucketName = "graphql"

    package var key: String { "shopify" }
    package var name: String { "Shopify" }
    package var apiVersion: String { Self.version }
    package var hosting: Hosting { .perMerchant(pattern: "https://{shop}.myshopify.com") }

    package var authentication: Authentication { ShopifyAuthentication.all }

    package var resources: [Resource] {
        [
            Resource(
                "orders", freshnessTarget: .seconds(300), children: ["order_line_items", "refund_line_items"],
                history: Self.history),
            Resource(
                "products", freshnessTarget: .seconds(900), children: ["product_variants"], history: Self.history),
            Resource("customers", freshnessTarget: .seconds(900), history: Self.history),
        ]
    }

    /// Walks are by time of change and bounded on both sides as it is.
    private static let history = History(by: .changed)

    /// The standard plan's bucket; other plans have more, and every answer says how much.
    package var buckets: [Bucket] {
        [Bucket(Self.bucketName, scope: .connection, capacity: 2000, refillPerSecond: 100)]
    }

    package func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        let query = try query(for: read.resource)
        let cursor = read.cursor?.decode(ShopifyCursor.self) ?? ShopifyCursor()
        if !cursor.pending.isEmpty { return Step(cursor.followUpsOfNextStep.map(ShopifyRequest.followUp)) }
        return Step([ShopifyRequest.page(query, walk: cursor.currentWalk(now: read.now), cursor: cursor)])
    }

    package func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        let query = try query(for: read.resource)
        let cursor = read.cursor?.decode(ShopifyCursor.self) ?? ShopifyCursor()
        guard let first = exchanges.first else {
            throw ReadFailure(UnifiedError(.internalBug, "a step without an answer"))
        }
        if first.request.purpose == ShopifyRequest.followUpPurpose {
            return try followUps(from: exchanges, cursor: cursor, query: query, rules: read.rules ?? ownRules)
        }
        return try mainPage(from: first, cursor: cursor, query: query, rules: read.rules ?? ownRules)
    }

    package func cursor(reading window: Window, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try Cursor(encoding: ShopifyCursor(reading: window, after: read.cursor?.decode(), now: read.now))
    }

    package func cursor(startingAt start: Date, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try Cursor(encoding: ShopifyCursor(startingAt: start, after: read.cursor?.decode()))
    }

    package var showcase: [SandboxShowcase] {
        [
            SandboxShowcase("atlas-outdoor", "orders", share: 1, changesPerSecond: 2),
            SandboxShowcase("kaffee-kontor", "orders", share: 0.2, changesPerSecond: 1),
            SandboxShowcase("tiny-press", "orders", share: 0.02, limitFactor: 1, spoiltShare: 0.05),
        ]
    }

    package func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
        ShopifySandboxStore(options)
    }

    private func query(for resource: String) throws(ReadFailure) -> ShopifyQuery {
        switch resource {
        case "orders": .orders
        case "products": .products
        case "customers": .customers
        default: throw ReadFailure(UnifiedError(.internalBug, "Shopify has no resource of this name"))
        }
    }
}
