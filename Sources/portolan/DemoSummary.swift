internal import LocalFleet
internal import Postgres

/// What the demonstration brought, read from the same tables and views that anybody would read.
struct DemoSummary {
    let text: String

    static func read(
        _ pool: PostgresPool, counters: [SandboxProcess.Counters], elapsed: Duration
    ) async throws -> DemoSummary {
        var lines = ["", "All streams in sync after \(elapsed.clock).", ""]
        lines.append(try await unifiedRows(pool))
        lines.append("")
        let jobs = try await pool.query(
            """
            select count(*) filter (where outcome = 'done') as done, count(*) filter (where outcome <> 'done') as other,
                   coalesce(sum(pages_count), 0)::bigint as pages
            from portolan.job_history
            """)
        if let row = jobs.first {
            let (done, other, pages) = try row.decode(Int64.self, Int64.self, Int64.self)
            lines.append("jobs      \(done) done, \(other) otherwise ended, \(pages) pages committed")
        }
        let requests = counters.reduce(0) { $0 + $1.requests }
        let throttled = counters.reduce(0) { $0 + $1.throttled }
        lines.append("requests  \(requests) made, \(throttled) throttled by a platform")
        let raw = try await pool.query(
            """
            select count(*) as records, count(*) filter (where deleted_at is not null) as deleted,
                   pg_size_pretty(pg_total_relation_size('portolan.raw_records')) as size
            from portolan.raw_records
            """)
        if let row = raw.first {
            let (records, deleted, size) = try row.decode(Int64.self, Int64.self, String.self)
            lines.append("raw       \(records) records in \(size), \(deleted) of them deleted by the merchant")
        }
        lines.append(try await errors(pool))
        return DemoSummary(text: lines.joined(separator: "\n"))
    }

    private static func unifiedRows(_ pool: PostgresPool) async throws -> String {
        let views = try await pool.query(
            "select viewname::text as name from pg_views where schemaname = 'unified' order by 1")
        var table = Table(["UNIFIED ENTITY", "PLATFORM", "ROWS", "WITH ISSUES"])
        for view in views {
            let name: String = try view.decode("name")
            // The name comes from the catalogue of our own schema.
            let rows = try await pool.query(
                SQL(
                    unsafeText: """
                        select platform, count(*) as rows, count(*) filter (where issues <> '[]') as issues
                        from unified.\(name) where not is_deleted group by 1 order by 1
                        """))
            for row in rows {
                let (platform, count, issues) = try row.decode(String.self, Int64.self, Int64.self)
                table.add([name, platform, "\(count)", "\(issues)"])
            }
        }
        return table.text
    }

    private static func errors(_ pool: PostgresPool) async throws -> String {
        let rows = try await pool.query(
            "select code, fault, count(*) as count from portolan.errors group by 1, 2 order by 3 desc, 1")
        if rows.isEmpty { return "errors    none" }
        var parts: [String] = []
        for row in rows {
            let (code, fault, count) = try row.decode(String.self, String.self, Int64.self)
            parts.append("\(count) × \(code) (fault: \(fault))")
        }
        return "errors    " + parts.joined(separator: ", ")
    }
}
