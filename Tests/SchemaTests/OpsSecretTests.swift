import Foundation
import Postgres
import TestKit
import Testing

@testable import Schema

@Suite("Who looks and who acts reads no secrets", .serialized)
struct OpsSecretTests {
    private static let mark = "5ecre7-m4rk"

    /// Rows with the mark wherever a secret or a payload can stand.
    private func plant(_ lab: OpsLab) async throws {
        try await lab.fill()
        let bytes = "convert_to('\(Self.mark)', 'UTF8')"
        try await lab.run(
            """
            insert into portolan.connection_credentials (connection_id, key_id, sealed) select connection_id, 'k1', \(bytes) from portolan.connections
            """)
        try await lab.run(
            """
            insert into portolan.connection_tokens (connection_id, generation, key_id, sealed) select connection_id,
            1, 'k1', \(bytes) from portolan.connections
            """)
        try await lab.run(
            """
            insert into portolan.raw_records (connection_id, resource, external_id, platform, payload, payload_hash, fetched_at)
            select connection_id, 'orders', '1', platform, '{"card": "\(Self.mark)"}', '\\x00', portolan.now() from portolan.connections
            """)
        try await lab.run(
            """
            insert into portolan.raw_exact (connection_id, resource, external_id, bytes, reason, fetched_at)
            select connection_id, 'orders', '2', \(bytes), 'why', portolan.now() from portolan.connections
            """)
    }

    @Test(
        "every column that holds secrets or payloads is refused, alone, with its row, and through every table and view of ours",
        arguments: ["portolan_console", "portolan_operator"])
    func columns(_ role: String) async throws {
        try await OpsLab.with { lab in
            try await plant(lab)
            // By their shape, and by what is in them: whichever column of whichever table holds the mark.
            let all = try await lab.run(
                """
                select format('%I.%I', n.nspname, c.relname), a.attname::text, format_type(a.atttypid, null)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid =
                c.oid and a.attnum > 0 and not a.attisdropped
                where n.nspname in ('portolan', 'store') and c.relkind in ('r', 'p') and not c.relispartition order by 1, 2
                """)
            var secret: [(table: String, column: String)] = []
            for row in all {
                let (table, column, type) = try row.decode(String.self, String.self, String.self)
                let test =
                    type == "bytea"
                    ? "position(convert_to('\(Self.mark)', 'UTF8') in \"\(column)\") > 0"
                    : "\"\(column)\"::text like '%\(Self.mark)%'"
                let holds = try await lab.number("select count(*) from \(table) where \(test)")
                if holds > 0 { secret.append((table, column)) }
            }
            #expect(
                secret.map { "\($0.table).\($0.column)" } == [
                    "portolan.connection_credentials.sealed", "portolan.connection_tokens.sealed",
                    "portolan.raw_exact.bytes", "portolan.raw_records.payload",
                ])
            let relations = try await lab.texts(
                """
                select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname in ('portolan', 'ops', 'store') and c.relkind in ('r', 'p', 'v', 'm') order by 1
                """)
            try await lab.run("set role \(role)")
            for (table, column) in secret {
                for sql in [
                    "select \(column) from \(table)", "select * from \(table)", "select t from \(table) t",
                    "select row_to_json(t) from \(table) t", "select count(\(column)) from \(table)",
                    "select 1 from \(table) where \(column) is not null", "copy \(table) to stdout",
                    "update \(table) set \(column) = null returning \(column)",
                ] {
                    let error = await #expect(throws: PostgresError.self, "\(sql)") { try await lab.run(sql) }
                    #expect(error?.sqlState == "42501", "\(sql): \(String(describing: error))")
                }
            }
            // What they may read, all of it, has the mark nowhere.
            for relation in relations {
                let readable = try await lab.texts(
                    """
                    select quote_ident(a.attname) from pg_attribute a where a.attrelid = '\(relation)'::regclass and
                    a.attnum > 0 and not a.attisdropped
                      and has_column_privilege(current_user, a.attrelid, a.attnum, 'SELECT') order by a.attnum
                    """)
                if readable.isEmpty { continue }
                let list = readable.joined(separator: ", ")
                let leaks = try await lab.number(
                    "select count(*) from (select \(list) from \(relation)) t where t::text like '%\(Self.mark)%' or t::text like '%\(Self.hex)%'"
                )
                #expect(leaks == 0, "\(relation)")
            }
            try await lab.run("reset role")
        }
    }

    private static let hex = mark.utf8.map { String($0, radix: 16) }.joined()

    @Test(
        "functions that hand out secrets, and those of workers, are refused; the functions of people are the operator's alone",
        arguments: ["portolan_console", "portolan_operator"])
    func functions(_ role: String) async throws {
        try await OpsLab.with { lab in
            try await plant(lab)
            let acts = role == "portolan_operator"
            let callable = Set(
                try await lab.texts(
                    """
                    select p.proname::text from pg_proc p where p.pronamespace in ('portolan'::regnamespace, 'ops'::regnamespace)
                      and has_function_privilege('\(role)', p.oid, 'EXECUTE')
                    """))
            for name in [
                "open_slice", "read_tokens", "begin_refresh", "tokens_due", "claim", "claim_lanes", "commit_page",
                "maintain", "apply_grants", "fold_jobs",
            ] {
                #expect(!callable.contains(name), "\(name)")
            }
            for name in [
                "cancel", "cancel_many", "cancel_where", "retry", "retry_where", "pause", "resume", "enqueue",
                "close_gate", "open_gate", "switch_connection", "set_cluster_state",
            ] {
                #expect(callable.contains(name) == acts, "\(name)")
            }
            // What somebody can call that runs with the owner's rights answers nothing of what is sealed.
            let answers = try await lab.texts(
                """
                select p.oid::regprocedure::text from pg_proc p
                where p.pronamespace = 'portolan'::regnamespace and p.prosecdef and has_function_privilege('\(role)', p.oid, 'EXECUTE')
                  and (p.prorettype = 'bytea'::regtype or 'bytea'::regtype = any (p.proallargtypes[cardinality(p.proargtypes) + 1:]))
                """)
            #expect(answers == [])
        }
    }
}
