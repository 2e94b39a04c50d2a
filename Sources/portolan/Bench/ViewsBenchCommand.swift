internal import ArgumentParser
internal import Logging

struct ViewsBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "views",
        abstract: "Unified views and their typed copies beside typed tables with the same rows.",
        discussion: """
            Orders and invoices of every platform that has them, made from the sandbox's; the worst platform counts. \
            Starts a private Postgres. Takes about five minutes and 4 GB of disk for 500,000.
            """)

    @Option(help: "Raw orders and invoices.")
    var rows: Int = 500_000

    @Option(help: "Over how many connections, of skewed size.")
    var connections: Int = 1000

    @Option(help: "Folder for the server's data.")
    var folder: String = ".portolan/bench-views"

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard rows >= 10_000, (20...rows / 50).contains(connections) else {
            throw ValidationError("--rows is at least 10000, --connections from 20 to a fiftieth of that")
        }
    }

    func run() async throws {
        let bench = ViewsBench(
            folder: BenchCommand.absolute(folder), rows: rows, connections: connections,
            logger: try log.logger("portolan.bench", standard: .error))
        let report = try await bench.run()
        print(json ? report.json : report.text)
    }
}
