import FoundationEssentials

/// The shop's points: a leaky bucket as Shopify keeps it, for one app and one shop.
struct ShopifySandboxBucket {
    private let capacity: Double
    private let restoreRate: Double
    private(set) var available: Double
    private var refilledAt: Date?

    init(factor: Double) {
        capacity = 2000 * factor
        restoreRate = 100 * factor
        available = capacity
    }

    mutating func refill(now: Date) {
        if let refilledAt, now > refilledAt {
            available = min(capacity, available + now.timeIntervalSince(refilledAt) * restoreRate)
        }
        refilledAt = max(now, refilledAt ?? now)
    }

    /// Reserves the whole cost of a query. False when it does not fit.
    mutating func take(_ points: Double) -> Bool {
        // A waiter who comes back to the millisecond must not fail by a rounding.
        guard points <= available + 0.001 else { return false }
        available = max(0, available - points)
        return true
    }

    mutating func giveBack(_ points: Double) { available = min(capacity, available + points) }

    func costText(_ requested: Double, _ actual: Double?) -> String {
        """
        {"requestedQueryCost":\(Int(requested)),"actualQueryCost":\(actual.map { String(Int($0)) } ?? "null"),\
        "throttleStatus":{"maximumAvailable":\(capacity),"currentlyAvailable":\(Int(available)),\
        "restoreRate":\(restoreRate)}}
        """
    }
}

/// What a query may cost at most: an object one point, a connection two and the weight of its length times a node.
enum ShopifySandboxCost {
    static func requested(_ selection: ShopifySandboxSelection, variables: [String: ShopifySandboxArgument]) -> Double {
        var plain = 0.0
        var fragments: [String: Double] = [:]
        for item in selection.items {
            guard let below = item.selection else { continue }
            var cost: Double
            switch item.kind {
            case .field where item.shape == .connection:
                let renderer = ShopifySandboxRenderer(variables: variables, capacity: 0)
                let first = renderer.number(item.arguments["first"]) ?? renderer.number(item.arguments["last"])
                let node = below.items.reduce(0) { sum, part in
                    guard let nodes = part.selection, part.kind == .nodes || part.kind == .edges else { return sum }
                    return sum + (part.kind == .nodes ? 1 : 0) + requested(nodes, variables: variables)
                }
                cost = 2 + (first.map(ShopifyQuery.weight(of:)) ?? 0) * node
            case .field, .node: cost = 1 + requested(below, variables: variables)
            default: cost = 0
            }
            if let condition = item.condition { fragments[condition, default: 0] += cost } else { plain += cost }
        }
        return plain + (fragments.values.max() ?? 0)
    }
}

enum ShopifySandboxErrors {
    static func throttled(_ requested: Double, _ bucket: ShopifySandboxBucket) -> [UInt8] {
        Array(
            """
            {"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED","documentation":\
            "https://shopify.dev/api/usage/rate-limits"}}],"extensions":{"cost":\(bucket.costText(requested, nil))}}
            """.utf8)
    }

    static func maxCost(_ cost: Int) -> [UInt8] {
        Array(
            """
            {"errors":[{"message":"Query cost is \(cost), which exceeds the single query max cost limit (1000).\\n\\n\
            See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the\\ncost of a query is \
            calculated.\\n","extensions":{"code":"MAX_COST_EXCEEDED","cost":\(cost),"maxCost":1000,"documentation":\
            "https://shopify.dev/api/usage/limits#rate-limits"}}]}
            """.utf8)
    }
}

extension ShopifySandboxQueryError {
    /// The answer, status 200, that carries the error.
    var body: [UInt8] {
        var renderer = ShopifySandboxRenderer(variables: [:])
        renderer.out += Array("{\"errors\":[{\"message\":".utf8)
        renderer.string(message)
        renderer.out += Array(",\"locations\":[{\"line\":\(line),\"column\":\(column)}],\"path\":[".utf8)
        for (index, name) in path.enumerated() {
            if index > 0 { renderer.out.append(UInt8(ascii: ",")) }
            renderer.string(name)
        }
        renderer.out += Array("],\"extensions\":{\"code\":".utf8)
        renderer.string(code)
        for (name, value) in details {
            renderer.out.append(UInt8(ascii: ","))
            renderer.string(name)
            renderer.out.append(UInt8(ascii: ":"))
            renderer.string(value)
        }
        renderer.out += Array("}}]}".utf8)
        return renderer.out
    }
}

/// Records as they were written before, for those asked for again: bounded, and emptied when full.
struct ShopifySandboxRenderings {
    private struct Key: Hashable {
        let selection: ObjectIdentifier
        let number: Int
        let version: Int
    }

    private var known: [Key: (bytes: [UInt8], cost: Double)] = [:]
    private var bytes = 0
    private static let bytesMax = 2 * 1024 * 1024

    mutating func removeAll() {
        known.removeAll()
        bytes = 0
    }

    func find(_ selection: ShopifySandboxSelection, _ number: Int, _ version: Int) -> (bytes: [UInt8], cost: Double)? {
        known[Key(selection: ObjectIdentifier(selection), number: number, version: version)]
    }

    mutating func keep(
        _ selection: ShopifySandboxSelection, _ number: Int, _ version: Int, bytes rendering: ArraySlice<UInt8>,
        cost: Double
    ) {
        if bytes + rendering.count > Self.bytesMax { removeAll() }
        guard rendering.count < Self.bytesMax / 8 else { return }
        bytes += rendering.count
        known[Key(selection: ObjectIdentifier(selection), number: number, version: version)] = (Array(rendering), cost)
    }
}
