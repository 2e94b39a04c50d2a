import Crypto
import FoundationEssentials
import Jobs
import Platforms
import Postgres
import RawJSON
import TestKit
import Testing

@testable import Ingest

@Suite("Storing pages", .serialized)
struct PageStoreTests {
    @Test("a page is counted as new, changed, unchanged, stale and deleted")
    func counts() async throws {
        try await LeasedStream.with { stream in
            let first = try await stream.commit([record("a"), record("b"), record("c"), record("d")])
            #expect(first.isHeld && first.counts == [4, 0, 0, 0, 0])
            let second = try await stream.commit(
                [
                    record("a"), record("b", #"{"v": 2}"#, updated: 1), record("c", #"{"v": 0}"#, updated: -1),
                    record("e"),
                ],
                deletions: [
                    Deletion(resource: "orders", id: "d", deletedAt: time(50), source: .tombstoneEndpoint),
                    Deletion(resource: "orders", id: "never seen", deletedAt: time(50), source: .tombstoneEndpoint),
                ])
            #expect(second.counts == [1, 1, 1, 1, 1])
            let deletion: String = try await stream.value(
                """
                select deletion_source || ' ' || extract(epoch from deleted_at - timestamptz '2030-01-01
                00:00+00')::integer from portolan.raw_records where external_id = 'd'
                """
            )
            #expect(deletion == "tombstone_endpoint 50")
        }
    }

    @Test("cursor, progress and freshness move with the page that brought them")
    func progress() async throws {
        try await LeasedStream.with { stream in
            try await stream.commit([record("a")], cursor: #"{"n": 1}"#)
            func row() async throws -> String {
                try await stream.value(
                    """
                    select concat_ws(' ', state, cursor->>'n', pages_count, records_count, synced_through is not
                    null) from portolan.streams
                    """
                )
            }
            #expect(try await row() == "reading 1 1 1 f")
            try await stream.commit(
                [record("b"), record("c")], cursor: #"{"n": 2}"#, isCaughtUp: true, syncedThrough: time(10))
            #expect(try await row() == "in_sync 2 2 3 t")
            try await stream.commit([], cursor: #"{"n": 3}"#)
            #expect(try await row() == "in_sync 3 3 3 t", "once caught up, it stays in sync while it reads on")
            try await stream.commit(
                [], cursor: #"{"n": 4}"#, isCaughtUp: true, syncedThrough: time(5),
                degradation: UnifiedError(.platformEndpointGone, "no such list on this server"))
            #expect(try await row().hasPrefix("degraded 4"))
            let through: Date = try await stream.value("select synced_through from portolan.streams")
            #expect(through == time(10), "what is known is never forgotten")
            let job: String = try await stream.value("select pages_count || ' ' || records_count from portolan.jobs")
            #expect(job == "4 3")
        }
    }

    @Test("what is stored says where it came from")
    func provenance() async throws {
        try await LeasedStream.with { stream in
            let json = #"{"id": 9007199254740993, "amount": 0.1000000000000000055}"#
            try await stream.commit([record("a", json, updated: 5, fetched: 7)])
            let row = try await stream.pool.query(
                """
                select platform, job_id, api_version, payload_hash, platform_updated_at, platform_created_at, fetched_at,
                       payload->>'id', payload->>'amount', sanitised from portolan.raw_records
                """)[0]
            let read = try row.decode(
                String.self, Int64.self, String.self, [UInt8].self, Date.self, Date.self, Date.self, String.self,
                String.self, Bool.self)
            #expect(read.0 == "toy" && read.1 == stream.job.jobID && read.2 == "2030-01")
            #expect(read.3 == Array(SHA256.hash(data: Array(json.utf8))))
            #expect(read.4 == time(5) && read.5 == time(-100) && read.6 == time(7))
            #expect(read.7 == "9007199254740993" && read.8 == "0.1000000000000000055" && !read.9)
        }
    }

    @Test("an older version never replaces a newer one, even when it was fetched later")
    func older() async throws {
        try await LeasedStream.with { stream in
            try await stream.commit([record("a", #"{"v": 2}"#, updated: 10, fetched: 100)])
            #expect(
                try await stream.commit([record("a", #"{"v": 1}"#, updated: 9, fetched: 200)]).counts == [
                    0, 0, 0, 1, 0,
                ])
            #expect(
                try await stream.commit([record("a", #"{"v": 0}"#, updated: nil, fetched: 200)]).counts == [
                    0, 0, 0, 1, 0,
                ])
            #expect(try await stream.payload("a") == #"{"v": 2}"#)
        }
    }

    @Test("on a tie of updated-at, and without any, the later fetch wins", arguments: [nil, 10.0])
    func tie(_ updated: Double?) async throws {
        try await LeasedStream.with { stream in
            try await stream.commit([record("a", #"{"v": 1}"#, updated: updated, fetched: 100)])
            #expect(
                try await stream.commit([record("a", #"{"v": 0}"#, updated: updated, fetched: 99)]).counts == [
                    0, 0, 0, 1, 0,
                ])
            #expect(
                try await stream.commit([record("a", #"{"v": 2}"#, updated: updated, fetched: 101)]).counts == [
                    0, 1, 0, 0, 0,
                ])
            #expect(try await stream.payload("a") == #"{"v": 2}"#)
        }
    }

    @Test("a deleted record that comes back loses the mark; one fetched before its deletion does not")
    func comesBack() async throws {
        try await LeasedStream.with { stream in
            try await stream.commit([record("a", fetched: 100)])
            let gone = Deletion(resource: "orders", id: "a", deletedAt: time(150), source: .webhook)
            #expect(try await stream.commit(deletions: [gone]).deleted == 1)
            #expect(try await stream.commit(deletions: [gone]).deleted == 0)
            #expect(try await stream.commit([record("a", fetched: 149)]).counts == [0, 0, 0, 1, 0])
            #expect(try await stream.value("select deleted_at is not null from portolan.raw_records") == true)
            #expect(try await stream.commit([record("a", fetched: 151)]).counts == [0, 1, 0, 0, 0])
            #expect(
                try await stream.value(
                    "select deleted_at is null and deletion_source is null from portolan.raw_records") == true)
        }
    }

    @Test(
        "whoever lost the lease writes nothing at all, not on the careful path either",
        arguments: ["{}", #"{"note": "\u0000"}"#])
    func leaseLost(_ json: String) async throws {
        try await LeasedStream.with { stream in
            try await stream.commit([record("a")], cursor: #"{"n": 1}"#)
            #expect(try await PostgresQueue(pool: stream.pool).finish(stream.job, .yield) == .yield)
            let before = try await Self.everything(stream.pool)
            let answer = try await stream.commit(
                [record("a", #"{"v": 2}"#, updated: 9), record("b", json)],
                deletions: [Deletion(resource: "orders", id: "a", deletedAt: time(1), source: .webhook)],
                cursor: #"{"n": 2}"#, isCaughtUp: true)
            #expect(answer == PageAnswer(isHeld: false))
            #expect(try await Self.everything(stream.pool) == before)
        }
    }

    /// Every row that a page could touch, as text.
    private static func everything(_ pool: PostgresPool) async throws -> [String] {
        try await pool.query(
            """
            select r::text from portolan.raw_records r union all select x::text from portolan.raw_exact x
            union all select e::text from portolan.errors e union all select s::text from portolan.streams s
            union all select j::text from portolan.jobs j union all select l::text from portolan.lanes l order by 1
            """
        ).map { try $0.decode(at: 0, as: String.self) }
    }

    @Test("a record that comes twice in a page is stored once, in its newest version, in any order")
    func duplicates() async throws {
        try await LeasedStream.with { stream in
            let answer = try await stream.commit([
                record("a", #"{"v": 1}"#, updated: 1), record("b", #"{"v": 1}"#, updated: 5),
                record("a", #"{"v": 3}"#, updated: 3),
                record("a", #"{"v": 2}"#, updated: 2), record("b", #"{"v": 2}"#, updated: 5),
                record("a", #"{"child": true}"#, resource: "lines"),
            ])
            #expect(answer.counts == [3, 0, 0, 0, 0])
            let rows = try await stream.pool.query(
                "select resource || external_id || payload::text from portolan.raw_records order by 1")
            #expect(
                try rows.map { try $0.decode(at: 0, as: String.self) }
                    == [#"linesa{"child": true}"#, #"ordersa{"v": 3}"#, #"ordersb{"v": 2}"#])
        }
    }

    @Test("a page in no order is stored like any other")
    func unsorted() async throws {
        try await LeasedStream.with { stream in
            var random = SeededRandom(seed: 7)
            let ids = (0..<500).map { "Ü\($0)" }.shuffled(using: &random)
            let first = try await stream.commit(ids.map { record($0) })
            #expect(first.inserted == 500)
            #expect(try await stream.commit(ids.shuffled(using: &random).map { record($0) }).unchanged == 500)
        }
    }

    @Test("a page without records moves the cursor")
    func empty() async throws {
        try await LeasedStream.with { stream in
            let answer = try await stream.commit(cursor: #"{"n": 5}"#, isCaughtUp: true)
            #expect(answer.counts == [0, 0, 0, 0, 0])
            #expect(try await stream.value("select state || (cursor->>'n') from portolan.streams") == "in_sync5")
        }
    }

    @Test("a page that changed nothing rewrites no record and writes little")
    func unchanged() async throws {
        try await LeasedStream.with { stream in
            let records = (0..<500).map {
                record("id\($0)", #"{"n": \#($0), "text": "\#(String(repeating: "x", count: 500))"}"#)
            }
            try await stream.commit(records)
            func versions() async throws -> [String] {
                try await stream.pool.query(
                    "select external_id || ' ' || xmin::text || ' ' || ctid::text from portolan.raw_records order by 1"
                )
                .map { try $0.decode(at: 0, as: String.self) }
            }
            let before = try await versions()
            #expect(try await stream.commit(records.reversed()).counts == [0, 0, 500, 0, 0])
            #expect(try await versions() == before)

            // The same page again, with the server's own account of what it wrote for it.
            let rows = try await stream.pool.query(
                """
                explain (analyze, wal) select * from portolan.commit_page($1, $2, $3, $4, 'orders', 'toy', 'v',
                  (select array_agg(resource order by external_id) from portolan.raw_records),
                  (select array_agg(external_id order by external_id) from portolan.raw_records),
                  (select array_agg(platform_updated_at order by external_id) from portolan.raw_records),
                  (select array_agg(platform_created_at order by external_id) from portolan.raw_records),
                  (select array_agg(fetched_at order by external_id) from portolan.raw_records),
                  (select array_agg(payload_hash order by external_id) from portolan.raw_records),
                  (select array_agg(payload::text order by external_id) from portolan.raw_records),
                  (select array_agg(sanitised order by external_id) from portolan.raw_records),
                  '{}', '{}', '{}', '{}', '{}', '{"n": 1}', false, null, null)
                """, [stream.job.lease.laneID, stream.job.lease.token, stream.job.jobID, stream.job.connectionID])
            let plan = try rows.map { try $0.decode(at: 0, as: String.self) }
            let wal = try #require(plan.first { $0.contains("WAL:") }, "\(plan)")
            let bytes = try #require(
                wal.split(separator: " ").compactMap { $0.hasPrefix("bytes=") ? Int($0.dropFirst(6)) : nil }.first)
            #expect(bytes < 5000, "lease, job and stream, not 500 records of 500 bytes: \(wal)")
            #expect(try await versions() == before)
        }
    }
}
