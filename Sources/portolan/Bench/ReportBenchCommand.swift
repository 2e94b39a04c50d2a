internal import ArgumentParser

struct ReportBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract:
            "Rows per second and memory of reading a large report, beside unpacking the same bytes.",
        discussion: "Starts no server. The report is made while it is read.")

    @Option(help: "Size of the report, unpacked.")
    var megabytes: Int = 1024

    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        guard (1...1_000_000).contains(megabytes) else {
            throw ValidationError("--megabytes is from 1 to 1000000")
        }
    }

    func run() throws {
        let report = try ReportBench(megabytes: megabytes).run()
        print(json ? report.json : report.text)
    }
}
