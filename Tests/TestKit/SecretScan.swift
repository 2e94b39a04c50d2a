internal import Foundation
internal import Glibc
package import Postgres

/// Looks for planted secrets where none may be: in texts, in files, in every row of a database.
///
/// A test plants values that occur nowhere else, runs what it wants to know about, and expects no findings:
///
/// ```swift
/// let scan = try SecretScan(["token": token, "password": password])
/// var found = scan.look(in: logs.text, at: "the worker's log")
/// found += try scan.files(under: folder)
/// found += try await scan.database(pool)
/// #expect(found.isEmpty, "\(found)")
/// ```
///
/// Each is looked for as it is and in hexadecimal, base64 (at any offset), percent-encoded and JSON-escaped.
/// What was encrypted or compressed cannot be seen into.
package struct SecretScan: Sendable {
    /// Where a secret was found. The secret itself is not part of it.
    package struct Finding: Sendable, Hashable, CustomStringConvertible {
        /// The name it was planted under.
        package let secret: String
        /// `plain`, `base64`, …
        package let form: String
        /// A text's name, a file's path, or schema, table, column and how many rows.
        package let place: String

        package var description: String { "\(secret) (\(form)) in \(place)" }
    }

    private struct Needle: Sendable {
        let secret: String
        let form: String
        /// Ends with NUL.
        let bytes: [UInt8]
    }

    /// What is wrong with what a scan was asked to do.
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    private let needles: [Needle]

    /// - Parameter secrets: the planted values by the names that findings will have.
    /// - Throws: ``Problem`` for a value of fewer than 8 bytes: it would be found where nobody put it.
    package init(_ secrets: [String: String]) throws {
        var needles: [Needle] = []
        for (name, value) in secrets.sorted(by: { $0.key < $1.key }) {
            guard value.utf8.count >= 8 else {
                throw Problem(description: "the secret \(name) is too short to look for")
            }
            needles += SecretForms(value).all.map { Needle(secret: name, form: $0.name, bytes: $0.bytes + [0]) }
        }
        self.needles = needles
    }

    /// Looks through a text.
    package func look(in text: String, at place: String) -> [Finding] { look(in: Array(text.utf8), at: place) }

    /// Looks through bytes. One finding for each secret and form.
    package func look(in bytes: [UInt8], at place: String) -> [Finding] {
        hits(in: bytes).map { Finding(secret: $0.secret, form: $0.form, place: place) }
    }

    /// Looks through all files of a folder, at any depth, and through their names. Links are not followed; files that
    /// are gone meanwhile are passed over.
    package func files(under folder: String) throws -> [Finding] {
        guard FileManager.default.fileExists(atPath: folder), let walk = FileManager.default.enumerator(atPath: folder)
        else {
            throw Problem(description: "there is no folder \(folder)")
        }
        var findings: [Finding] = []
        while let name = walk.nextObject() as? String {
            let path = folder + "/" + name
            findings += look(in: name, at: "the name \(path)")
            guard walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular,
                let data = FileManager.default.contents(atPath: path)
            else { continue }
            findings += look(in: Array(data), at: path)
        }
        return findings
    }

    /// Looks through every column of every table and materialised view that is not the server's own, whatever its type,
    /// through sequences' and columns' defaults, comments and the texts of functions and views, and through the
    /// statements the server shows.
    ///
    /// - Parameters:
    ///   - pool: of a user that may read everything.
    ///   - passingOver: `schema.table` names where a secret may be, e.g. records that a test planted it in on purpose.
    package func database(_ pool: PostgresPool, passingOver: Set<String> = []) async throws -> [Finding] {
        var findings: [Finding] = []
        for row in try await pool.query(Self.columns) {
            let (schema, table, column, isBytes) = try row.decode(String.self, String.self, String.self, Bool.self)
            if passingOver.contains("\(schema).\(table)") { continue }
            let value = Self.quoted(column) + (isBytes ? "" : "::text")
            let rows = try await pool.query(
                SQL(
                    unsafeText:
                        "select \(value) as v from \(Self.quoted(schema)).\(Self.quoted(table)) where \(Self.quoted(column)) is not null"
                ))
            var counts: [Finding: Int] = [:]
            for row in rows {
                let bytes =
                    isBytes
                    ? try row.decode(at: 0, as: [UInt8].self) : Array(try row.decode(at: 0, as: String.self).utf8)
                for needle in hits(in: bytes) {
                    counts[
                        Finding(secret: needle.secret, form: needle.form, place: "\(schema).\(table).\(column)"),
                        default: 0] += 1
                }
            }
            findings += counts.map { found, count in
                Finding(secret: found.secret, form: found.form, place: "\(found.place), rows: \(count)")
            }.sorted { $0.description < $1.description }
        }
        for row in try await pool.query(Self.definitions) {
            let (place, text) = try row.decode(String.self, String.self)
            findings += look(in: text, at: place)
        }
        return findings
    }

    /// Partitions are read through their parents.
    private static let columns: SQL = """
        select n.nspname::text, c.relname::text, a.attname::text, a.atttypid = 'bytea'::regtype
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'p', 'm', 'f') and not c.relispartition
          and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
        order by 1, 2, a.attnum
        """

    private static let definitions: SQL = """
        select 'the comment on ' || coalesce(to_regclass(d.objoid::regclass::text)::text, d.objoid::text), d.description
        from pg_description d where d.classoid = 'pg_class'::regclass
        union all
        select 'the text of function ' || p.oid::regprocedure, p.prosrc from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace where n.nspname not in ('pg_catalog', 'information_schema')
        union all
        select 'the text of view ' || c.oid::regclass, pg_get_viewdef(c.oid) from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
        union all
        select 'a default of ' || d.adrelid::regclass, pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d
        union all
        select 'a setting of ' || coalesce(r.rolname::text, 'all'), array_to_string(s.setconfig, ' ')
        from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole
        union all
        select 'the statement of ' || coalesce(nullif(application_name, ''), pid::text), query from pg_stat_activity
        where query is not null and pid <> pg_backend_pid()
        """

    private static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    private func hits(in bytes: [UInt8]) -> [Needle] {
        // The library's search, which wants a text that ends with its only NUL: byte by byte in Swift, a debug build
        // would take minutes for a fleet's rows.
        var hay = bytes
        hay.append(0)
        return hay.withUnsafeMutableBytes { hay in
            guard let start = hay.baseAddress else { return [] }
            var rest = start
            while let found = memchr(rest, 0, hay.count - 1 - (rest - start)) {
                found.storeBytes(of: 1, as: UInt8.self)
                rest = found + 1
            }
            let text = start.assumingMemoryBound(to: CChar.self)
            return needles.filter { needle in
                needle.bytes.withUnsafeBytes { bytes in
                    bytes.baseAddress.map { strstr(text, $0.assumingMemoryBound(to: CChar.self)) != nil } ?? false
                }
            }
        }
    }
}
