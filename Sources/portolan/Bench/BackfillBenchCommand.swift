internal import ArgumentParser

struct BackfillBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "How soon a new connection of a large store is of use, and its freshness while its past is read.",
        discussion: "A simulated store with the platform's own limits, a scheduler and one worker.")

    @Option(help: "Records of the store, over about 400 days.")
    var records: Int = 1_000_000

    @Option(help: "Which resource; the first platform that has it is simulated.")
    var resource: String = "charges"

    @Option(help: "How long to look.")
    var seconds: Int = 180

    @Option(help: "Folder for the servers' data.")
    var folder: String = ".portolan/bench-backfill"

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard records >= 1000, seconds >= 10 else {
            throw ValidationError("--records is at least 1000, --seconds at least 10")
        }
    }

    func run() async throws {
        let bench = BackfillBench(
            folder: BenchCommand.absolute(folder), records: records, resource: resource, seconds: seconds,
            logger: try log.logger("portolan.bench"))
        let report = try await bench.run()
        print(json ? report.json : report.text)
    }
}
