import Foundation
import Platforms
import Postgres
import Schema
import Testing

/// A view and its columns, as the database has them.
struct ProbedView: Sendable {
    let name: String
    let columns: [(name: String, type: String)]

    func has(_ column: String) -> Bool { columns.contains { $0.name == column } }
}

/// Fills the raw table and asks the views questions.
struct ViewProbe: Sendable {
    let pool: PostgresPool

    /// Stores records of one connection; those that jsonb cannot hold are left out.
    /// - Returns: how many were stored.
    @discardableResult
    func store(_ records: [StoredRecord], platform: String, connection: Int64) async throws -> Int {
        try await store(records.map { (connection, $0) }, platform: platform)
    }

    @discardableResult
    func store(_ records: [(connection: Int64, record: StoredRecord)], platform: String) async throws -> Int {
        var stored = 0
        var rest = records[...]
        while !rest.isEmpty {
            let batch = rest.prefix(400).compactMap { item in
                String(validating: item.record.payload, as: UTF8.self).map { (item.connection, item.record, $0) }
            }.filter { !$0.2.utf8.contains(0) }
            rest = rest.dropFirst(400)
            let rows = try await pool.query(
                """
                insert into portolan.raw_records
                  (connection_id, resource, external_id, platform, platform_updated_at, platform_created_at, payload,
                   payload_hash, fetched_at)
                select u.connection, u.resource, u.id, $1, u.updated_at, u.created_at, u.payload::jsonb,
                       sha256(convert_to(u.payload, 'UTF8')), '2026-09-01T00:00:00Z'
                from unnest($2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[])
                  u(connection, resource, id, updated_at, created_at, payload)
                where portolan.json_problem(u.payload) is null
                """,
                [
                    platform, batch.map(\.0), batch.map(\.1.resource), batch.map(\.1.id), batch.map(\.1.updatedAt),
                    batch.map(\.1.createdAt), batch.map(\.2),
                ])
            stored += rows.affectedRowCount
        }
        return stored
    }

    /// The views of one platform, and all unified ones.
    func views(of platform: any Platform) async throws -> [ProbedView] {
        try await views(in: platform.key) + views(in: "unified")
    }

    func views(in schema: String) async throws -> [ProbedView] {
        let rows = try await pool.query(
            """
            select c.relname::text as view, a.attname::text as name, format_type(a.atttypid, null) as type
            from pg_class c join pg_namespace s on s.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
            where s.nspname = $1 and c.relkind = 'v' and a.attnum > 0 and not a.attisdropped
            order by c.relname, a.attnum
            """, [schema])
        var columns: [String: [(name: String, type: String)]] = [:]
        for row in rows {
            let (view, name, type) = try row.decode(String.self, String.self, String.self)
            columns[view, default: []].append((name, type))
        }
        return columns.sorted { $0.key < $1.key }.map { ProbedView(name: "\(schema).\($0.key)", columns: $0.value) }
    }

    /// Evaluates every column of every row, and adds up, averages and maximises what is a number.
    /// - Returns: how many rows there were.
    func evaluate(_ view: ProbedView, where condition: String = "true") async throws -> Int64 {
        let numbers = view.columns.filter { $0.type == "numeric" }.flatMap { column in
            ["sum", "avg", "max"].map { "\($0)(t.\(column.name))::text" }
        }
        let list = (["count(*)", "count(md5(t::text))"] + numbers).joined(separator: ", ")
        let rows = try await pool.query(SQL(unsafeText: "select \(list) from \(view.name) t where \(condition)"))
        let row = try #require(rows.first)
        let (all, evaluated) = try row.decode(Int64.self, Int64.self)
        #expect(all == evaluated, "\(view.name)")
        return all
    }

    /// One number.
    func count(_ text: String) async throws -> Int64 {
        let rows = try await pool.query(SQL(unsafeText: text))
        return try #require(rows.first).decode(at: 0, as: Int64.self)
    }

    /// One text; NULL is "NULL".
    func text(_ text: String) async throws -> String {
        let rows = try await pool.query(SQL(unsafeText: text))
        return try #require(rows.first, "no row: \(text)").decode(at: 0, as: String?.self) ?? "NULL"
    }

    func run(_ text: String) async throws {
        try await pool.query(SQL(unsafeText: text))
    }
}

/// Rows of an entity that may be without required values for a reason that is no fault: what the lines
/// `-- may be empty: <condition>` of the views' files say. Example: orders that show no amounts before they are paid.
private func mayBeEmpty(_ entity: String) -> String {
    let conditions = platformViewFiles.map(PlatformView.init).filter { $0.feeds.contains(entity) }.compactMap { view in
        ViewHeader.line("may be empty", in: view.text).map { "platform = '\(view.platform)' and (\($0))" }
    }
    return conditions.isEmpty ? "false" : conditions.joined(separator: " or ")
}

extension ViewProbe {
    /// What is NULL, required, and not in the list of issues; in words.
    func silentNulls() async throws -> [String] {
        var found: [String] = []
        for contract in try Contract.all() {
            let entity = contract.entity
            for column in contract.required {
                let rows = try await pool.query(
                    SQL(
                        unsafeText: """
                            select platform, raw_resource, platform_id, count(*) over () from unified.\(entity)
                            where \(column) is null and issues = '[]' and (\(mayBeEmpty(entity))) is not true
                            limit 1
                            """))
                for row in rows {
                    let (platform, resource, id, all) = try row.decode(
                        String.self, String.self, String?.self, Int64.self)
                    found.append(
                        "unified.\(entity).\(column): \(all) rows, e.g. \(platform) \(resource) \(id ?? "NULL")")
                }
            }
        }
        return found
    }

    /// Rows whose identity is not what the contract says, in words.
    func wrongIdentities(unique: Bool = true) async throws -> [String] {
        var found: [String] = []
        for contract in try Contract.all() {
            let entity = contract.entity
            let wrong = try await count(
                """
                select count(*) from unified.\(entity)
                where id is distinct from unified.id(connection_id, '\(entity)', platform_id) or id is null
                """)
            if wrong > 0 { found.append("\(wrong) rows of unified.\(entity) have another id than the contract says") }
            guard unique else { continue }
            let twice = try await text(
                """
                select string_agg(platform || ' ' || platform_id, ', ') from (
                  select platform, platform_id from unified.\(entity) group by connection_id, platform, platform_id
                  having count(*) > 1 limit 3) t
                """)
            if twice != "NULL" { found.append("unified.\(entity) has rows twice: \(twice)") }
        }
        return found
    }
}
