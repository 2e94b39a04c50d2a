import Foundation
import Limits
import Logging
import Platforms
import Postgres
import Redis
import TestKit
import Testing

/// The command that shows what may be sent now.
@Suite("The limits command")
struct LimitsCommandTests {
    /// A Redis of its own beside the database, and a limiter as workers have one.
    private struct Lab {
        let harness: CommandHarness
        let server: TestRedis
        let redis: RedisClient
        let limiter: RedisLimiter

        static let buckets = [
            Bucket("calls", scope: .connection, capacity: 40, refillPerSecond: 2000),
            Bucket("slow", scope: .app, capacity: 10, refillPerSecond: 0.01),
            Bucket("tight", scope: .app, .slots(limit: 7, holdMax: .milliseconds(10))),
            Bucket("daily", scope: .app, .quota(limit: 500, resets: .every(.seconds(86_400)))),
        ]

        static func with(_ body: (Lab) async throws -> Void) async throws {
            try await CommandHarness.with { harness in
                let server = try await TestRedis()
                let redis = RedisClient(
                    server.configuration(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
                let limiter = RedisLimiter(
                    redis, ledger: PostgresLedger(pool: harness.pool), grace: .milliseconds(1))
                do {
                    try await body(Lab(harness: harness, server: server, redis: redis, limiter: limiter))
                } catch {
                    await redis.shutdown()
                    throw error
                }
                await redis.shutdown()
            }
        }

        func ask(
            _ bucket: String, _ tokens: Double = 1, band: LimitBand = .urgent, platform: String = "toy"
        ) async throws -> Admission {
            let connection: Int64 = try await harness.value("select connection_id from portolan.connections")
            return await limiter.acquire(
                [BucketDemand(bucket, tokens: tokens)], band: band, buckets: Self.buckets, connectionID: connection,
                platform: platform)
        }

        func take(_ bucket: String, _ tokens: Double = 1, platform: String = "toy") async throws {
            while try await !ask(bucket, tokens, platform: platform).isGranted { await Task.yield() }
        }

        func teach(_ lesson: LimitLesson, platform: String = "toy") async {
            await limiter.settle(
                [lesson], grant: .nothing, buckets: Self.buckets, connectionID: 1, platform: platform)
        }

        /// - Parameter hasDatabase: whether the command is told where it is.
        func limits(_ arguments: String..., hasDatabase: Bool = true) async throws -> CommandHarness.Answer {
            var environment = ["PORTOLAN_REDIS_URL": "unix://\(server.socketPath)"]
            if !hasDatabase { environment["PORTOLAN_DATABASE_URL"] = "" }
            return try await harness.portolan(["limits"] + arguments, environment: environment)
        }
    }

    /// A row's cells; columns are two spaces or more apart.
    private static func cells(_ line: String) -> [String] {
        line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    @Test("it shows every bucket: what is free, what comes back, who blocks and who waits")
    func table() async throws {
        try await Lab.with { lab in
            #expect(try await lab.limits().output == "no bucket is in use")
            #expect(try await lab.limits("--json").output == "[]")
            try await lab.take("calls")
            try await lab.take("tight")
            try await lab.take("daily", 2)
            let wait = try await lab.ask("slow", 5, band: .backfill)
            #expect(!wait.isGranted)
            await lab.teach(.blocked(bucket: "tight", for: .seconds(7200)))

            let answer = try await lab.limits()
            #expect(answer.status == 0, "\(answer.errors)")
            let rows = answer.lines.map(Self.cells)
            #expect(rows.count == 5, "\(answer.output)")
            #expect(rows[0] == ["PLATFORM", "OF", "BUCKET", "KIND", "FREE", "A SECOND", "BLOCKED", "WAITING"])
            // By owner, then name: the app's come first.
            #expect(rows.dropFirst().map { $0[2] } == ["daily", "slow", "tight", "calls"])
            #expect(rows[1][3...4] == ["quota", "498 of 500"])
            #expect(rows[1][5].hasPrefix("anew in 23 h 5") || rows[1][5] == "anew in 1 d", "\(rows[1])")
            #expect(rows[2][1] == "app" && rows[2][3] == "tokens" && rows[2][5] == "0")
            #expect(rows[2][4].hasSuffix(" of 10"))
            #expect(rows[2][7].hasPrefix("backfill "), "\(rows[2])")
            #expect(rows[3][3] == "slots" && rows[3][6].hasPrefix("1 h 59 min"), "\(rows[3])")
            #expect(rows[4][..<4] == ["toy", "toy-1", "calls", "tokens"])
            #expect(rows[4][4].hasSuffix(" of 40") && rows[4][5] == "2000" && rows[4][7] == "-")
        }
    }

    @Test("as JSON, with names the same as in the table; of one platform; and without a database")
    func json() async throws {
        try await Lab.with { lab in
            try await lab.take("calls")
            try await lab.take("daily", platform: "stripe")
            #expect(try await !lab.ask("slow", 5, band: .report).isGranted)
            await lab.teach(.blocked(bucket: "daily", for: .seconds(7200)), platform: "stripe")
            let all = try await lab.limits("--json").json(as: [[String: Any]].self)
            #expect(all.map { $0["bucket"] as? String } == ["daily", "slow", "calls"])
            #expect(all.map { $0["scope"] as? String } == ["app", "app", "connection"])
            #expect(all.map { $0["kind"] as? String } == ["quota", "tokens", "tokens"])
            #expect(all.map { $0["full"] as? Double } == [500, 10, 40])
            #expect(all[2]["connection"] as? String == "toy-1")
            #expect(all[0]["connection"] == nil && all[0]["per_second"] == nil)
            let formatter = ISO8601DateFormatter()
            let until = try #require((all[0]["blocked_until"] as? String).flatMap(formatter.date(from:)))
            #expect(abs(until.timeIntervalSinceNow - 7200) < 600)
            #expect((all[0]["resets_at"] as? String).flatMap(formatter.date(from:)) != nil)
            let waiting = try #require(all[1]["waiting"] as? [String: Double])
            #expect(Array(waiting.keys) == ["report"] && (waiting["report"] ?? 0) > 60)

            let one = try await lab.limits("--platform", "stripe", "--json").json(as: [[String: Any]].self)
            #expect(one.map { $0["bucket"] as? String } == ["daily"])
            let nameless = try await lab.limits("--json", hasDatabase: false).json(as: [[String: Any]].self)
            #expect(nameless.count == 3)
            #expect(nameless.compactMap { $0["connection"] as? String } == ["1"], "its number")
        }
    }

    @Test("a wait that Redis has forgotten is shown from the ledger")
    func forgotten() async throws {
        try await Lab.with { lab in
            try await lab.take("calls", platform: "stripe")
            await lab.teach(.blocked(bucket: "daily", for: .seconds(7200)), platform: "stripe")
            _ = try await lab.redis.command(["FLUSHALL"])
            let rows = try await lab.limits().lines.map(Self.cells)
            #expect(rows.count == 2)
            #expect(rows[1][..<6] == ["stripe", "app", "daily", "?", "-", "-"])
            #expect(rows[1][6].hasPrefix("1 h 59 min"), "\(rows[1])")
            #expect(try await lab.limits(hasDatabase: false).output == "no bucket is in use")
        }
    }

    @Test("without a Redis, or called wrongly, it is one line that says what is missing")
    func refusals() async throws {
        try await CommandHarness.with { harness in
            let none = try await harness.portolan("limits")
            #expect(none.status == 1 && none.output.isEmpty)
            #expect(none.errors.hasPrefix("Error: no Redis: set PORTOLAN_REDIS_URL"), "\(none.errors)")
            let gone = try await harness.portolan(["limits", "--redis-url", "unix:///nowhere/redis.sock"])
            #expect(gone.status == 1 && gone.output.isEmpty && gone.errors.hasPrefix("Error: "), "\(gone.errors)")
            let odd = try await harness.portolan(["limits", "--redis-url", "http://localhost"])
            #expect(odd.status == 1 && odd.output.isEmpty && odd.errors.hasPrefix("Error: "), "\(odd.errors)")
            for arguments in [["--platform", "toys"], ["all"], ["--csv"]] {
                let answer = try await harness.portolan(["limits", "--redis-url", "unix:///nowhere"] + arguments)
                #expect(answer.status == 64, "\(arguments): \(answer.errors)")
            }
        }
    }
}
