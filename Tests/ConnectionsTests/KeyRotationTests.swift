import Foundation
import Platforms
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Connections

@Suite("Rotating the key", .serialized)
struct KeyRotationTests {
    private let old = Vault.makeMasterKey()
    private let new = Vault.makeMasterKey()

    private func vault(_ keys: Secret...) throws -> Vault {
        try Vault(masterKey: Secret(keys.map { $0.reveal() }.joined(separator: ",")))
    }

    /// `count` connections whose credentials the vault sealed: the connection's number is in them.
    private func add(_ count: Int, to pool: PostgresPool, sealedWith vault: Vault) async throws {
        for number in 1...count {
            let id: Int64 = try await pool.query(
                """
                insert into portolan.connections (platform, name, base_url)
                values ('toy', 'shop-' || $1, 'https://shop.example') returning connection_id
                """, [String(number)])[0].decode(at: 0)
            try await set(["n": Secret("\(number)")], of: id, in: pool, with: vault)
        }
    }

    private func set(_ values: [String: Secret], of id: Int64, in pool: PostgresPool, with vault: Vault) async throws {
        let sealed = try vault.seal(values, for: id)
        try await pool.query(
            """
            insert into portolan.connection_credentials (connection_id, key_id, sealed) values ($1, $2, $3)
            on conflict (connection_id) do update set key_id = excluded.key_id, sealed = excluded.sealed
            """, [id, sealed.keyID, sealed.bytes])
    }

    /// What every connection's credentials open to, by connection.
    private func opened(_ pool: PostgresPool, _ vault: Vault) async throws -> [Int64: String] {
        var opened: [Int64: String] = [:]
        for row in try await pool.query("select connection_id, key_id, sealed from portolan.connection_credentials") {
            let (id, keyID, sealed) = try row.decode(Int64.self, String.self, [UInt8].self)
            opened[id] = try vault.open(sealed, keyID: keyID, connectionID: id)["n"]?.reveal()
        }
        return opened
    }

    @Test("everything is sealed anew in batches, with progress, and the old key is not needed any more")
    func all() async throws {
        try await withPool { pool in
            try await add(25, to: pool, sealedWith: vault(old))
            let before = try await opened(pool, vault(old))
            let changedAt: String = try await pool.query(
                "select string_agg(changed_at::text, ',' order by connection_id) from portolan.connection_credentials")[
                    0
                ]
                .decode(at: 0)
            let both = try vault(new, old)
            let rotation = KeyRotation(pool: pool, vault: both)
            #expect(try await rotation.usage() == [both.keyIDs[1]: 25])
            let left = Mutex<[Int]>([])
            let end = try await rotation.run(batchSize: 10) { progress in left.withLock { $0.append(progress.left) } }
            #expect(left.withLock { $0 } == [15, 5, 0])
            #expect(end == .init(resealed: 25, refused: [], left: 0))
            #expect(try await opened(pool, vault(new)) == before)
            #expect(try await rotation.usage() == [both.keyID: 25])
            // When they were set is another matter.
            let changedNow: String = try await pool.query(
                "select string_agg(changed_at::text, ',' order by connection_id) from portolan.connection_credentials")[
                    0
                ]
                .decode(at: 0)
            #expect(changedNow == changedAt)
            #expect(try await rotation.run() == .init())
        }
    }

    @Test("a row that does not open stays as it is, is named, and holds up no other")
    func refused() async throws {
        try await withPool { pool in
            try await add(3, to: pool, sealedWith: vault(old))
            let lost = try vault(Vault.makeMasterKey())
            try await set(["n": Secret("2")], of: 2, in: pool, with: lost)
            try await pool.query(
                "update portolan.connection_credentials set sealed = sealed || '\\x00' where connection_id = 3")
            let both = try vault(new, old)
            let end = try await KeyRotation(pool: pool, vault: both).run()
            #expect(end.resealed == 1 && end.left == 2 && end.refused.map(\.connectionID) == [2, 3])
            #expect(end.refused[0].keyID == lost.keyID && end.refused[0].reason.contains(lost.keyID))
            #expect(try await KeyRotation(pool: pool, vault: both).usage()[lost.keyID] == 1)
        }
    }

