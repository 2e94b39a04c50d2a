package import FoundationEssentials
import RawJSON

/// Amazon's Selling Partner API.
///
/// **Source**: amzn/selling-partner-api-models and developer-docs.amazon.com/sp-api; NOTES.md has what they do not say.
package struct AmazonPlatform: Platform {
    package init() {}

    package var key: String { "amazon" }
    package var name: String { "Amazon" }
    /// Every interface has a version of its own: these are orders, finances and reports.
    package var apiVersion: String { "orders-v0 finances-v0 reports-2021-06-30" }
    package var hosting: Hosting {
        .regional([
            .init("na", baseURL: "https://sellingpartnerapi-na.amazon.com"),
            .init("eu", baseURL: "https://sellingpartnerapi-eu.amazon.com"),
            .init("fe", baseURL: "https://sellingpartnerapi-fe.amazon.com"),
        ])
    }
    package var authentication: Authentication { AmazonAuthentication.all }

    package var settings: [Setting] {
        [
            Setting(
                AmazonMarketplaces.setting,
                help: "Identifiers of the marketplaces to read, with commas between; looked up where nothing is said.",
                example: "ATVPDKIKX0DER,A2EUQ1WTGCTBG2", standard: ""),
            Setting(
                AmazonAuthentication.tokenURLSetting, help: "Address of the token endpoint, for a sandbox.",
                example: "http://127.0.0.1:8686/amazon/demo/auth/o2/token", standard: AmazonAuthentication.tokenURL),
        ]
    }

    /// Orders have a lane of their own, because their items are asked for one order at a time; so have reports, which
    /// spend their time waiting.
    package var resources: [Resource] {
        [
            Resource(
                "orders", freshnessTarget: .seconds(900), lane: "orders", children: ["order_items"],
                history: AmazonOrders.history),
            Resource(
                "financial_events", freshnessTarget: .seconds(7200), lane: "finances", history: AmazonFinances.history),
            Resource(
                "financial_event_groups", freshnessTarget: .seconds(21_600), lane: "finances",
                history: AmazonFinances.history),
        ]
            + AmazonReport.all.map {
                Resource(
                    $0.resource, kind: .report, freshnessTarget: $0.freshness, lane: "reports", history: $0.history)
            }
    }

    package var buckets: [Bucket] { AmazonOperation.allCases.map(\.declaration) }

    package func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        switch try stream(of: read.resource) {
        case .orders: AmazonOrders(read).nextStep()
        case .finances(let kind): AmazonFinances(kind, read).nextStep()
        case .report(let report): try AmazonReports(report, read).nextStep()
        }
    }

    package func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        let rules = read.rules ?? ownRules
        guard let first = exchanges.first else {
            throw ReadFailure(UnifiedError(.internalBug, "a step without an answer"))
        }
        return switch try stream(of: read.resource) {
        case .orders: try AmazonOrders(read).page(from: exchanges, rules)
        case .finances(let kind): try AmazonFinances(kind, read).page(from: first, rules)
        case .report(let report): try AmazonReports(report, read).page(from: first, rules)
        }
    }

    package func cursor(reading window: Window, in read: StreamRead) throws(ReadFailure) -> Cursor {
        switch try stream(of: read.resource) {
        case .orders: try AmazonOrders(read).cursor(reading: window)
        case .finances(let kind): try AmazonFinances(kind, read).cursor(reading: window)
        case .report(let report): try AmazonReports(report, read).cursor(reading: window)
        }
    }

    package func cursor(startingAt start: Date, in read: StreamRead) throws(ReadFailure) -> Cursor {
        switch try stream(of: read.resource) {
        case .orders: try AmazonOrders(read).cursor(startingAt: start)
        case .finances(let kind): try AmazonFinances(kind, read).cursor(startingAt: start)
        case .report(let report): try AmazonReports(report, read).cursor(startingAt: start)
        }
    }

    /// Reports take as long as they take, and two years of them are asked for at first: a demonstration is over sooner.
    package var showcase: [SandboxShowcase] { [] }

    package func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore { AmazonSandboxStore(options) }

    private enum Stream {
        case orders
        case finances(AmazonFinances.Kind)
        case report(AmazonReport)
    }

    private func stream(of resource: String) throws(ReadFailure) -> Stream {
        switch resource {
        case "orders": return .orders
        case "financial_events": return .finances(.events)
        case "financial_event_groups": return .finances(.groups)
        default:
            guard let report = AmazonReport.all.first(where: { $0.resource == resource }) else {
                throw ReadFailure(UnifiedError(.internalBug, "Amazon has no resource of this name"))
            }
            return .report(report)
        }
    }
}
