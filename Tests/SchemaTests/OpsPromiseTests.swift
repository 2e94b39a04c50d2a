import Foundation
import Postgres
import TestKit
import Testing

@testable import Schema

/// `Migrations/ops.promise` is what was promised: every view's columns with their types, in order. What stands there
/// stays; a new column is added at its view's end, in both places.
/// `PORTOLAN_WRITE_GOLDEN=1 swift test --filter OpsPromise` adds what is new, there and in docs/ops.md, and takes nothing away.
@Suite("The promise of schema ops", .serialized)
struct OpsPromiseTests {
    private static let promise = Places.package + "/Migrations/ops.promise"
    private static let document = Places.package + "/docs/ops.md"
    private static let writes = ProcessInfo.processInfo.environment["PORTOLAN_WRITE_GOLDEN"] == "1"

    private struct Column {
        let view: String
        let name: String
        let type: String
        let comment: String

        var line: String { "\(view).\(name) \(type)" }
    }

    private func columns(_ pool: PostgresPool) async throws -> [Column] {
        try await pool.query(
            """
            select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), coalesce(col_description(c.oid, a.attnum), '')
            from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') order by 1, a.attnum
            """
        ).map { row in
            let (view, name, type, comment) = try row.decode(String.self, String.self, String.self, String.self)
            return Column(view: view, name: name, type: type, comment: comment)
        }
    }

    @Test("every view's columns and their types are those that were promised, in their order")
    func kept() async throws {
        try await withPool { pool in
            let now = try await columns(pool).map(\.line)
            let promised = ((try? String(contentsOfFile: Self.promise, encoding: .utf8)) ?? "").split(separator: "\n")
                .map(String.init)
            for line in promised { #expect(now.contains(line), "a promise is broken: \(line)") }
            if Self.writes, Set(promised).isSubset(of: now) {
                try (now.joined(separator: "\n") + "\n").write(toFile: Self.promise, atomically: true, encoding: .utf8)
                return
            }
            #expect(now == promised, "new columns go to the end of their view, and into the promise")
        }
    }

    @Test("PostgreSQL itself refuses to take a promised column away, to rename it, and to change its type")
    func refused() async throws {
        try await withPool { pool in
            let text: String = try await pool.query("select pg_get_viewdef('ops.pauses'::regclass)")[0].decode(at: 0)
            for (old, new) in [
                ("p.scope,", ""), ("p.scope,", "p.scope as area,"), ("p.scope,", "p.scope::varchar(10) as scope,"),
            ] {
                #expect(text.contains(old))
                let error = await #expect(throws: PostgresError.self) {
                    try await pool.query(
                        SQL(
                            unsafeText: "create or replace view ops.pauses as "
                                + text.replacing(old, with: new, maxReplacements: 1)))
                }
                #expect(error?.sqlState == "42P16")
            }
        }
    }

    @Test("every view, column and function says what it is")
    func commented() async throws {
        try await withPool { pool in
            #expect(try await columns(pool).filter { $0.comment.isEmpty }.map(\.line) == [])
            let silent = try await pool.query(
                """
                select c.relname::text from pg_class c where c.relnamespace = 'ops'::regnamespace and c.relkind in
                ('r', 'p', 'v', 'm') and obj_description(c.oid, 'pg_class') is null
                union all select p.proname::text from pg_proc p where p.pronamespace = 'ops'::regnamespace and
                obj_description(p.oid, 'pg_proc') is null
                """
            ).map { try $0.decode(at: 0, as: String.self) }
            #expect(silent == [])
        }
    }

    @Test("docs/ops.md lists every view with its columns, types and meanings")
    func documented() async throws {
        try await withPool { pool in
            let columns = try await columns(pool)
            let stories = try await pool.query(
                """
                select relname::text, obj_description(oid, 'pg_class') from pg_class where relnamespace =
                'ops'::regnamespace and relkind in ('r', 'p', 'v', 'm') order by 1
                """
            ).map { try $0.decode(String.self, String.self) }
            let tables = stories.map { view, story in
                let rows = columns.filter { $0.view == view }.map { "| `\($0.name)` | \($0.type) | \($0.comment) |" }
                return "### `ops.\(view)`\n\n\(story)\n\n| column | type | meaning |\n| --- | --- | --- |\n"
                    + rows.joined(separator: "\n") + "\n"
            }
            let (begin, end) = ("<!-- views: begin -->\n", "<!-- views: end -->")
            let text = try String(contentsOfFile: Self.document, encoding: .utf8)
            let from = try #require(text.firstRange(of: begin)).upperBound
            let to = try #require(text.firstRange(of: end)).lowerBound
            let wanted = "\n" + tables.joined(separator: "\n") + "\n"
            if Self.writes {
                try (text[..<from] + wanted + text[to...]).write(
                    toFile: Self.document, atomically: true, encoding: .utf8)
                return
            }
            #expect(String(text[from..<to]) == wanted, "PORTOLAN_WRITE_GOLDEN=1 swift test --filter OpsPromise")
        }
    }

    @Test("the statements in docs/ops.md run, as an operator who may not read secrets")
    func examples() async throws {
        let text = try String(contentsOfFile: Self.document, encoding: .utf8)
        let blocks = text.components(separatedBy: "```sql\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        let sql = blocks.joined(separator: "\n").split(separator: "\n").filter { !$0.hasPrefix("--") }
        let statements = sql.joined(separator: "\n").components(separatedBy: ";").filter { $0.contains("select") }
        #expect(statements.count >= 12)
        try await OpsLab.with { lab in
            try await lab.fill()
            try await lab.addConnection("my-shop", platform: "stripe")
            try await lab.run("set role portolan_operator")
            for statement in statements { try await lab.run(statement) }
            try await lab.run("reset role")
        }
    }

    @Test("what views tell merchants are the texts of Sources/Health/Texts/en.json")
    func merchants() async throws {
        struct Part: Decodable, Equatable {
            let happened: String
            let affected: String
            let action: String
        }
        struct File: Decodable {
            let merchant: [String: Part]
        }
        let data = try Data(contentsOf: URL(filePath: Places.package + "/Sources/Health/Texts/en.json"))
        var texts = try JSONDecoder().decode(File.self, from: data).merchant
        texts["none"] = nil
        try await withPool { pool in
            var stored: [String: Part] = [:]
            for row in try await pool.query("select * from ops.merchant_texts()") {
                let (code, happened, affected, action) = try row.decode(
                    String.self, String.self, String.self, String.self)
                stored[code] = Part(happened: happened, affected: affected, action: action)
            }
            #expect(stored == texts, "they belong into Migrations/functions/ops_0_merchant.sql")
        }
    }
}
