import Foundation
import Platforms
import Postgres
import TestKit
import Testing

@testable import Ingest

@Suite("What a page proves", .serialized)
struct SweepTests {
    private func commit(_ lab: LeasedStream, _ page: Page) async throws -> PageAnswer {
        try await lab.store.commit(page, of: lab.job, stream: "orders", platform: NamedPlatform())
    }

    private func page(
        _ ids: [String] = [], seen: [String] = [], of start: Double, fetched: Double, isLast: Bool = false
    ) -> Page {
        Page(
            records: ids.map { record($0, #"{"id": "\#($0)"}"#, updated: nil, fetched: fetched) },
            cursor: Cursor(json: #"{"n": 1}"#), isCaughtUp: isLast,
            sweep: SweepPart(
                startedAt: time(start), resources: ["orders"], seen: seen.map { ("orders", $0) }, isComplete: isLast))
    }

    private func alive(_ lab: LeasedStream) async throws -> String {
        try await lab.value(
            """
            select coalesce(string_agg(external_id, ' ' order by external_id), '') from portolan.raw_records
            where deleted_at is null
            """)
    }

    @Test("a sweep that is complete marks what it has not seen; one that is not marks nothing")
    func deletions() async throws {
        try await LeasedStream.with { lab in
            try await lab.commit(["a", "b", "c", "d"].map { record($0, fetched: 100) })
            _ = try await commit(lab, page(["a"], of: 200, fetched: 201))
            #expect(try await alive(lab) == "a b c d")
            _ = try await commit(lab, page(seen: ["c"], of: 200, fetched: 202))
            // Made by somebody else while the sweep runs: it is not on any of its pages, and is no less there.
            try await lab.commit([record("e", fetched: 203)])
            let last = try await commit(lab, page(["f"], of: 200, fetched: 204, isLast: true))
            #expect(last.deleted == 2)
            #expect(try await alive(lab) == "a c e f")
            #expect(
                try await lab.value(
                    "select string_agg(distinct deletion_source, ',') from portolan.raw_records where deleted_at is not null"
                ) == "missing_in_full_sync")
            let kept: String = try await lab.value(
                """
                select concat_ws(' ', pages_count, seen_count, deleted_count, completed_at is not null,
                  (select count(*) from portolan.sweep_seen)) from portolan.sweeps
                """)
            #expect(kept == "3 3 2 t 0")
            // What comes back loses the mark.
            try await lab.commit([record("b", fetched: 300)])
            #expect(try await alive(lab) == "a b c e f")
        }
    }

    @Test("a sweep that was given up leaves nothing to the next")
    func givenUp() async throws {
        try await LeasedStream.with { lab in
            try await lab.commit(["a", "b"].map { record($0, fetched: 100) })
            _ = try await commit(lab, page(["a", "b"], of: 200, fetched: 201))
            _ = try await commit(lab, page(["a"], of: 300, fetched: 301))
            let last = try await commit(lab, page(of: 300, fetched: 302, isLast: true))
            #expect(last.deleted == 1)
            #expect(try await alive(lab) == "a")
        }
    }

    @Test("an empty sweep finds that all is gone; another resource is none of its business")
    func empty() async throws {
        try await LeasedStream.with { lab in
            try await lab.commit([record("a", fetched: 100), record("a", fetched: 100, resource: "refunds")])
            let last = try await commit(lab, page(of: 200, fetched: 201, isLast: true))
            #expect(last.deleted == 1)
            #expect(
                try await lab.value(
                    "select string_agg(resource, ',') from portolan.raw_records where deleted_at is null")
                    == "refunds")
        }
    }

    @Test("windows that were read add up, unless the counts differ")
    func coverage() async throws {
        try await LeasedStream.with { lab in
            func read(_ from: Double?, _ to: Double, counted: Int?, found: Int) async throws {
                _ = try await commit(
                    lab,
                    Page(
                        cursor: Cursor(json: "{}"), isCaughtUp: false,
                        coverage: [
                            Coverage(
                                resource: "orders", from: from.map(time), to: time(to), platformCount: counted,
                                distinctCount: found)
                        ]))
            }
            try await read(nil, 100, counted: 3, found: 3)
            try await read(100, 200, counted: nil, found: 0)
            try await read(300, 400, counted: 8, found: 7)
            try await read(900, 800, counted: nil, found: 0)
            try await read(900, 900, counted: nil, found: 0)
            let covered: String = try await lab.value("select covered::text from portolan.coverage")
            #expect(covered == #"{(,"2030-01-01 00:03:20+00")}"#)
            #expect(
                try await lab.value(
                    "select string_agg(distinct_count::text, ' ' order by proof_id) from portolan.coverage_proofs")
                    == "3 7")
            try await read(300, 400, counted: 8, found: 8)
            let ranges: Int32 = try await lab.value(
                "select cardinality(array(select unnest(covered))) from portolan.coverage")
            #expect(ranges == 2)
        }
    }

    @Test("what was found out about the server goes into the connection's settings, and nothing else of them changes")
    func discoveries() async throws {
        try await LeasedStream.with { lab in
            try await lab.pool.query(#"update portolan.connections set settings = '{"a": "1", "root": "x"}'"#)
            _ = try await commit(
                lab,
                Page(cursor: Cursor(json: "{}"), isCaughtUp: false, discoveries: ["root": "/wp-json", "zone": "UTC"]))
            #expect(
                try await lab.value(
                    "select settings = '{\"a\": \"1\", \"root\": \"/wp-json\", \"zone\": \"UTC\"}' from portolan.connections"
                ))
        }
    }
}
