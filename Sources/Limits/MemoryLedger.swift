package import Platforms
import Synchronization

/// The ledger in memory: the twin of ``PostgresLedger``, for tests and simulations.
///
/// Thread-safety: one mutex, held for some arithmetic.
package final class MemoryLedger: LimitLedger {
    private struct Row {
        var period: QuotaPeriod?
        var drawn: Int64 = 0
        var limit: Int64 = 0
        var blockedUntil = 0.0
    }

    private let rows = Mutex<[LedgerKey: Row]>([:])
    private let now: @Sendable () -> Double

    /// - Parameter now: microseconds since 1970.
    package init(now: @escaping @Sendable () -> Double) { self.now = now }

    package func draw(
        _ key: LedgerKey, resets: Bucket.Reset, limit: Int64, chunk: Int64
    ) async throws(LedgerError) -> QuotaDraw {
        try change(key, resets, limit) { row, _, isOpen in
            let drawn = isOpen ? max(0, min(chunk, limit - row.drawn)) : 0
            row.drawn += drawn
            return drawn
        }
    }

    package func lower(
        _ key: LedgerKey, resets: Bucket.Reset, limit: Int64, rest: Int64, endsIn: Duration?
    ) async throws(LedgerError) -> QuotaDraw {
        try change(key, resets, limit) { row, now, _ in
            row.drawn = max(row.drawn, limit - rest)
            if case .every = resets, let endsIn { row.period?.end = now + Double(endsIn.limiterMicroseconds) }
            return 0
        }
    }

    private func change(
        _ key: LedgerKey, _ resets: Bucket.Reset, _ limit: Int64, _ body: (inout Row, Double, Bool) -> Int64
    ) throws(LedgerError) -> QuotaDraw {
        let now = now()
        let edge = QuotaPeriod.guardTime(resets.length)
        let draw: QuotaDraw? = rows.withLock { rows in
            var row = rows[key] ?? Row()
            guard let period = QuotaPeriod.at(now, resets: resets, known: row.period) else { return nil }
            if period != row.period { (row.period, row.drawn) = (period, 0) }
            row.limit = limit
            let blocked = max(0, row.blockedUntil - now)
            let drawn = body(&row, now, now < period.end - edge && blocked == 0)
            rows[key] = row
            let end = row.period?.end ?? now
            return QuotaDraw(
                drawn: drawn, period: period.start, closesIn: end - edge - now, opensIn: end + edge - now,
                rest: max(0, limit - row.drawn), blockedFor: .microseconds(Int64(blocked)))
        }
        guard let draw else { throw LedgerError("nobody knows the time zone of the quota \(key.bucket)") }
        return draw
    }

    package func block(_ key: LedgerKey, for duration: Duration) async throws(LedgerError) {
        let until = now() + Double(duration.limiterMicroseconds)
        rows.withLock { rows in
            rows[key, default: Row()].blockedUntil = max(rows[key]?.blockedUntil ?? 0, until)
        }
    }

    package func blocks(platform: String) async throws(LedgerError) -> [LedgerBlock] {
        let now = now()
        return rows.withLock { rows in
            rows.filter { $0.key.platform == platform && $0.value.blockedUntil > now }.map { key, row in
                LedgerBlock(key: key, left: .microseconds(Int64(row.blockedUntil - now)))
            }
        }
    }
}
