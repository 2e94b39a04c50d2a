package import Postgres

/// Seals everything anew that was not sealed with the vault's first key, while the fleet goes on.
///
/// Rows are found by their shape: tables of schema `portolan` with `connection_id`, `key_id` and columns of type
/// `bytea` whose names begin with `sealed`. Each batch is one short transaction over rows that nobody else has in
/// hand, and a row is written only if it still is what was opened: credentials that somebody changes meanwhile are
/// neither lost nor overwritten. It may be stopped at any time and started again, also twice at once.
package struct KeyRotation: Sendable {
    private let pool: PostgresPool
    private let vault: Vault

    package init(pool: PostgresPool, vault: Vault) {
        self.pool = pool
        self.vault = vault
    }

    /// How far it has got.
    package struct Progress: Sendable, Equatable {
        /// Rows sealed anew by this run.
        package var resealed = 0
        /// Rows that do not open, and why. They stay as they are.
        package var refused: [Refusal] = []
        /// Rows that are not sealed with the first key yet, the refused ones included.
        package var left = 0
    }

    /// A row that cannot be sealed anew.
    package struct Refusal: Sendable, Equatable, Codable {
        package let table: String
        package let connectionID: Int64
        package let keyID: String
        package let reason: String

        enum CodingKeys: String, CodingKey {
            case table, reason
            case connectionID = "connection_id"
            case keyID = "key_id"
        }
    }

    /// Rows by the id of the key that sealed them, over all tables.
    package func usage() async throws -> [String: Int] {
        var usage: [String: Int] = [:]
        for table in try await tables() {
            let rows = try await pool.query(
                SQL(unsafeText: "select key_id, count(*) as n from \(table.name) where key_id is not null group by 1"))
            for row in rows {
                usage[try row.decode("key_id"), default: 0] += Int(try row.decode("n", as: Int64.self))
            }
        }
        return usage
    }

    /// Runs until nothing is left but what cannot be opened.
    ///
    /// - Parameters:
    ///   - batchSize: rows a transaction.
    ///   - report: called after every batch.
    /// - Returns: the end's progress; 0 `left` means that no other key is needed any more.
    package func run(
        batchSize: Int = 100, report: (Progress) async -> Void = { _ in }
    ) async throws -> Progress {
        var progress = Progress()
        for table in try await tables() {
            // The second pass waits for the rows that somebody had in hand during the first.
            for isWaiting in [false, true] {
                var last: Int64 = .min
                while let batch = try await batch(table, after: last, batchSize, isWaiting: isWaiting) {
                    last = batch.last
                    progress.resealed += batch.resealed
                    progress.refused.removeAll { old in batch.refused.contains { $0 == old } }
                    progress.refused += batch.refused
                    progress.left = try await left()
                    await report(progress)
                }
            }
        }
        progress.left = try await left()
        return progress
    }

    private struct Table {
        let name: String
        let columns: [String]
    }

    private struct Batch {
        var last: Int64
        var resealed = 0
        var refused: [Refusal] = []
    }

    private func tables() async throws -> [Table] {
        let rows = try await pool.query(
            """
            select format('portolan.%I', c.relname) as name,
                   array_agg(quote_ident(a.attname) order by a.attnum) filter (where a.atttypid = 'bytea'::regtype and a.attname like 'sealed%') as columns
            from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where c.relnamespace = 'portolan'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            group by c.oid
            having count(*) filter (where a.attname in ('connection_id', 'key_id')) = 2
               and count(*) filter (where a.atttypid = 'bytea'::regtype and a.attname like 'sealed%') > 0
            order by 1
            """)
        return try rows.map { Table(name: try $0.decode("name"), columns: try $0.decode("columns")) }
    }

    private func left() async throws -> Int {
        let first = vault.keyID
        return try await usage().reduce(0) { $1.key == first ? $0 : $0 + $1.value }
    }

    /// One transaction; nil when there is nothing after `last`.
    private func batch(_ table: Table, after last: Int64, _ size: Int, isWaiting: Bool) async throws -> Batch? {
        let (vault, columns) = (vault, table.columns)
        let current = vault.keyID
        return try await inTransaction { connection in
            if isWaiting { try await connection.query("set local lock_timeout = '10s'") }
            let rows = try await connection.query(
                SQL(
                    unsafeText: """
                        select connection_id, key_id, \(columns.joined(separator: ", ")) from \(table.name)
                        where key_id <> $1 and connection_id > $2 order by connection_id limit $3
                        for update\(isWaiting ? "" : " skip locked")
                        """), [current, last, Int64(size)])
            guard !rows.isEmpty else { return nil }
            var batch = Batch(last: last)
            for row in rows {
                let (id, keyID) = (
                    try row.decode("connection_id", as: Int64.self), try row.decode("key_id", as: String.self)
                )
                batch.last = id
                let old = try columns.indices.map { try row.decode(at: $0 + 2, as: [UInt8]?.self) }
                let new: (keyID: String, values: [[UInt8]?])?
                do throws(VaultError) {
                    new = try Self.resealed(old, keyID, id, vault)
                } catch {
                    batch.refused.append(
                        Refusal(table: table.name, connectionID: id, keyID: keyID, reason: error.description))
                    continue
                }
                guard let new else { continue }
                batch.resealed += try await connection.query(
                    Self.update(table), [new.keyID, id, keyID] as [any PostgresEncodable] + new.values + old
                ).count
            }
            return batch
        }
    }

    private func inTransaction(_ body: (PostgresConnection) async throws -> Batch?) async throws -> Batch? {
        do throws(PostgresTransactionError) {
            return try await pool.withTransaction { connection in try await body(connection) }
        } catch {
            throw error.body ?? error.postgres ?? error
        }
    }

    /// All columns of a row sealed with one key; nil when that was so already.
    private static func resealed(
        _ old: [[UInt8]?], _ keyID: String, _ connectionID: Int64, _ vault: Vault
    ) throws(VaultError) -> (keyID: String, values: [[UInt8]?])? {
        var (values, ids): ([[UInt8]?], Set<String>) = ([], [])
        for bytes in old {
            guard let bytes else {
                values.append(nil)
                continue
            }
            guard let sealed = try vault.reseal(bytes, keyID: keyID, connectionID: connectionID) else { return nil }
            values.append(sealed.bytes)
            ids.insert(sealed.keyID)
        }
        // The ring changed between two columns: the next pass, or the next run, does this row.
        guard ids.count < 2 else { return nil }
        return (ids.first ?? vault.keyID, values)
    }

    /// Compare and set: a row that is not what was opened any more is left alone.
    private static func update(_ table: Table) -> SQL {
        let count = table.columns.count
        let sets = table.columns.enumerated().map { "\($1) = $\($0 + 4)" }
        let same = table.columns.enumerated().map { "\($1) is not distinct from $\($0 + 4 + count)" }
        return SQL(
            unsafeText: """
                update \(table.name) set key_id = $1, \(sets.joined(separator: ", "))
                where connection_id = $2 and key_id = $3 and \(same.joined(separator: " and ")) returning 1 as done
                """)
    }
}
