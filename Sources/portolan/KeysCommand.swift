internal import ArgumentParser
internal import Connections
internal import Foundation
internal import Logging
internal import Postgres

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "The keys that credentials are sealed with.",
        discussion: """
            To rotate: add a new key as the second of the ring everywhere, then make it the first everywhere, then
            `portolan keys rotate`, and when it says that nothing is left take the old key away. docs/secrets.md
            """, subcommands: [Make.self, List.self, Rotate.self])

    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "make", abstract: "Prints a new random master key.")

        func run() async throws { print(Vault.makeMasterKey().reveal()) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "The keys of the ring by their ids, and how much each has sealed.",
            discussion: "Ends with 1 when something is sealed with a key that the ring does not hold.")

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var log: LogOptions

        func run() async throws {
            let (vault, usage) = try await KeysCommand.withRotation(database, log) { vault, rotation in
                (vault, try await rotation.usage())
            }
            let ring = vault.keyIDs
            let missing = usage.keys.filter { !ring.contains($0) }.sorted()
            let lines = (ring + missing).map { id in
                Line(keyID: id, position: ring.firstIndex(of: id).map { $0 + 1 }, sealedCount: usage[id] ?? 0)
            }
            if json {
                print(try KeysCommand.text(lines))
            } else {
                var table = Table(["KEY", "IN THE RING", "SEALED", ""])
                for line in lines { table.add(line.cells) }
                print(table.text)
            }
            if let problem = vault.problem { Environment.printError(problem) }
            if !missing.isEmpty { throw ExitCode(1) }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate", abstract: "Seals all credentials anew with the first key of the ring.",
            discussion: """
                The fleet goes on meanwhile. Safe to stop and to start again, and twice at once. Ends with 0 when \
                nothing is left that another key sealed, else with 1.
                """)

        @Option(name: .customLong("batch"), help: "Rows a transaction.")
        var batchSize = 100

        @Flag(help: "One JSON object at the end instead of lines.")
        var json = false

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var log: LogOptions

        func validate() throws {
            guard (1...10_000).contains(batchSize) else { throw ValidationError("--batch is 1 to 10000") }
        }

        func run() async throws {
            let (vault, progress) = try await KeysCommand.withRotation(database, log) { vault, rotation in
                (
                    vault,
                    try await rotation.run(batchSize: batchSize) { progress in
                        if !json { Environment.print("sealed anew \(progress.resealed), left \(progress.left)") }
                    }
                )
            }
            if json {
                print(
                    try KeysCommand.text(
                        Outcome(
                            keyID: vault.keyID, resealedCount: progress.resealed, leftCount: progress.left,
                            refused: progress.refused)))
            } else {
                for refusal in progress.refused { Environment.printError("\(refusal.table): \(refusal.reason)") }
                print("\(progress.left) left that key \(vault.keyID) did not seal")
            }
            if progress.left > 0 { throw ExitCode(1) }
        }
    }

    private struct Line: Encodable {
        let keyID: String
        /// 1 seals; nil: not in the ring.
        let position: Int?
        let sealedCount: Int

        enum CodingKeys: String, CodingKey {
            case keyID = "key_id"
            case position
            case sealedCount = "sealed_count"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(keyID, forKey: .keyID)
            try container.encode(position, forKey: .position)
            try container.encode(sealedCount, forKey: .sealedCount)
        }

        var cells: [String] {
            let hint =
                switch (position, sealedCount) {
                case (nil, _): "add it, or renew what it sealed"
                case (1, _): "seals"
                case (_, 0): "not needed any more"
                default: "opens; then: portolan keys rotate"
                }
            return [keyID, position.map(String.init) ?? "no", "\(sealedCount)", hint]
        }
    }

    private struct Outcome: Encodable {
        let keyID: String
        let resealedCount: Int
        let leftCount: Int
        let refused: [KeyRotation.Refusal]

        enum CodingKeys: String, CodingKey {
            case keyID = "key_id"
            case resealedCount = "resealed_count"
            case leftCount = "left_count"
            case refused
        }
    }

    private static func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder.plain.encode(value), as: UTF8.self)
    }

    private static func withRotation<R: Sendable>(
        _ database: DatabaseOptions, _ log: LogOptions, _ body: (Vault, KeyRotation) async throws -> R
    ) async throws -> R {
        let vault = try MasterKey.vault()
        let logger = try log.logger("portolan.keys")
        let pool = try database.pool(applicationName: "portolan keys", connectionsMax: 1, logger: logger)
        let result = try await body(vault, KeyRotation(pool: pool, vault: vault))
        await pool.shutdown(within: .seconds(2))
        return result
    }
}
