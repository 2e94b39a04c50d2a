internal import ArgumentParser
internal import Foundation
internal import Postgres

extension JobsCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Tells a job's story: each run, wait and error, how it ended or why it waits.",
            discussion: """
                Ends with 1 when there is no such job. Jobs that ended are kept as long as portolan.retention says. \
                The same in SQL: select * from portolan.job_story(42);
                """)

        @Argument(help: "Number of the job.")
        var job: Int64

        @Flag(help: "One JSON object instead of text.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            try await queue.withQueue("jobs") { open in
                guard let header = try await JobHeader.read(job, in: open) else { throw try await missing(in: open) }
                let advice = try await header.advice(in: open)
                if json {
                    let object = try await open.objects(Self.objectSQL, [job]).first ?? "{}"
                    let next = String(decoding: try JSONEncoder.plain.encode(advice), as: UTF8.self)
                    return print("\(object.dropLast()),\"next\":\(next)}")
                }
                print(header.text)
                print("")
                print(try await JobStory.read(job, in: open).text)
                if !advice.isEmpty { print("\nnext:" + advice.map { "\n  " + $0 }.joined()) }
            }
        }

        private func missing(in open: OpenQueue) async throws -> SettingsError {
            let keep: Double? = try await open.rows(
                "select extract(epoch from keep)::float8 from portolan.retention where table_name = 'job_history'"
            ).first?.decode(at: 0)
            let days = keep.map { "more than \(Duration.seconds($0).inWords) ago" } ?? "long ago"
            return SettingsError(
                "there is no job \(job): no job ever had that number, or it ended \(days) and is forgotten (portolan.retention)"
            )
        }

        private static let objectSQL = """
            select j.*,
                   (select row_to_json(x) from (\(JobHeader.childrenSQL)) x
                    where x.live + x.done + x.failed + x.cancelled > 0) as children,
                   portolan.why_waiting($1) as why_waiting,
                   (select jsonb_agg(s) from portolan.job_story($1) s where s.event <> 'now') as story
            from (\(JobHeader.sql)) j
            """
    }
}

/// What happened to a job, oldest first.
struct JobStory {
    private struct Line {
        let age: Double
        let event: String
        let worker: String?
        let what: String
    }

    private let lines: [Line]

    static func read(_ job: Int64, in open: OpenQueue) async throws -> JobStory {
        let rows = try await open.rows(
            """
            select extract(epoch from portolan.now() - s.occurred_at)::float8 as age, s.event,
                   left(s.worker_id::text, 8) as worker, coalesce(s.what, '') as what
            from portolan.job_story($1) with ordinality s(occurred_at, event, worker_id, what, o) order by s.o
            """, [job])
        return JobStory(
            lines: try rows.map { row in
                Line(
                    age: try row.decode("age"), event: try row.decode("event"), worker: try row.decode("worker"),
                    what: try row.decode("what"))
            })
    }

    var text: String {
        var table = Table(["WHEN", "EVENT", "WORKER", ""])
        for line in lines {
            let when = line.event == "now" ? "now" : Duration.seconds(max(0, line.age)).inWords + " ago"
            table.add([when, line.event == "now" ? "" : line.event, line.worker ?? "", line.what.cell()])
        }
        return table.text
    }
}

extension JSONEncoder {
    /// As every command writes JSON.
    static var plain: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
