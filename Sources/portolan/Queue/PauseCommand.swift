internal import ArgumentParser
internal import Foundation
internal import Jobs
internal import Platforms
internal import Postgres

/// What can be paused, in the words of `portolan.pauses`.
enum PauseWord: String, CaseIterable, ExpressibleByArgument {
    case connection, platform, kind, band

    /// - Throws: ``SettingsError`` naming what is not there, and what is.
    func scope(_ name: String, in open: OpenQueue) async throws -> PauseScope {
        switch self {
        case .connection: return .connection(try await open.connectionID(named: name))
        case .platform:
            try await PlatformName.check(name, in: open)
            return .platform(name)
        case .kind: return .kind(name)
        case .band:
            guard let band = Band(rawValue: name) else {
                throw SettingsError(
                    "there is no band \(name); there are \(Band.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return .band(band)
        }
    }
}

/// Names of platforms as people give them.
enum PlatformName {
    /// A platform this program knows, or one that has connections: another program may serve it.
    static func check(_ name: String, in open: OpenQueue) async throws {
        if allPlatforms.contains(where: { $0.key == name }) { return }
        let isUsed: Bool =
            try await open.rows(
                "select exists (select from portolan.connections where platform = $1)", [name]
            ).first?.decode(at: 0) ?? false
        guard isUsed else {
            throw SettingsError(
                "there is no platform \(name); there are \(allPlatforms.map(\.key).joined(separator: ", "))")
        }
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stops a connection, platform, kind or band until it is resumed.",
        discussion: """
            Nothing of it is claimed any more; what runs stops after its page. Jobs are kept, and more may be \
            enqueued. Survives restarts. `portolan pauses` lists what is paused. The same in SQL: \
            select portolan.pause('platform', 'shopify', 'they asked us to');
            """)

    @Argument(help: "connection, platform, kind or band.")
    var scope: PauseWord

    @Argument(help: "Name of the connection, platform, kind or band.")
    var name: String

    @Option(help: "Why, for people.")
    var reason: String?

    @OptionGroup var queue: QueueOptions

    func run() async throws {
        print(try await queue.withQueue("pause") { try await Self.pause(scope, name, reason: reason, in: $0) })
    }

    /// Answers what was done, in a sentence.
    static func pause(_ word: PauseWord, _ name: String, reason: String?, in open: OpenQueue) async throws -> String {
        let scope = try await word.scope(name, in: open)
        let earlier = try await open.rows(
            """
            select extract(epoch from portolan.now() - paused_at)::float8, reason from portolan.pauses
            where scope = $1 and name = $2
            """, [word.rawValue, Self.storedName(scope, name)])
        try await open.queue.pause(scope, reason: reason)
        guard let row = earlier.first else { return "paused \(word.rawValue) \(name)" }
        let (age, why) = try row.decode(Double.self, String?.self)
        return "\(word.rawValue) \(name) was paused already, for \(Duration.seconds(max(0, age)).inWords)"
            + (why.map { ": \($0)" } ?? "")
    }

    private static func storedName(_ scope: PauseScope, _ name: String) -> String {
        if case .connection(let id) = scope { "\(id)" } else { name }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lets a connection, platform, kind or band go on.",
        discussion: """
            Lifts a pause and nothing else: a connection that is needs_reauth, blocked or disabled is switched on by \
            `portolan connections resume`. The same in SQL: select portolan.resume('platform', 'shopify');
            """)

    @Argument(help: "connection, platform, kind or band.")
    var scope: PauseWord

    @Argument(help: "Name of the connection, platform, kind or band.")
    var name: String

    @OptionGroup var queue: QueueOptions
    @OptionGroup var redis: WakeOptions

    func run() async throws {
        let wasPaused = try await queue.withQueue("resume") { open in
            try await open.queue.resume(try await scope.scope(name, in: open))
        }
        await redis.wake()
        print(wasPaused ? "resumed \(scope.rawValue) \(name)" : "\(scope.rawValue) \(name) was not paused")
    }
}

struct PausesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pauses", abstract: "What is paused, and which platforms' gates are closed.")

    @Flag(help: "One JSON object instead of tables.")
    var json = false

    @OptionGroup var queue: QueueOptions

    func run() async throws {
        try await queue.withQueue("pauses") { open in
            if json {
                let (pauses, gates) = (try await open.array(Pauses.sql), try await open.array(Gates.sql))
                return print("{\"pauses\":\(pauses),\"gates\":\(gates)}")
            }
            let (pauses, gates) = (try await Pauses.table(in: open), try await Gates.table(in: open))
            let texts = [pauses, gates].compactMap { $0?.text }
            print(texts.isEmpty ? "nothing is paused, and no gate is closed" : texts.joined(separator: "\n\n"))
        }
    }
}

/// What is paused, for people.
enum Pauses {
    static let sql = """
        select p.scope, coalesce(c.name, p.name) as name, p.paused_at,
               extract(epoch from portolan.now() - p.paused_at)::float8 as paused_seconds, p.reason
        from portolan.pauses p
        left join portolan.connections c on p.scope = 'connection' and p.name = c.connection_id::text
        order by p.scope, 2
        """

    /// Nil when nothing is.
    static func table(in open: OpenQueue) async throws -> Table? {
        let rows = try await open.rows(SQL(unsafeText: sql))
        if rows.isEmpty { return nil }
        var table = Table(["PAUSED", "NAME", "FOR", "REASON"])
        for row in rows {
            table.add([
                try row.decode("scope"), try row.decode("name"),
                Duration.seconds(max(0, try row.decode("paused_seconds", as: Double.self))).inWords,
                try row.decode("reason", as: String?.self)?.cell() ?? "",
            ])
        }
        return table
    }
}