    @Test("every table of the shape is found, with several sealed columns and empty ones")
    func otherTables() async throws {
        try await withPool { pool in
            try await pool.query(
                "create table portolan.keepsakes (connection_id bigint, key_id text, sealed_a bytea, sealed_b bytea, other bytea)"
            )
            let (before, both) = (try vault(old), try vault(new, old))
            let a = try before.seal(["n": Secret("a")], for: 5)
            let b = try before.seal(["n": Secret("b")], for: 5)
            try await pool.query(
                "insert into portolan.keepsakes values (5, $1, $2, $3, '\\x01'), (6, $1, null, null, null), (7, null, null, null, null)",
                [a.keyID, a.bytes, b.bytes])
            let end = try await KeyRotation(pool: pool, vault: both).run(batchSize: 1)
            #expect(end == .init(resealed: 2, refused: [], left: 0))
            let row = try await pool.query(
                "select key_id, sealed_a, sealed_b from portolan.keepsakes where connection_id = 5")[0]
            let (keyID, newA, newB) = try row.decode(String.self, [UInt8].self, [UInt8].self)
            #expect(try vault(new).open(newA, keyID: keyID, connectionID: 5)["n"]?.reveal() == "a")
            #expect(try vault(new).open(newB, keyID: keyID, connectionID: 5)["n"]?.reveal() == "b")
        }
    }

    @Test("a row that somebody is changing is waited for, and what they wrote is what stays")
    func locked() async throws {
        try await withPool { pool in
            let both = try vault(new, old)
            try await add(3, to: pool, sealedWith: vault(old))
            let (locks, go) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
            let sealed = try vault(old).seal(["n": Secret("changed")], for: 2)
            try await withThrowingTaskGroup(of: KeyRotation.Progress?.self) { group in
                group.addTask {
                    try await pool.withTransaction { connection in
                        try await connection.query(
                            "select 1 as one from portolan.connection_credentials where connection_id = 2 for update")
                        locks.continuation.yield()
                        var wait = go.stream.makeAsyncIterator()
                        await wait.next()
                        try await connection.query(
                            "update portolan.connection_credentials set key_id = $1, sealed = $2 where connection_id = 2",
                            [sealed.keyID, sealed.bytes])
                    }
                    return nil
                }
                var locked = locks.stream.makeAsyncIterator()
                await locked.next()
                group.addTask {
                    try await KeyRotation(pool: pool, vault: both).run { progress in
                        // The other two are done: what is left is the locked one.
                        if progress.resealed == 2 { go.continuation.yield() }
                    }
                }
                for try await progress in group { #expect(progress == nil || progress?.left == 0) }
            }
            #expect(try await opened(pool, vault(new))[2] == "changed")
        }
    }

    @Test("two rotations at once, with credentials changed all the time, lose none of the changes")
    func concurrent() async throws {
        try await withPool(connectionsMax: 6) { pool in
            let (both, behind) = (try vault(new, old), try vault(old, new))
            let count = 30
            try await add(count, to: pool, sealedWith: vault(old))
            let seed = UInt64.random(in: 0...UInt64.max)
            var last: [Int64: String] = [:]
            try await withThrowingTaskGroup(of: [Int64: String].self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        _ = try await KeyRotation(pool: pool, vault: both).run(batchSize: 4)
                        return [:]
                    }
                }
                // Workers of both kinds: those that seal with the new key already, and those that do not yet.
                for (part, vault) in [(Int64(0), both), (1, behind)] {
                    group.addTask {
                        var dice = Dice(state: seed &+ UInt64(part))
                        var written: [Int64: String] = [:]
                        for turn in 0..<60 {
                            let id = Int64.random(in: 1...Int64(count / 2), using: &dice) * 2 - part
                            try await set(["n": Secret("\(part)-\(turn)")], of: id, in: pool, with: vault)
                            written[id] = "\(part)-\(turn)"
                        }
                        return written
                    }
                }
                for try await written in group { last.merge(written) { $1 } }
            }
            let end = try await KeyRotation(pool: pool, vault: both).run()
            #expect(end.left == 0, "seed \(seed)")
            let opened = try await opened(pool, vault(new))
            for (id, value) in opened {
                #expect(value == last[id] ?? "\(id)", "connection \(id), seed \(seed)")
            }
            #expect(opened.count == count)
        }
    }

    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state
        }
    }
}
