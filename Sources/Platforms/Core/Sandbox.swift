package import FoundationEssentials

/// A simulated merchant on a platform: its records, its wire format, its limits and its refusals.
///
/// Deterministic for its options and the sequence of calls. It performs no I/O: the sandbox server owns the
/// sockets, and adds what is common to all platforms (latency, dropped connections, truncated bodies).
///
/// **Thread**: confined to whoever owns it; the server serialises calls for each store.
package protocol SandboxStore: AnyObject {
    /// Answers one request as the platform would, authentication and limits included.
    func respond(to request: SandboxRequest, now: Date) -> SandboxResponse

    /// Changes `count` records picked by the store's seed (edits; now and then a creation or a deletion), as
    /// the merchant's customers would.
    func change(count: Int, now: Date)

    /// What a complete and correct sync of this resource holds: every record as the connector's requests
    /// would show it now, in no particular order. Deleted records do not occur.
    func truth(resource: String) -> [SandboxRecord]

    /// Which requests were counted against which limit, and how often the limit was exceeded.
    var counters: SandboxCounters { get }

    /// The store's tokens, where it was made with credentials that are handed in for tokens.
    var tokens: SandboxTokenDesk? { get }
}

extension SandboxStore {
    package var tokens: SandboxTokenDesk? { nil }
}

/// How a simulated merchant is made.
package struct SandboxOptions: Sendable {
    package var seed: UInt64
    /// How many of each resource there are at first, e.g. `["orders": 20_000]`. What is not named gets a size
    /// in proportion.
    package var sizes: [String: Int]
    /// The credential values it accepts, by field name of the platform's ``Authentication``.
    package var credentials: [String: String]
    /// The time at which the store "is" when made: records are older than that.
    package var startsAt: Date
    /// Multiplies the platform's limits: 1 is the real thing.
    package var limitFactor: Double
    /// Share of records, 0 to 1, with nulls, wrong types and other spoilt fields.
    package var spoiltShare: Double
    /// Bytes that a record of the main resource is padded to; nil leaves it as it is.
    package var recordBytes: Int?
    /// How its token endpoint deals in tokens, where it has one.
    package var tokens: SandboxTokenRules
    /// What is peculiar to this merchant's server, in words of the platform's own, e.g. `language: fr`. A word that the
    /// platform does not know changes nothing.
    package var quirks: [String: String]

    package init(
        seed: UInt64, sizes: [String: Int] = [:], credentials: [String: String], startsAt: Date,
        limitFactor: Double = 1, spoiltShare: Double = 0, recordBytes: Int? = nil,
        tokens: SandboxTokenRules = SandboxTokenRules(), quirks: [String: String] = [:]
    ) {
        self.quirks = quirks
        self.tokens = tokens
        self.seed = seed
        self.sizes = sizes
        self.credentials = credentials
        self.startsAt = startsAt
        self.limitFactor = limitFactor
        self.spoiltShare = spoiltShare
        self.recordBytes = recordBytes
    }
}

/// A simulated merchant worth showing.
package struct SandboxShowcase: Sendable {
    /// The store's name: lower-case letters, digits and hyphens.
    package let name: String
    /// The resource that its size is told by.
    package let resource: String
    /// How many of these there are, as a share of what the demonstration is asked for.
    package let share: Double
    /// Multiplies the platform's limits: a demonstration is not to last for hours.
    package let limitFactor: Double
    package let spoiltShare: Double
    package let changesPerSecond: Double

    package init(
        _ name: String, _ resource: String, share: Double, limitFactor: Double = 10, spoiltShare: Double = 0,
        changesPerSecond: Double = 0.2
    ) {
        self.name = name
        self.resource = resource
        self.share = share
        self.limitFactor = limitFactor
        self.spoiltShare = spoiltShare
        self.changesPerSecond = changesPerSecond
    }
}

/// A request as the sandbox server received it, with the store's own prefix taken off the path.
package struct SandboxRequest: Sendable {
    package let method: String
    package let path: String
    /// Decoded query parameters, in order.
    package let query: [(name: String, value: String)]
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(
        method: String, path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// The first header of that name, whatever its case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name.lowercased() == name }?.value
    }

    /// Where the store is reached from outside, for answers that say where to go on.
    package var baseURL: String { "http://\(header("Host") ?? "localhost")\(header("X-Forwarded-Prefix") ?? "")" }
}

package struct SandboxResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// One record that a correct sync holds.
package struct SandboxRecord: Sendable {
    /// The raw resource it is stored under.
    package let resource: String
    package let id: String
    /// The payload as the connector receives it, as JSON.
    package let payload: [UInt8]

    package init(resource: String, id: String, payload: [UInt8]) {
        self.resource = resource
        self.id = id
        self.payload = payload
    }
}

/// What the simulated platform counted by itself: the judge of whether limits were kept.
package struct SandboxCounters: Sendable, Codable {
    package var requests: Int
    /// Requests answered with the platform's "too many requests".
    package var throttled: Int
    /// Answers that were errors of another kind.
    package var refused: Int

    package init(requests: Int = 0, throttled: Int = 0, refused: Int = 0) {
        self.requests = requests
        self.throttled = throttled
        self.refused = refused
    }
}

/// SplitMix64: the sandbox's randomness, so that a seed is all it takes to make a store again.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
