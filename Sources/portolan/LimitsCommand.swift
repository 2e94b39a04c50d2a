internal import ArgumentParser
internal import Foundation
internal import Limits
internal import Logging
internal import Platforms
internal import Postgres
internal import Redis

struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Every bucket in use: how much it has, until when it is blocked, and who waits.",
        discussion: """
            FREE: what may be sent now, of what the bucket allows; less than nothing while in debt. BLOCKED: the \
            platform said to wait, or Redis's memory is too young to be relied upon. WAITING: bands, and when the last is due.
            With a database, connections are named and waits that outlive Redis are shown.
            """)

    @Option(help: "Key of a platform; without it, all.")
    var platform: String?

    @Flag(help: "One JSON array instead of a table.")
    var json = false

    @OptionGroup var redis: RedisOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var log: LogOptions

    func validate() throws {
        if let platform, !allPlatforms.contains(where: { $0.key == platform }) {
            throw ValidationError("there is no platform `\(platform)`; see: portolan platforms")
        }
    }

    func run() async throws {
        let logger = try log.logger("portolan.limits", standard: .error)
        let redis = try redis.client(logger: logger)
        let lines: [Line]
        do {
            let ledger = try await ledger(logger)
            lines = try await LimitLines.read(redis, ledger, platform: platform)
        } catch {
            await redis.shutdown()
            throw error
        }
        await redis.shutdown()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            encoder.dateEncodingStrategy = .iso8601
            return print(String(decoding: try encoder.encode(lines), as: UTF8.self))
        }
        if lines.isEmpty { return print("no bucket is in use") }
        var table = Table(["PLATFORM", "OF", "BUCKET", "KIND", "FREE", "A SECOND", "BLOCKED", "WAITING"])
        for line in lines { table.add(line.cells) }
        print(table.text)
    }

    /// What the database knows; nothing where none is configured.
    private func ledger(_ logger: Logger) async throws -> LimitLines.Ledger {
        guard database.databaseURL != nil || Environment.value("PORTOLAN_DATABASE_URL") != nil else {
            return LimitLines.Ledger()
        }
        let pool = try database.pool(applicationName: "portolan limits", connectionsMax: 1, logger: logger)
        do {
            let ledger = try await LimitLines.ledger(pool)
            await pool.shutdown(within: .seconds(2))
            return ledger
        } catch {
            await pool.shutdown(within: .seconds(2))
            throw error
        }
    }

    /// One bucket, as it is printed.
    struct Line: Encodable {
        let platform: String
        /// `app` or `connection`.
        let scope: String
        /// The connection's name, or its id where there is no database.
        let connection: String?
        let bucket: String
        let kind: String
        let free: Double?
        let full: Double?
        let perSecond: Double?
        let blockedUntil: Date?
        let resetsAt: Date?
        /// Seconds until the last who waits is due, by band.
        let waiting: [String: Double]

        enum CodingKeys: String, CodingKey {
            case platform, scope, connection, bucket, kind, free, full, waiting
            case perSecond = "per_second"
            case blockedUntil = "blocked_until"
            case resetsAt = "resets_at"
        }

        var cells: [String] {
            let now = Date()
            func left(_ date: Date?) -> String? {
                date.flatMap { $0 > now ? Duration.seconds($0.timeIntervalSince(now)).inWords : nil }
            }
            let amount = free.map { free in "\(Self.text(free)) of \(full.map(Self.text) ?? "?")" } ?? "-"
            let rate = perSecond.map(Self.text) ?? left(resetsAt).map { "anew in \($0)" } ?? "-"
            let bands = LimitBand.allCases.compactMap { band in
                waiting["\(band)"].map { "\(band) \(Duration.seconds($0).inWords)" }
            }
            return [
                platform, scope == "app" ? "app" : connection ?? "-", bucket.cell(60), kind, amount, rate,
                left(blockedUntil) ?? "-", bands.isEmpty ? "-" : bands.joined(separator: ", "),
            ]
        }

        private static func text(_ number: Double) -> String {
            let rounded = (number * 10).rounded() / 10
            return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int64(rounded))" : "\(rounded)"
        }
    }
}

/// Joins what Redis holds of limits with what the database does.
enum LimitLines {
    /// What the database knows of limits.
    struct Ledger: Sendable {
        var names: [Int64: String] = [:]
        var blocks: [LedgerBlock] = []
    }

    static func ledger(_ pool: PostgresPool) async throws -> Ledger {
        var ledger = Ledger()
        for row in try await pool.query("select connection_id, name from portolan.connections") {
            ledger.names[try row.decode("connection_id")] = try row.decode("name", as: String.self)
        }
        for platform in allPlatforms {
            ledger.blocks += try await PostgresLedger(pool: pool).blocks(platform: platform.key)
        }
        return ledger
    }

    static func read(
        _ redis: any RedisScripting, _ ledger: Ledger, platform: String?
    ) async throws -> [LimitsCommand.Line] {
        let now = Date()
        var blocks: [LedgerKey: Duration] = [:]
        for block in ledger.blocks where platform == nil || block.key.platform == platform {
            blocks[block.key] = block.left
        }
        var lines: [LimitsCommand.Line] = []
        for reading in try await BucketReading.all(in: redis, platform: platform) {
            let key = LedgerKey(platform: reading.platform, owner: reading.owner, bucket: reading.bucket)
            let blocked = [blocks.removeValue(forKey: key), reading.blockedFor].compactMap(\.self).max()
            lines.append(
                LimitsCommand.Line(
                    platform: reading.platform, scope: scope(reading.owner),
                    connection: name(reading.owner, ledger), bucket: reading.bucket, kind: reading.kind,
                    free: reading.free, full: reading.full, perSecond: reading.perSecond,
                    blockedUntil: blocked.map { now + $0.seconds }, resetsAt: reading.resetsIn.map { now + $0.seconds },
                    waiting: Dictionary(
                        uniqueKeysWithValues: reading.waiting.map { ("\($0)", $1.seconds) })))
        }
        // What Redis has forgotten and the database has not.
        for (key, left) in blocks {
            lines.append(
                LimitsCommand.Line(
                    platform: key.platform, scope: scope(key.owner), connection: name(key.owner, ledger),
                    bucket: key.bucket, kind: "?", free: nil, full: nil, perSecond: nil,
                    blockedUntil: now + left.seconds, resetsAt: nil, waiting: [:]))
        }
        return lines.sorted {
            ($0.platform, $0.connection ?? "", $0.bucket) < ($1.platform, $1.connection ?? "", $1.bucket)
        }
    }

    private static func scope(_ owner: BucketOwner) -> String { owner == .app ? "app" : "connection" }

    private static func name(_ owner: BucketOwner, _ ledger: Ledger) -> String? {
        if case .connection(let id) = owner { ledger.names[id] ?? "\(id)" } else { nil }
    }
}
