internal import ArgumentParser
internal import Connections
internal import Foundation
internal import Jobs
internal import Logging
internal import Platforms
internal import Postgres

struct ConnectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connections", abstract: "Merchants' connections.",
        subcommands: [
            Add.self, List.self, Show.self, Renew.self, Pause.self, Resume.self, Disable.self,
        ], defaultSubcommand: List.self)

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Adds a connection; its streams are due at once.",
            discussion: """
                Credentials are read from standard input, one `field=value` a line, so that they are in no \
                history and no process list:

                  portolan connections add shopify my-shop --base-url https://my-shop.myshopify.com < credentials

                `portolan platforms` says which ways to sign in a platform has and which fields each needs. The way \
                follows from the fields that are given.
                """)

        @Argument(help: "Key of the platform, e.g. shopify.")
        var platform: String

        @Argument(help: "What to call it: letters, digits, dot, dash, underscore.")
        var name: String

        @Option(
            name: .customLong("base-url"), help: "Where the store is. Not needed where all merchants share an address.")
        var baseURL: String?

        @Option(help: "Where the platform has several addresses: which of them, e.g. eu.")
        var region: String?

        @Option(name: .customLong("set"), parsing: .singleValue, help: "A setting, as name=value. May be given again.")
        var settings: [String] = []

        @Option(
            help: "Days that are read first; what was before is read by a backfill after them. 0: all of it at once.")
        var recent: Int = 30

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var log: LogOptions

        func validate() throws {
            guard (0...3650).contains(recent) else {
                throw ValidationError("--recent is a number of days from 0 to 3650")
            }
        }

        func run() async throws {
            let platform = try CredentialInput.platform(platform)
            let url: String
            switch (baseURL, platform.hosting) {
            case (let given?, _): url = given
            case (nil, .shared(let shared)): url = shared
            case (nil, .perMerchant(let pattern)): throw SettingsError("pass --base-url, e.g. \(pattern)")
            case (nil, .selfHosted): throw SettingsError("pass --base-url with the store's address")
            case (nil, .regional(let regions)):
                guard let chosen = regions.first(where: { $0.name == region }) else {
                    let names = regions.map(\.name).joined(separator: ", ")
                    throw SettingsError("pass --region with one of \(names)")
                }
                url = chosen.baseURL
            }
            let credentials = try CredentialInput.read(for: platform)
            let pairs = try settings.map { try CredentialInput.pair($0, what: "--set") }
            for setting in platform.settings
            where setting.standard == nil && !pairs.contains(where: { $0.0 == setting.name }) {
                throw SettingsError("pass --set \(setting.name)=\(setting.example): \(setting.help)")
            }
            try await withStore(database, log) { store in
                try await store.add(
                    platform: platform, name: name, baseURL: url,
                    settings: Dictionary(pairs, uniquingKeysWith: { _, last in last }), credentials: credentials,
                    recent: recent == 0 ? nil : .seconds(recent * 86_400))
            }
            print("added \(name): \(platform.resources.count) streams are due now")
            if recent > 0, platform.resources.contains(where: { $0.history != nil }) {
                print("the last \(recent) days come first; what was before: portolan backfills --connection \(name)")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Every connection and how it is.")

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var log: LogOptions

        func run() async throws {
            let summaries = try await withStore(database, log, needsKey: false) { try await $0.list() }
            if json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                print(String(decoding: try encoder.encode(summaries), as: UTF8.self))
                return
            }
            var table = Table(["NAME", "PLATFORM", "STATE", "IN SYNC", "BASE URL", ""])
            for one in summaries {
                table.add([
                    one.name, one.platform, one.state, "\(one.inSync)/\(one.streams)", one.baseURL,
                    one.stateMessage ?? "",
                ])
            }
            print(table.text)
        }
    }

    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "renew",
            abstract: "Replaces a connection's credentials (from standard input) and switches it on again.",
            discussion: "They may be those of another way to sign in. What was read stays, and so do cursors.")

        @Argument(help: "Name of the connection.")
        var name: String

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var log: LogOptions

        func run() async throws {
            try await withStore(database, log) { store in
                guard let key = try await store.platformKey(of: name) else {
                    throw SettingsError("there is no connection \(name)")
                }
                let platform = try CredentialInput.platform(key)
                _ = try await store.renew(
                    name: name, platform: platform, credentials: try CredentialInput.read(for: platform))
            }
            print("renewed \(name)")
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause",
            abstract: "Stops a connection's jobs until it is resumed; what runs stops after its page.",
            discussion: "The same as `portolan pause connection NAME`.")

        @Argument(help: "Name of the connection.")
        var name: String

        @Option(help: "Why, for people.")
        var reason: String?

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            print(
                try await queue.withQueue("connections") { open in
                    try await PauseCommand.pause(.connection, name, reason: reason, in: open)
                })
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Switches a connection on again; its streams are due at once and go on where they were.",
            discussion: "Lifts its pause as well. `portolan resume connection NAME` lifts the pause and no more.")

        @Argument(help: "Name of the connection.")
        var name: String

        @OptionGroup var queue: QueueOptions
        @OptionGroup var redis: WakeOptions

        func run() async throws {
            let found = try await withStore(queue.database, queue.log, needsKey: false) {
                try await $0.resume(name: name)
            }
            guard found else { throw SettingsError("there is no connection \(name); see: portolan connections list") }
            let wasPaused = try await queue.withQueue("connections") { open in
                try await open.queue.resume(.connection(try await open.connectionID(named: name)))
            }
            await redis.wake()
            print("resumed \(name)" + (wasPaused ? "; its pause is lifted" : ""))
        }
    }
}

