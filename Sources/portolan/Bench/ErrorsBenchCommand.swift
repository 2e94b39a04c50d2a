internal import ArgumentParser
internal import Logging

struct ErrorsBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errors",
        abstract: "Errors written per second, what they cost the commit of pages, and what counting them takes.",
        discussion: "Starts a private Postgres. Takes about six times --seconds.")

    @Option(help: "How long each of the five measurements takes.")
    var seconds: Int = 20

    @Option(name: .customLong("per-minute"), help: "Errors a minute that come while pages are committed.")
    var perMinute: Int = 100_000

    @Option(help: "Folder for the server's data.")
    var folder: String = ".portolan/bench-errors"

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard (1...3600).contains(seconds), (60...100_000_000).contains(perMinute) else {
            throw ValidationError("--seconds is from 1 to 3600, --per-minute from 60 to 100000000")
        }
    }

    func run() async throws {
        let bench = ErrorsBench(
            folder: BenchCommand.absolute(folder), seconds: seconds, perMinute: perMinute,
            logger: try log.logger("portolan.bench", standard: .error))
        let report = try await bench.run()
        print(json ? report.json : report.text)
    }
}
