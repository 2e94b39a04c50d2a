internal import ArgumentParser
internal import FoundationEssentials
internal import Logging
internal import Platforms
internal import Sandbox

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Serves simulated platforms on loopback, to develop against.",
        discussion: """
            Stores are made from a seed and change while they are read. Faults are switched through \
            /_sandbox; see docs/sandbox.md. Without a plan, a few stores of every platform are served.
            """)

    @Option(help: "Port on 127.0.0.1; 0 takes a free one and prints it.")
    var port: Int = 8686

    @Option(help: "JSON file that says which stores there are.")
    var plan: String?

    @Option(help: "Seed of the standard plan.")
    var seed: UInt64 = 1

    @OptionGroup var log: LogOptions

    func run() async throws {
        let logger = try log.logger("portolan.sandbox", standard: .info)
        let server = try SandboxServer(plan: try readPlan(), platforms: allPlatforms, port: port, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await RoleRunner.run(server, logger: logger)
            }
            group.addTask {
                let port = try await server.port
                for store in server.stores { Environment.print(store.baseURL(port: port)) }
                Environment.print("sandbox listening on http://127.0.0.1:\(port)")
            }
            try await group.waitForAll()
        }
    }

    private func readPlan() throws -> SandboxPlan {
        guard let plan else { return .standard(for: allPlatforms, seed: seed) }
        guard let data = try? Data(contentsOf: URL(filePath: plan)) else {
            throw SettingsError("the plan \(plan) cannot be read")
        }
        return try SandboxPlan(json: Array(data))
    }
}