/// Runs `body` with the store of connections.
///
/// - Parameter needsKey: false for commands that open and seal nothing, which work without a master key.
@discardableResult
private func withStore<R: Sendable>(
    _ database: DatabaseOptions, _ log: LogOptions, needsKey: Bool = true,
    _ body: (ConnectionStore) async throws -> R
) async throws -> R {
    let logger = try log.logger("portolan.connections")
    let vault = try needsKey ? MasterKey.vault() : Vault(masterKey: Vault.makeMasterKey())
    let pool = try database.pool(applicationName: "portolan connections", connectionsMax: 1, logger: logger)
    let result = try await body(ConnectionStore(pool: pool, vault: vault))
    await pool.shutdown(within: .seconds(2))
    return result
}

/// Credentials as people give them: lines of `field=value` on standard input.
enum CredentialInput {
    static func platform(_ key: String) throws -> any Platform {
        guard let platform = allPlatforms.first(where: { $0.key == key }) else {
            throw SettingsError(
                "there is no platform \(key); there are \(allPlatforms.map(\.key).joined(separator: ", "))")
        }
        return platform
    }

    static func read(for platform: any Platform) throws -> [String: Secret] {
        if isatty(STDIN_FILENO) == 1 {
            let ways = platform.authentication.methods.map { method in
                let fields = method.fields.map { field in
                    "  \(field.name)=…  (\(field.help)\(field.isOptional ? " May be left out." : ""))"
                }
                return ([method.summary] + fields).joined(separator: "\n")
            }
            let text = "credentials of one way, one a line, then Ctrl-D:\n" + ways.joined(separator: "\nor:\n") + "\n"
            FileHandle.standardError.write(Data(text.utf8))
        }
        var credentials: [String: Secret] = [:]
        while let line = readLine() {
            if line.allSatisfy(\.isWhitespace) { continue }
            let (field, value) = try pair(line, what: "a line of credentials")
            credentials[field] = Secret(value)
        }
        return credentials
    }

    /// `name=value` taken apart. The error does not repeat the text: it may be a secret.
    static func pair(_ text: String, what: String) throws -> (String, String) {
        guard let mark = text.firstIndex(of: "="), mark != text.startIndex else {
            throw SettingsError("\(what) must look like name=value")
        }
        return (String(text[..<mark]), String(text[text.index(after: mark)...]))
    }
}
