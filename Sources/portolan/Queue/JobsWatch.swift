internal import ArgumentParser

extension JobsCommand {
    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "watch", abstract: "Shows the queue and the progress of parents until Ctrl-C.",
            discussion: """
                The numbers are those of portolan.queue_stats, which workers and schedulers refresh every few seconds. \
                On a terminal the table stays in place; elsewhere, and with --json, each refresh is one line. The \
                refreshes are further apart where looking takes long.
                """)

        @Option(help: "Ends after so many refreshes.")
        var times: Int?

        @Flag(help: "One JSON object a refresh.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func validate() throws {
            if let times, times < 1 { throw ValidationError("--times is a number from 1 on") }
        }

        func run() async throws {
            try await queue.withQueue("jobs") { open in
                var printed = 0
                var refreshes = 0
                while true {
                    let start = ContinuousClock.now
                    if json {
                        Environment.print(try await open.objects(QueueGlance.sql).first ?? "{}")
                    } else {
                        let glance = try await QueueGlance.read(in: open)
                        if Environment.isOutputATerminal {
                            let up = printed > 0 ? "\u{1B}[\(printed)A\u{1B}[J" : ""
                            let text = glance.text(height: Environment.terminalHeight)
                            Environment.print(up + text)
                            printed = text.split(separator: "\n", omittingEmptySubsequences: false).count
                        } else {
                            Environment.print(glance.line)
                        }
                    }
                    refreshes += 1
                    if refreshes == times { return }
                    // Looking never takes more than a tenth of the time.
                    try await Task.sleep(for: max(.seconds(1), start.duration(to: .now) * 10))
                }
            }
        }
    }
}
