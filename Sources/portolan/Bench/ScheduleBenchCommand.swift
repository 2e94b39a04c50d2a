internal import ArgumentParser
internal import Logging

struct ScheduleBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "What finding due streams costs, what adaptive cadence is worth, and how a fleet catches up.",
        discussion: """
            Starts a private Postgres and Redis. Parts: \
            \(ScheduleBench.Part.allCases.map(\.rawValue).joined(separator: ", ")). The first needs about 3 GB of disk \
            and some minutes for a million connections.
            """)

    @Option(help: "Connections of the large database, four streams each.")
    var connections: Int = 1_000_000

    @Option(help: "Streams that are simulated, fixed and adaptive.")
    var streams: Int = 600

    @Option(help: "Of the simulations' random numbers; printed with the results.")
    var seed: Int = 20_260_101

    @Option(help: "Only this part; may be given again.")
    var part: [String] = []

    @Option(help: "Folder for the servers' data.")
    var folder: String = ".portolan/bench-schedule"

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard (10_000...100_000_000).contains(connections), (10...100_000).contains(streams) else {
            throw ValidationError("--connections is from 10000 to 100000000, --streams from 10 to 100000")
        }
        for name in part where ScheduleBench.Part(rawValue: name) == nil {
            throw ValidationError("there is no part `\(name)`")
        }
    }

    func run() async throws {
        let parts = part.isEmpty ? ScheduleBench.Part.allCases : part.compactMap(ScheduleBench.Part.init)
        let bench = ScheduleBench(
            folder: BenchCommand.absolute(folder), connections: connections, streams: streams, seed: seed,
            parts: Set(parts), logger: try log.logger("portolan.bench", standard: .error))
        let report = try await bench.run()
        print(json ? report.json : report.text)
    }
}
