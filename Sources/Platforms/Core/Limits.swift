/// A limit as a platform declares it: the capacity a bucket has, how it refills, and whom it is shared by.
package struct Bucket: Sendable {
    package enum Scope: String, Sendable {
        /// One bucket for all of our requests to the platform.
        case app
        /// One bucket for each connection.
        case connection
    }

    /// The platform's own name for it. Example: `graphql`. A bucket named with a trailing `*`, as in `GET /v1/*`, is a
    /// template: a demand for `GET /v1/customers` gets a bucket of its own with the template's capacity.
    package let name: String
    package let scope: Scope
    /// Tokens (or cost points) it holds when full.
    package let capacity: Double
    /// Tokens it regains each second.
    package let refillPerSecond: Double
    /// How much of what the platform allows is used, 0 to 1: the rest belongs to the merchant's own systems.
    package let share: Double

    package init(
        _ name: String, scope: Scope, capacity: Double, refillPerSecond: Double, share: Double = 1
    ) {
        self.name = name
        self.scope = scope
        self.capacity = capacity
        self.refillPerSecond = refillPerSecond
        self.share = share
    }

    /// Whether a demand of that name is served by this bucket, directly or as a template.
    package func serves(_ demandName: String) -> Bool {
        if name.hasSuffix("*") { return demandName.hasPrefix(name.dropLast()) }
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
}
