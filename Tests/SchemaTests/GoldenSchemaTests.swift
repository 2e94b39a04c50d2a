import Foundation
import LocalServers
import Platforms
import Postgres
import TestKit
import Testing

@testable import Schema

/// `Migrations/schema.golden.sql` is the schema after all migrations and views: reviewers read its difference.
/// `PORTOLAN_WRITE_GOLDEN=1 swift test --filter GoldenSchema` writes it anew.
@Suite("The whole schema", .serialized)
struct GoldenSchema {
    private static let path = Places.package + "/Migrations/schema.golden.sql"

    @Test("the schema after all migrations is the one in schema.golden.sql")
    func golden() async throws {
        let dump = try await Self.dump()
        if ProcessInfo.processInfo.environment["PORTOLAN_WRITE_GOLDEN"] == "1" {
            try dump.write(toFile: Self.path, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOfFile: Self.path, encoding: .utf8)
        guard dump != golden else { return }
        let (now, then) = (dump.split(separator: "\n"), golden.split(separator: "\n"))
        let line = zip(now, then).enumerated().first { $1.0 != $1.1 }?.offset ?? min(now.count, then.count)
        Issue.record(
            """
            schema.golden.sql differs from line \(line + 1) (blank lines not counted). Is: \(line < now.count ? now[line] : "the end"). \
            Was: \(line < then.count ? then[line] : "the end"). If this is meant: PORTOLAN_WRITE_GOLDEN=1 swift test --filter GoldenSchema
            """)
    }

    private static func dump() async throws -> String {
        let server = try await TestPostgres.shared.server()
        let url = try await TestPostgres.shared.makeDatabase()
        let schemas =
            ["portolan", "ops", "unified"] + Set(platformViewFiles.map { PlatformView($0).platform }).sorted()
        let result = try await Command(
            server.programs.path("pg_dump"),
            [
                "--schema-only", "--no-owner", "--exclude-table", "portolan.job_*_2*", "--exclude-table",
                "portolan.requests_2*", "--dbname", url,
            ]
                + schemas.flatMap { ["--schema", $0] }
        ).runSuccessfully(within: .seconds(60))
        // Versions, and the tokens of newer releases of pg_dump, differ from one machine to the next.
        let noise = ["-- Dumped from", "-- Dumped by", "\\restrict", "\\unrestrict"]
        return result.output.filter { line in !noise.contains { line.hasPrefix($0) } }.joined(separator: "\n") + "\n"
    }

    @Test("every table, view, function and column of schema portolan says what it is for")
    func comments() async throws {
        try await withPool { pool in
            let rows = try await pool.query(
                """
                select 'column ' || c.relname || '.' || a.attname as what
                from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                where c.relnamespace = 'portolan'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
                  and col_description(c.oid, a.attnum) is null
                union all
                select 'relation ' || c.relname from pg_class c where c.relnamespace = 'portolan'::regnamespace
                  and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and obj_description(c.oid, 'pg_class') is null
                union all
                select 'function ' || p.proname from pg_proc p where p.pronamespace = 'portolan'::regnamespace
                  and obj_description(p.oid, 'pg_proc') is null
                order by 1
                """)
            #expect(try rows.map { try $0.decode(at: 0, as: String.self) } == [])
        }
    }
}
