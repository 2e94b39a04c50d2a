package import Platforms

/// Which bucket a row of the ledger is about.
package struct LedgerKey: Sendable, Hashable {
    package let platform: String
    package let owner: BucketOwner
    package let bucket: String

    package init(platform: String, owner: BucketOwner, bucket: String) {
        self.platform = platform
        self.owner = owner
        self.bucket = bucket
    }
}

/// What the ledger gave of a quota.
package struct QuotaDraw: Sendable, Hashable {
    /// Requests that may be sent now; they count as sent from here on.
    package var drawn: Int64
    /// Which period it is: grows from one to the next.
    package var period: Double
    /// Microseconds until nothing more may be sent in this period; not positive when that is already so. A little
    /// before the period's end, because clocks differ and requests take their time.
    package var closesIn: Double
    /// Microseconds until the next period may be drawn from: a little after the end.
    package var opensIn: Double
    /// What is left to draw.
    package var rest: Int64
    /// How long the platform said to wait.
    package var blockedFor: Duration

    package init(
        drawn: Int64, period: Double, closesIn: Double, opensIn: Double, rest: Int64, blockedFor: Duration = .zero
    ) {
        self.drawn = drawn
        self.period = period
        self.closesIn = closesIn
        self.opensIn = opensIn
        self.rest = rest
        self.blockedFor = blockedFor
    }
}

/// What must outlive Redis: how much of each quota is used, and until when platforms told us to wait.
///
/// What is drawn counts as used, whatever becomes of it: whoever loses it loses a little of the day's quota, and nobody
/// can send it twice.
package protocol LimitLedger: Sendable {
    /// Draws up to `chunk` requests of the current period, or what is left.
    ///
    /// - Parameter limit: ours of the period.
    /// **Errors**: the ledger cannot be reached; nothing was drawn, or what was drawn is lost.
    func draw(
        _ key: LedgerKey, resets: Bucket.Reset, limit: Int64, chunk: Int64
    ) async throws(LedgerError) -> QuotaDraw

    /// Lowers what is left to draw to `rest`, where it is more; and moves the period's end where the platform says when
    /// it is. Gives what holds then.
    func lower(
        _ key: LedgerKey, resets: Bucket.Reset, limit: Int64, rest: Int64, endsIn: Duration?
    ) async throws(LedgerError) -> QuotaDraw

    /// Notes that the platform said to wait; the longer of two waits holds.
    func block(_ key: LedgerKey, for duration: Duration) async throws(LedgerError)

    /// All waits of a platform that are not over.
    func blocks(platform: String) async throws(LedgerError) -> [LedgerBlock]
}

/// A wait that a platform asked for.
package struct LedgerBlock: Sendable, Hashable {
    package let key: LedgerKey
    package let left: Duration

    package init(key: LedgerKey, left: Duration) {
        self.key = key
        self.left = left
    }
}

/// The ledger cannot be asked.
package struct LedgerError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// No ledger: nothing is granted from a quota, and told waits live as long as Redis does.
package struct NoLedger: LimitLedger {
    package init() {}

    package func draw(
        _ key: LedgerKey, resets: Bucket.Reset, limit: Int64, chunk: Int64
    ) async throws(LedgerError) -> QuotaDraw { throw LedgerError("there is no ledger") }

    package func lower(
        _ key: LedgerKey, resets: Bucket.Reset, limit: Int64, rest: Int64, endsIn: Duration?
    ) async throws(LedgerError) -> QuotaDraw { throw LedgerError("there is no ledger") }

    package func block(_ key: LedgerKey, for duration: Duration) async throws(LedgerError) {}

    package func blocks(platform: String) async throws(LedgerError) -> [LedgerBlock] { [] }
}
