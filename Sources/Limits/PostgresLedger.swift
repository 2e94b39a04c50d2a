package import Platforms
package import Postgres

/// The ledger in Postgres: table `portolan.quotas`, on the database's clock.
package struct PostgresLedger: LimitLedger {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func draw(
        _ key: LedgerKey, resets: Bucket.Reset, limit: Int64, chunk: Int64
    ) async throws(LedgerError) -> QuotaDraw {
        try await call(key, resets, limit, chunk: chunk)
    }

    package func lower(
        _ key: LedgerKey, resets: Bucket.Reset, limit: Int64, rest: Int64, endsIn: Duration?
    ) async throws(LedgerError) -> QuotaDraw {
        try await call(key, resets, limit, chunk: 0, rest: rest, endsIn: endsIn)
    }

    private func call(
        _ key: LedgerKey, _ resets: Bucket.Reset, _ limit: Int64, chunk: Int64, rest: Int64? = nil,
        endsIn: Duration? = nil
    ) async throws(LedgerError) -> QuotaDraw {
        let (time, zone, length): (String?, String?, Duration?) =
            switch resets {
            case .daily(let hour, let minute, let zone): ("\(hour):\(minute)", zone, nil)
            case .every(let length): (nil, nil, length)
            }
        do {
            let rows = try await pool.query(
                """
                select drawn, period, closes_us, opens_us, rest, blocked_us
                from portolan.draw_quota($1, $2, $3, $4::time, $5, $6, $7, $8, $9, $10)
                """,
                [
                    key.platform, key.owner.description, key.bucket, time, zone, length, limit, chunk, rest, endsIn,
                ])
            guard let row = rows.first else { throw LedgerError("the database answered nothing") }
            return QuotaDraw(
                drawn: try row.decode("drawn"), period: try row.decode("period"),
                closesIn: try row.decode("closes_us"), opensIn: try row.decode("opens_us"),
                rest: try row.decode("rest"),
                blockedFor: .microseconds(Int64(try row.decode("blocked_us", as: Double.self))))
        } catch let error as LedgerError {
            throw error
        } catch {
            throw LedgerError("\(error)")
        }
    }

    package func block(_ key: LedgerKey, for duration: Duration) async throws(LedgerError) {
        do throws(PostgresError) {
            try await pool.query(
                "select portolan.block_bucket($1, $2, $3, $4)",
                [key.platform, key.owner.description, key.bucket, duration])
        } catch {
            throw LedgerError("\(error)")
        }
    }

    package func blocks(platform: String) async throws(LedgerError) -> [LedgerBlock] {
        do throws(PostgresError) {
            let rows = try await pool.query(
                """
                select owner, bucket, extract(epoch from blocked_until - portolan.now())::float8 as seconds
                from portolan.quotas where platform = $1 and blocked_until > portolan.now()
                """, [platform])
            var blocks: [LedgerBlock] = []
            for row in rows {
                guard let owner = BucketOwner(try row.decode("owner", as: String.self)) else { continue }
                let key = LedgerKey(platform: platform, owner: owner, bucket: try row.decode("bucket"))
                blocks.append(LedgerBlock(key: key, left: .seconds(try row.decode("seconds", as: Double.self))))
            }
            return blocks
        } catch {
            throw LedgerError("\(error)")
        }
    }
}
