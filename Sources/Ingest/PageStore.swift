internal import FoundationEssentials
internal import Health
package import Jobs
package import Platforms
package import Postgres

/// Stores pages: records, deletions, flags, cursor and progress in one transaction that first proves the lease.
///
/// The usual page is one round trip, and its records go from the received body to the socket with one copy. A page
/// that PostgreSQL refuses because of what is in a record is stored again on the careful path: bytes that jsonb
/// cannot hold are kept exactly as received, a cleaned copy takes the record's place where there can be one, and
/// each such record gets a flag. The rest of the page is stored as it is.
///
/// Members that the platform declares as never stored are cut out first, whichever path a record then takes.
package struct PageStore: Sendable {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Commits a page of a job's stream, or of the chunk that a backfill reads.
    ///
    /// - Parameters:
    ///   - backfill: whose chunk the page is of; nil: it is the stream's own. Of a chunk's page that is not stored which
    ///     says something of the stream: up to when it is known, its state, its sweep.
    ///   - pageInterval: how far apart pages like this one may be within the connection's quota; nil where nobody
    ///     knows: the stream is then read as its target says.
    /// - Returns: what was written, and what the worker must know; `isHeld` is false when the lease is lost and
    ///   nothing was changed.
    /// - Throws: ``PostgresError``. After `connectionLost` nobody knows whether the page was committed: the caller
    ///   reads the cursor again and goes on from there.
    package func commit(
        _ page: Page, of job: LeasedJob, stream: String, platform: any Platform, backfill: Int64? = nil,
        pageInterval: Duration? = nil
    ) async throws(PostgresError) -> PageAnswer {
        let page = platform.neverStored.strip(page)
        let records = RecordBatch(page.records)
        let scope = Scope(
            page: page, job: job, stream: stream, platform: platform, backfill: backfill, pageInterval: pageInterval)
        do throws(PostgresError) {
            let rows = try await pool.query(scope.sql, scope.parameters(for: records, extraFlags: []))
            return try PageAnswer(rows)
        } catch {
            guard error.isRefusedValue, !records.isEmpty else { throw error }
        }
        return try await commitCarefully(records, scope)
    }

    static let commitPage: SQL = """
        select held, inserted, changed, unchanged, stale, deleted, cancel, paused, draining, yield_wanted
        from portolan.commit_page($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                                  $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)
        """

    static let commitChunkPage: SQL = """
        select held, inserted, changed, unchanged, stale, deleted, cancel, paused, draining, yield_wanted
        from portolan.commit_chunk_page($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                                        $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
        """

    private func commitCarefully(_ batch: RecordBatch, _ scope: Scope) async throws(PostgresError) -> PageAnswer {
        var sorted = CarefulBatch(batch)
        let rows = try await pool.query(
            "select portolan.json_problem(p) as problem from unnest($1::text[]) with ordinality u(p, o) order by o",
            [PostgresSliceArray(RecordSlices(sorted.storable.records), as: .text)])
        var problems: [String?] = []
        for row in rows { problems.append(try row.decode("problem")) }
        sorted.reject(problems)
        let parted = sorted
        do throws(PostgresTransactionError) {
            return try await pool.withTransaction { connection in try await Self.commit(parted, scope, on: connection) }
        } catch {
            if error.isCommitOutcomeUnknown {
                throw PostgresError(.connectionLost, "no answer to the commit of a page")
            }
            throw error.postgres ?? PostgresError(.misuse, "a page's transaction failed: \(error)")
        }
    }

    private static func commit(
        _ batch: CarefulBatch, _ scope: Scope, on connection: PostgresConnection
    ) async throws(PostgresError) -> PageAnswer {
        let rows = try await connection.query(
            scope.sql, scope.parameters(for: batch.storable, extraFlags: batch.flags))
        let answer = try PageAnswer(rows)
        guard answer.isHeld else { return answer }
        let exact = batch.exact
        try await connection.query(
            "select portolan.keep_exact($1, $2, $3, $4, $5, $6, $7)",
            [
                scope.job.connectionID, scope.job.jobID, exact.map(\.record.resource), exact.map(\.record.id),
                PostgresSliceArray(RecordSlices(exact.map(\.record)), as: .bytea), exact.map(\.reason),
                exact.map(\.record.fetchedAt),
            ])
        return answer
    }

    /// What of the parameters does not depend on which records can be stored.
    private struct Scope {
        let page: Page
        let job: LeasedJob
        let stream: String
        let platform: any Platform
        let backfill: Int64?
        let pageInterval: Duration?

        var sql: SQL { backfill == nil ? commitPage : commitChunkPage }

        func parameters(for batch: RecordBatch, extraFlags: [UnifiedError]) -> [any PostgresEncodable] {
            let records = batch.records
            // What cannot be an identifier here was never stored: there is nothing to mark.
            let gone = page.deletions.filter { CarefulBatch.isUsable($0.id) }
            let discoveries = page.discoveries.isEmpty ? nil : PostgresJSON(encoding: page.discoveries)
            let seen = page.sweep?.seen.filter { CarefulBatch.isUsable($0.id) } ?? []
            let common: [any PostgresEncodable] = [
                job.lease.laneID, job.lease.token, job.jobID, job.connectionID, stream, platform.key,
                platform.apiVersion,
                records.map(\.resource), records.map(\.id), records.map(\.updatedAt), records.map(\.createdAt),
                records.map(\.fetchedAt), batch.hashes, PostgresSliceArray(RecordSlices(records), as: .text),
                batch.sanitised,
                gone.map(\.resource), gone.map(\.id), gone.map(\.deletedAt), gone.map(\.source.rawValue),
                (page.flags + extraFlags).map { PostgresJSON($0.rowJSON) },
                PostgresJSON(page.cursor.json), page.isCaughtUp,
            ]
            let coverage = page.coverage.map(\.row)
            if let backfill { return common + [coverage, discoveries, backfill] }
            return common + [
                page.syncedThrough, page.degradation.map { PostgresJSON($0.rowJSON) },
                page.sweep?.row, seen.map(\.resource), seen.map(\.id), coverage, discoveries,
                pageInterval,
            ]
        }
    }
}

