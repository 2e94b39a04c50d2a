/// A limit as a platform declares it: how it counts, how much it allows, and whom it is shared by.
package struct Bucket: Sendable, Hashable {
    package enum Scope: String, Sendable {
        /// One bucket for all of our requests to the platform.
        case app
        /// One bucket for each connection.
        case connection
    }

    /// How the platform counts.
    package enum Kind: Sendable, Hashable {
        /// Holds tokens (or cost points) up to a capacity and regains them steadily.
        case tokens(capacity: Double, refillPerSecond: Double)
        /// So many in each period. Periods follow one another without overlap.
        case quota(limit: Double, resets: Reset)
        /// So many in any stretch of time of that length.
        case window(limit: Double, length: Duration)
        /// So many requests under way at once. A holder that dies gives its slot back after `holdMax`, which has to be
        /// longer than any request takes.
        case slots(limit: Double, holdMax: Duration)
        /// Nothing is published: the rate grows while all goes well and is halved when the platform refuses.
        case adaptive(startPerSecond: Double, min: Double, max: Double, increasePerSecond: Double)
    }

    /// When a quota begins anew.
    package enum Reset: Sendable, Hashable {
        /// At a time of the day on the clocks of a zone. Example: `.daily(hour: 0, minute: 0, timeZone:
        /// "America/Los_Angeles")`.
        case daily(hour: Int, minute: Int, timeZone: String)
        /// So long after the first request of a period, or when the platform's answers say
        /// (``LimitLesson/remaining(bucket:count:resetsIn:)``).
        case every(Duration)

        /// What a period lasts, but for the days on which clocks change.
        package var length: Duration {
            switch self {
            case .daily: .seconds(86_400)
            case .every(let length): length
            }
        }
    }

    /// The platform's own name for it. Example: `graphql`. A bucket named with a trailing `*`, as in `GET /v1/*`, is a
    /// template: a demand for `GET /v1/customers` gets a bucket of its own with the template's numbers. So an
    /// endpoint's limit can be counted for the app or for each connection.
    package let name: String
    package let scope: Scope
    package var kind: Kind
    /// How much of what the platform allows is used, 0 to 1: the rest belongs to the merchant's own systems.
    package var share: Double

    package init(_ name: String, scope: Scope, _ kind: Kind, share: Double = 1) {
        self.name = name
        self.scope = scope
        self.kind = kind
        self.share = share
    }

    /// A token bucket.
    package init(_ name: String, scope: Scope, capacity: Double, refillPerSecond: Double, share: Double = 1) {
        self.init(name, scope: scope, .tokens(capacity: capacity, refillPerSecond: refillPerSecond), share: share)
    }

    package var isTemplate: Bool { name.hasSuffix("*") }

    /// Whether a demand of that name is served by this bucket, directly or as a template.
    package func serves(_ demandName: String) -> Bool {
        if isTemplate { return demandName.hasPrefix(name.dropLast()) }
        return name == demandName
    }
}

/// The tokens a request takes from one bucket before it may be sent.
package struct BucketDemand: Sendable {
    package let bucket: String
    package let tokens: Double

    package init(_ bucket: String, tokens: Double = 1) {
        self.bucket = bucket
        self.tokens = tokens
    }
}

/// What an answer taught about a limit.
package enum LimitLesson: Sendable {
    /// The platform's own count: tokens left now, and where it says so the capacity and the refill rate.
    case level(bucket: String, available: Double, capacity: Double?, refillPerSecond: Double?)
    /// The request cost less than was taken for it: the difference goes back.
    case refund(bucket: String, tokens: Double)
    /// Nobody may send anything that needs this bucket for so long.
    case blocked(bucket: String, for: Duration)
    /// Of a quota or a window: requests left, and where it says so when the quota begins anew.
    case remaining(bucket: String, count: Double, resetsIn: Duration?)
    /// The platform refused because we were too fast. Slows an adaptive bucket; no other learns from it.
    case throttled(bucket: String)

    /// The bucket it is about.
    package var bucket: String {
        switch self {
        case .level(let bucket, _, _, _), .refund(let bucket, _), .blocked(let bucket, _),
            .remaining(let bucket, _, _), .throttled(let bucket):
            bucket
        }
    }
}

/// How urgent the work is that a request is sent for: who goes first where a bucket is short.
package enum LimitBand: Int, Sendable, CaseIterable {
    case urgent, incremental, report, backfill, housekeeping

    /// The band of that name, as in the queue's column `band`.
    package init?(named word: String) {
        guard let band = Self.allCases.first(where: { "\($0)" == word }) else { return nil }
        self = band
    }
}
