internal import ArgumentParser
internal import Foundation
internal import LocalFleet
internal import Logging

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures, each figure beside a floor of the same run.",
        discussion: "Build with `swift build -c release` first; a debug build measures the debug build.",
        subcommands: [Ingest.self])

    struct Ingest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ingest", abstract: "Records per second from the sandbox to the raw table, for one worker.")

        @Option(help: "Records in all.")
        var records: Int = 100_000

        @Option(help: "Over how many connections.")
        var connections: Int = 64

        @Option(name: .customLong("record-bytes"), help: "About how large a record is.")
        var recordBytes: Int = 2048

        @Option(help: "Folder for the servers' data.")
        var folder: String = ".portolan/bench"

        @Flag(help: "One JSON object.")
        var json = false

        @OptionGroup var log: LogOptions

        func run() async throws {
            let logger = try log.logger("portolan.bench")
            let path = folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
            let bench = IngestBench(
                folder: path, records: records, connections: connections, recordBytes: recordBytes, logger: logger)
            let report = try await bench.run()
            print(json ? report.json : report.text)
        }
    }
}