/// What became of a page, and what the worker must know before the next.
package struct PageAnswer: Sendable, Equatable {
    /// False: the lease is lost; nothing was changed, and nothing else of this answer means anything.
    package var isHeld: Bool
    package var inserted = 0
    package var changed = 0
    package var unchanged = 0
    /// Records older than what is stored: not written.
    package var stale = 0
    package var deleted = 0
    package var isCancelled = false
    package var isPaused = false
    package var isDraining = false
    /// A more urgent job waits for this lane.
    package var isYieldWanted = false

    package init(isHeld: Bool) { self.isHeld = isHeld }

    init(_ rows: PostgresRows) throws(PostgresError) {
        guard let row = rows.first else { throw PostgresError(.decode, "commit_page answered nothing") }
        isHeld = try row.decode("held")
        guard isHeld else { return }
        inserted = Int(try row.decode("inserted", as: Int32.self))
        changed = Int(try row.decode("changed", as: Int32.self))
        unchanged = Int(try row.decode("unchanged", as: Int32.self))
        stale = Int(try row.decode("stale", as: Int32.self))
        deleted = Int(try row.decode("deleted", as: Int32.self))
        isCancelled = try row.decode("cancel")
        isPaused = try row.decode("paused")
        isDraining = try row.decode("draining")
        isYieldWanted = try row.decode("yield_wanted")
    }
}

extension PostgresError {
    /// The server refused a value, not the statement: classes 22 (data exception) and 54 (a limit of the program, such
    /// as nesting too deep).
    package var isRefusedValue: Bool {
        guard code == .server, let sqlState else { return false }
        return sqlState.hasPrefix("22") || sqlState.hasPrefix("54")
    }
}
