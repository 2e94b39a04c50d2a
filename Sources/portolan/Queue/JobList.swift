internal import ArgumentParser
internal import Jobs
internal import Postgres

extension JobsCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Jobs, newest first: the live ones, or with --ended or --failed those that were.",
            discussion: """
                States: queued, scheduled, handed over, running, awaiting (its children); ended: done, failed, poison, \
                cancelled, merged. At most the newest \(lookLimit) jobs are looked at; --connection and --parent find \
                older ones.
                """)

        /// The work of one list is bounded, whatever is asked and however long the queue.
        static let lookLimit = 100_000

        @Option(help: "Only of this connection.")
        var connection: String?

        @Option(help: "Only of this platform.")
        var platform: String?

        @Option(help: "Only of this kind.")
        var kind: String?

        @Option(help: "Only of this band.")
        var band: Band?

        @Option(help: "Only in this state, or that ended so.")
        var state: JobDescription.State?

        @Flag(help: "Jobs that ended, as far back as history goes.")
        var ended = false

        @Flag(help: "Jobs that failed for good (failed and poison).")
        var failed = false

        @Option(help: "Only children of this job.")
        var parent: Int64?

        @Option(help: "How many at most.")
        var limit: Int = 50

        @Flag(help: "One JSON array instead of a table.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func validate() throws {
            guard (1...10_000).contains(limit) else { throw ValidationError("--limit is a number from 1 to 10000") }
            if let state, ended || failed, !state.isEnd {
                throw ValidationError("a job that ended is not \(state.rawValue); leave --ended and --failed away")
            }
            if let state, failed, ![.failed, .poison].contains(state) {
                throw ValidationError("a job that failed is not \(state.rawValue); leave --failed away")
            }
        }

        func run() async throws {
            let search = JobSearch(
                isHistory: ended || failed || state?.isEnd == true, states: states, hasConnection: connection != nil,
                hasParent: parent != nil)
            try await queue.withQueue("jobs") { open in
                var connectionID: Int64?
                if let connection { connectionID = try await open.connectionID(named: connection) }
                let parameters: [any PostgresEncodable] = [
                    connectionID, platform, kind, band?.rawValue, states, parent, Int32(limit),
                ]
                let found: Int
                if json {
                    let objects = try await open.objects(search.sql, parameters)
                    found = objects.count
                    print("[\(objects.joined(separator: ","))]")
                } else {
                    let jobs = try await open.rows(
                        SQL(unsafeText: "select q.*, portolan.now() as now from (\(search.sql)) q"), parameters
                    ).map { try JobLine($0) }
                    found = jobs.count
                    print(jobs.isEmpty ? "no such jobs" : JobLine.table(jobs).text)
                }
                try await sayIfCut(search, found: found, in: open)
            }
        }

        private var states: [String]? {
            if let state { return [state.rawValue] }
            return failed ? ["failed", "poison"] : nil
        }

        /// What was not looked at is said, on standard error.
        private func sayIfCut(_ search: JobSearch, found: Int, in open: OpenQueue) async throws {
            guard found < limit, let rest = search.restSQL else { return }
            guard try await open.rows(rest).first?.decode(at: 0, as: Bool.self) == true else { return }
            Environment.printError(
                "only the newest \(Self.lookLimit) jobs were looked at; name a --connection to find older ones")
        }
    }
}
