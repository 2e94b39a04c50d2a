import Foundation
import Platforms
import Postgres
import TestKit
import Testing

/// Writers, keepers and people at once.
@Suite("Copies under load") struct CopyRaceTests {
    private static let seed: UInt64 =
        ProcessInfo.processInfo.environment["COPIES_SEED"].flatMap(UInt64.init) ?? .random(in: 0...UInt64(Int64.max))

    private func write(_ pool: PostgresPool, _ material: CopyMaterial, writer: UInt64) async throws {
        var random = SeededRandom(seed: Self.seed &+ writer)
        for _ in 0..<40 {
            // A connection has one writer at a time, as in the fleet; two writers share none here.
            try await material.change(
                pool, connection: Int64(writer) * 10 + Int64.random(in: 0...2, using: &random), count: 8, &random)
        }
    }

    @Test("two keepers and three writers at once: in the end copies equal views")
    func keepers() async throws {
        print("copies with COPIES_SEED=\(Self.seed)")
        try await withDatabase { pool, _ in
            let copies = CopyProbe(pool: pool)
            let material = try CopyMaterial(seed: Self.seed % 1000)
            try await copies.enable()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for writer in UInt64(1)...3 {
                    group.addTask {
                        try await write(pool, material, writer: writer)
                        return true
                    }
                }
                for _ in 0..<2 {
                    group.addTask {
                        while !Task.isCancelled { try await copies.keepOnce(budget: .milliseconds(50)) }
                        return false
                    }
                }
                var writers = 3
                while writers > 0, let isWriter = try await group.next() { if isWriter { writers -= 1 } }
                group.cancelAll()
                while let end = await group.nextResult() {
                    if case .failure(let error) = end, !(error is PostgresError || error is CancellationError) {
                        throw error
                    }
                }
            }
            try await copies.keep()
            try await copies.expectEqual()
            #expect(
                try await copies.probe.count("select count(*) from portolan.copy_connections where failures > 0") == 0)
        }
    }

    @Test("switched on, off and on under writes, a copy is whole once it is kept; switched off, nothing is left")
    func switching() async throws {
        print("copies with COPIES_SEED=\(Self.seed)")
        try await withDatabase { pool, _ in
            let copies = CopyProbe(pool: pool)
            let material = try CopyMaterial(seed: Self.seed % 1000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in UInt64(1)...2 { group.addTask { try await write(pool, material, writer: writer) } }
                group.addTask {
                    for _ in 0..<3 {
                        try await copies.enable(["commerce_orders", "billing_invoices"])
                        try await copies.keepOnce()
                        try await pool.query("select portolan.disable_copy('commerce_orders')")
                        try await copies.keepOnce()
                        try await pool.query("select portolan.disable_copy('billing_invoices')")
                    }
                    try await copies.enable()
                }
                try await group.waitForAll()
            }
            try await copies.keep()
            try await copies.expectEqual()
            for entity in CopyProbe.entities { try await pool.query("select portolan.disable_copy($1)", [entity]) }
            #expect(
                try await copies.probe.count(
                    """
                    select (select count(*) from pg_class where relnamespace = 'store'::regnamespace and relkind = 'r')
                      + (select count(*) from pg_trigger where tgrelid = 'portolan.raw_records'::regclass and not tgisinternal)
                      + (select count(*) from portolan.copy_changes) + (select count(*) from portolan.copy_connections)
                    """) == 0)
        }
    }
}
