internal import ArgumentParser
internal import Logging

struct LimitsBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Takes of tokens per second beside a script that decides nothing; use of a limit, and violations.",
        discussion: "Starts a private Redis. Takes about twice --seconds.")

    @Option(help: "How long each of the two measurements takes.")
    var seconds: Int = 10

    @Option(help: "Callers at once.")
    var tasks: Int = 64

    @Option(help: "Folder for the server's data.")
    var folder: String = ".portolan/bench-limits"

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard (1...3600).contains(seconds), (1...1000).contains(tasks) else {
            throw ValidationError("--seconds is from 1 to 3600, --tasks from 1 to 1000")
        }
    }

    func run() async throws {
        let bench = LimitsBench(
            folder: BenchCommand.absolute(folder), seconds: seconds, tasks: tasks,
            logger: try log.logger("portolan.bench", standard: .error))
        let report = try await bench.run()
        print(json ? report.json : report.text)
    }
}
