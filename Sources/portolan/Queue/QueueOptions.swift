internal import ArgumentParser
internal import Jobs
internal import Logging
internal import Postgres
internal import Redis

/// The queue a command works on.
struct QueueOptions: ParsableArguments {
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var log: LogOptions

    /// Runs `body` with the queue.
    ///
    /// - Parameter name: the command's, for the log and for `pg_stat_activity`.
    /// - Throws: ``SettingsError`` in the queue's own words where it refuses; what `body` throws otherwise.
    @discardableResult
    func withQueue<R: Sendable>(_ name: String, _ body: (OpenQueue) async throws -> R) async throws -> R {
        let logger = try log.logger("portolan.\(name)")
        let pool = try database.pool(applicationName: "portolan \(name)", connectionsMax: 1, logger: logger)
        do {
            let result = try await body(OpenQueue(pool: pool))
            await pool.shutdown(within: .seconds(2))
            return result
        } catch {
            await pool.shutdown(within: .seconds(2))
            throw Self.inPlainWords(error)
        }
    }

    /// A refusal is one line that names the field and the fix, with nothing in front of it.
    private static func inPlainWords(_ error: any Error) -> any Error {
        if let error = error as? PostgresError {
            // No table, column, function or schema of that name.
            if ["42P01", "42703", "42883", "3F000"].contains(error.sqlState ?? "") {
                return SettingsError("the database's schema is not this version's; run: portolan migrate")
            }
            return inPlainWords(QueueError(error))
        }
        if let error = error as? QueueError, error.code == .refused { return SettingsError(error.message) }
        return error
    }
}

/// The queue while a command runs.
struct OpenQueue: Sendable {
    let pool: PostgresPool
    var queue: PostgresQueue { PostgresQueue(pool: pool) }

    func rows(_ sql: SQL, _ parameters: [any PostgresEncodable] = []) async throws -> PostgresRows {
        try await pool.query(sql, parameters)
    }

    /// The statement's rows as JSON objects, each on a line of its own, with the columns' names.
    ///
    /// - Parameter sql: our own text, never data.
    func objects(_ sql: String, _ parameters: [any PostgresEncodable] = []) async throws -> [String] {
        try await pool.query(SQL(unsafeText: "select row_to_json(q)::text from (\(sql)) q"), parameters)
            .map { row in try row.decode(at: 0) }
    }

    /// The same as one array.
    func array(_ sql: String, _ parameters: [any PostgresEncodable] = []) async throws -> String {
        "[\(try await objects(sql, parameters).joined(separator: ","))]"
    }

    /// - Throws: ``SettingsError`` when there is none of that name.
    func connectionID(named name: String) async throws -> Int64 {
        let rows = try await rows("select connection_id from portolan.connections where name = $1", [name])
        guard let row = rows.first else {
            throw SettingsError("there is no connection \(name); see: portolan connections list")
        }
        return try row.decode(at: 0)
    }
}

/// Says to the workers that there is work. They poll: the hint only makes it instant, so a missing Redis is no error.
struct WakeOptions: ParsableArguments {
    @OptionGroup var redis: RedisOptions

    func wake() async {
        let silent = Logger(label: "portolan.wake") { _ in SwiftLogNoOpLogHandler() }
        guard let client = try? redis.client(logger: silent) else { return }
        _ = try? await client.publish("1", on: Wake.channel)
        await client.shutdown()
    }
}
