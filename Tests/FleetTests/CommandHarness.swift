import Foundation
import LocalServers
import Postgres
import TestKit
import Testing

/// The program on a database of its own, where a test plays the worker: it claims and finishes the toy platform's jobs.
struct CommandHarness {
    let url: String
    let pool: PostgresPool
    static let worker = "11111111-2222-3333-4444-555555555555"

    /// What one call of the program came to.
    struct Answer {
        let status: Int32?
        let output: String
        let errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }

        /// The output as one JSON value.
        func json<Value>(as type: Value.Type = Value.self) throws -> Value {
            try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? Value, "\(output)")
        }
    }

    /// Runs `body` with one connection, `toy-1`, and a kind of jobs, `export`.
    static func with(_ body: (CommandHarness) async throws -> Void) async throws {
        let url = try await TestPostgres.shared.makeDatabase()
        var limits = PostgresPool.Limits()
        limits.connectionsMax = 2
        let pool = PostgresPool(try PostgresConfiguration(url: url), limits: limits, logger: TestPostgres.logger)
        let harness = CommandHarness(url: url, pool: pool)
        do {
            try await harness.addConnection("toy-1")
            try await pool.query(
                """
                select portolan.define_kind('export', '{"day": "string", "rows": "number"}', '{day}'),
                       portolan.beat($1::text::uuid, 'toyhost', '1', '1 hour')
                """, [worker])
            try await body(harness)
        } catch {
            await pool.shutdown(within: .seconds(2))
            try? await TestPostgres.shared.drop(url)
            throw error
        }
        await pool.shutdown(within: .seconds(2))
        try await TestPostgres.shared.drop(url)
    }

    func addConnection(_ name: String) async throws {
        try await pool.query(
            """
            select portolan.add_connection('toy', $1, 'https://toy.example.com', '{}', array['orders'], array['main'],
                                           array[interval '1 hour'])
            """, [name])
    }

    /// Calls `portolan` with nothing in its environment but the database.
    func portolan(_ arguments: String...) async throws -> Answer { try await portolan(arguments) }

    /// - Parameters:
    ///   - environment: more of it, or something else for the database.
    ///   - input: its standard input; nothing by default.
    func portolan(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil
    ) async throws -> Answer {
        var command = Command(
            Places.executable, arguments,
            environment: ["PORTOLAN_DATABASE_URL": url, "HOME": NSTemporaryDirectory()].merging(environment) { $1 },
            output: .lines, errors: .lines)
        if let input {
            let script = #"input=$1; shift; printf '%s' "$input" | "$0" "$@""#
            command.arguments = ["-c", script, command.executable, input] + arguments
            command.executable = "/bin/sh"
        }
        let process = try await ChildProcess.start(command)
        async let errors = Self.text(process.errorLines)
        let output = await Self.text(process.outputLines)
        let status: Int32? = if case .exited(let code) = await process.waitForExit() { code } else { nil }
        return Answer(status: status, output: output, errors: await errors)
    }

    private static func text(_ lines: AsyncStream<String>) async -> String {
        var all: [String] = []
        for await line in lines { all.append(line) }
        return all.joined(separator: "\n")
    }

    /// Calls it and answers the job it names, as in `job 42`.
    func enqueue(_ arguments: String...) async throws -> Int64 {
        let answer = try await portolan(["enqueue", "job", "export", "--connection", "toy-1"] + arguments)
        #expect(answer.status == 0, "\(answer.errors)")
        return try #require(Int64(answer.output.dropFirst("job ".count)), "\(answer.output)")
    }

    /// Claims one lane of the toy platform; nil when there is none.
    func claim() async throws -> (lane: Int64, token: String, job: Int64)? {
        let rows = try await pool.query(
            """
            select lane_id, token::text, job_id from portolan.claim($1::text::uuid, array_fill('toy'::text, array[5]),
              array['urgent', 'incremental', 'report', 'backfill', 'housekeeping'], 1)
            """, [Self.worker])
        guard let row = rows.first else { return nil }
        let (lane, token, job) = try row.decode(Int64.self, String.self, Int64.self)
        return (lane, token, job)
    }

    /// Claims a lane, and ends the run of its job.
    ///
    /// - Returns: what became of it, and of which job.
    @discardableResult
    func run(_ outcome: String, delay: String = "0 s", detail: String = "{}") async throws -> (
        job: Int64, result: String
    ) {
        let held = try #require(try await claim(), "nothing to claim")
        return (held.job, try await finish(held, outcome, delay: delay, detail: detail))
    }

    func finish(
        _ held: (lane: Int64, token: String, job: Int64), _ outcome: String, delay: String = "0 s",
        detail: String = "{}"
    ) async throws -> String {
        let rows = try await pool.query(
            """
            select result from portolan.finish(array[$1::bigint], array[$2::text::uuid], array[$3::bigint],
              array[$4::text], array[$5::text::interval], array[$6::text::jsonb])
            """, [held.lane, held.token, held.job, outcome, delay, detail])
        return try #require(rows.first).decode(at: 0)
    }

    func value<Value: PostgresDecodable>(
        _ sql: SQL, _ parameters: [any PostgresEncodable] = [], as type: Value.Type = Value.self
    ) async throws -> Value {
        try #require(try await pool.query(sql, parameters).first).decode(at: 0)
    }
}
