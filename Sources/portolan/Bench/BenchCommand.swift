internal import ArgumentParser
internal import Foundation
internal import LocalFleet
internal import Logging

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures, each figure beside a floor of the same run.",
        discussion: "Build with `swift build -c release` first; a debug build measures the debug build.",
        subcommands: [
            Queue.self, Ingest.self, LimitsBenchCommand.self, ReportBenchCommand.self, ViewsBenchCommand.self,
            ErrorsBenchCommand.self, BackfillBenchCommand.self, ScheduleBenchCommand.self, DriverCommand.self,
        ])

    struct Queue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "queue", abstract: "Jobs per second, pick-up latency and bulk enqueue of the queue.",
            discussion:
                "Parts: \(QueueBench.Part.allCases.map(\.rawValue).joined(separator: ", ")). Takes about three minutes."
        )

        @Option(help: "Jobs that are drained or enqueued in each measurement.")
        var jobs: Int = 200_000

        @Option(help: "Jobs that wait behind the running one of the hot connection.")
        var waiting: Int = 100_000

        @Option(help: "Jobs that have ended before.")
        var history: Int = 0

        @Option(name: .customLong("pinned-seconds"), help: "How long the old transaction is held open.")
        var pinnedSeconds: Int = 60

        @Option(name: .customLong("pinned-connections"), help: "Over how many connections the load comes meanwhile.")
        var pinnedConnections: Int = 20_000

        @Option(help: "Worker processes of hot-key and drain, in place of those published; may be given again.")
        var processes: [Int] = []

        @Option(help: "Only this part; may be given again.")
        var part: [String] = []

        @Option(help: "Folder for the servers' data.")
        var folder: String = ".portolan/bench-queue"

        @Flag(help: "One JSON object.")
        var json = false

        @OptionGroup var log: LogOptions

        func validate() throws {
            guard jobs >= 1000, waiting >= 0, history >= 0, pinnedSeconds >= 3, pinnedConnections > 0,
                processes.allSatisfy({ (1...64).contains($0) })
            else {
                throw ValidationError(
                    "--jobs is at least 1000, --pinned-seconds at least 3, --processes from 1 to 64, the others not negative"
                )
            }
            for name in part where QueueBench.Part(rawValue: name) == nil {
                throw ValidationError("there is no part `\(name)`")
            }
        }

        func run() async throws {
            let parts = part.isEmpty ? QueueBench.Part.allCases : part.compactMap(QueueBench.Part.init)
            let bench = QueueBench(
                folder: BenchCommand.absolute(folder), jobs: jobs, waiting: waiting, history: history,
                pinnedSeconds: pinnedSeconds, pinnedConnections: pinnedConnections, parts: Set(parts),
                processes: processes.isEmpty ? nil : processes, logger: try log.logger("portolan.bench"))
            let report = try await bench.run()
            print(json ? report.json : report.text)
        }
    }

    static func absolute(_ folder: String) -> String {
        folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
    }

    struct Ingest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ingest", abstract: "Records per second from the sandbox to the raw table, for one worker.")

        @Option(help: "Records in all.")
        var records: Int = 100_000

        @Option(help: "Over how many connections.")
        var connections: Int = 64

        @Option(name: .customLong("record-bytes"), help: "About how large a record is.")
        var recordBytes: Int = 2048

        @Option(help: "Which resource; the first platform that has it is simulated.")
        var resource: String = "charges"

        @Option(help: "Folder for the servers' data.")
        var folder: String = ".portolan/bench"

        @Flag(help: "One JSON object.")
        var json = false

        @OptionGroup var log: LogOptions

        func run() async throws {
            let logger = try log.logger("portolan.bench")
            let bench = IngestBench(
                folder: BenchCommand.absolute(folder), records: records, connections: connections,
                recordBytes: recordBytes, resource: resource, logger: logger)
            let report = try await bench.run()
            print(json ? report.json : report.text)
        }
    }
}
