import Foundation
import Platforms
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Limits

@Suite("The ledger of quotas")
struct LedgerTests {
    private let key = LedgerKey(platform: "ebay", owner: .app, bucket: "sell.fulfillment")

    /// Both ledgers at the same instants.
    private func atBoth(
        _ instants: [String], _ body: (any LimitLedger, Int) async throws -> QuotaDraw
    ) async throws -> (memory: [QuotaDraw], postgres: [QuotaDraw]) {
        let time = Mutex(0.0)
        let memory = MemoryLedger(now: { time.withLock { $0 } })
        var answers: (memory: [QuotaDraw], postgres: [QuotaDraw]) = ([], [])
        try await withDatabase(connectionsMax: 1) { pool, _ in
            let postgres = PostgresLedger(pool: pool)
            for (index, instant) in instants.enumerated() {
                let rows = try await pool.query(
                    "select set_config('portolan.now', $1, false), extract(epoch from $1::timestamptz)::float8 * 1e6",
                    [instant])
                let now: Double = try rows[0].decode(at: 1)
                time.withLock { $0 = now }
                answers.memory.append(try await body(memory, index))
                answers.postgres.append(try await body(postgres, index))
            }
        }
        return answers
    }

    @Test("periods follow the clocks of the zone, over both of their changes")
    func periods() async throws {
        let instants = [
            "2026-01-02 07:59:57+00", "2026-01-02 07:59:59+00", "2026-01-02 08:00:01+00", "2026-01-02 08:00:03+00",
            "2026-03-08 07:30:00+00", "2026-03-08 12:00:00+00", "2026-03-09 06:59:00+00", "2026-03-09 07:00:05+00",
            "2026-11-01 07:30:00+00", "2026-11-01 12:00:00+00", "2026-11-02 07:30:00+00", "2026-11-02 08:00:05+00",
        ]
        for (hour, minute) in [(0, 0), (2, 30), (23, 59)] {
            let answers = try await atBoth(instants) { ledger, _ in
                try await ledger.draw(
                    key, resets: .daily(hour: hour, minute: minute, timeZone: "America/Los_Angeles"), limit: 100,
                    chunk: 7)
            }
            #expect(answers.memory == answers.postgres, "\(hour):\(minute)")
            if hour == 0 {
                let days = answers.postgres.map(\.period)
                #expect(days[0] == days[2] && days[3] > days[2], "two seconds late, because clocks differ")
                #expect(answers.postgres.map(\.drawn).prefix(4) == [7, 0, 0, 7])
                #expect(days[7] - days[5] == 23 * 3600 * 1e6 && days[11] - days[9] == 25 * 3600 * 1e6)
            }
        }
    }

    @Test("a period of a length begins with its first request, and ends when the platform says")
    func lengths() async throws {
        let instants = (0..<8).map { "2026-01-01 00:0\($0):00+00" }
        let answers = try await atBoth(instants) { ledger, index in
            if index == 3 {
                return try await ledger.lower(
                    key, resets: .every(.seconds(300)), limit: 100, rest: 5, endsIn: .seconds(45))
            }
            if index == 6 { try await ledger.block(key, for: .seconds(90)) }
            return try await ledger.draw(key, resets: .every(.seconds(300)), limit: 100, chunk: 20)
        }
        #expect(answers.memory == answers.postgres)
        #expect(answers.postgres.map(\.drawn) == [20, 20, 20, 0, 20, 20, 0, 0])
        #expect(answers.postgres.map(\.rest) == [80, 60, 40, 5, 80, 60, 60, 60])
        #expect(answers.postgres[7].blockedFor == .seconds(30))
    }

    @Test("many who draw at once get the limit in all, and no more")
    func race() async throws {
        try await withDatabase { pool, _ in
            let ledger = PostgresLedger(pool: pool)
            let total = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var sum: Int64 = 0
                        while true {
                            let draw = try await ledger.draw(
                                key, resets: .every(.seconds(86_400)), limit: 1000, chunk: 7)
                            if draw.drawn == 0 { return sum }
                            sum += draw.drawn
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(total == 1000)
            try await ledger.block(key, for: .seconds(60))
            let blocks = try await ledger.blocks(platform: "ebay")
            #expect(blocks.map(\.key) == [key] && (blocks[0].left) > .seconds(50))
            #expect(try await ledger.blocks(platform: "shopify") == [])
        }
    }

    @Test("a zone that nobody knows is refused, and no ledger at all gives nothing")
    func refusals() async throws {
        try await withDatabase { pool, _ in
            let nowhere = Bucket.Reset.daily(hour: 0, minute: 0, timeZone: "Nowhere/Town")
            let ledgers: [any LimitLedger] = [PostgresLedger(pool: pool), MemoryLedger(now: { 0 }), NoLedger()]
            for ledger in ledgers {
                await #expect(throws: LedgerError.self) {
                    _ = try await ledger.draw(key, resets: nowhere, limit: 1, chunk: 1)
                }
            }
        }
    }
}
