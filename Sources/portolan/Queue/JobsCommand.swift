internal import ArgumentParser
internal import Foundation
internal import Jobs
internal import Postgres

struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "What is queued, what runs, what ended and how.",
        subcommands: [List.self, Show.self, Cancel.self, Retry.self, Watch.self], defaultSubcommand: List.self)

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel", abstract: "Cancels jobs, and with a parent its children.",
            discussion: """
                What waits is cancelled at once; what runs is told at its next page. A job that has ended, or never \
                was, is not waiting: that is no error. The same in SQL: select portolan.cancel(42);
                """)

        @Argument(help: "Numbers of the jobs.")
        var jobs: [Int64]

        @Flag(help: "One JSON array instead of lines.")
        var json = false

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            let results = try await queue.withQueue("jobs") { try await $0.queue.cancel(jobs) }
            let answers = zip(jobs, results).map { JobAnswer(job: $0, result: $1.rawValue) }
            if json { return print(try JobAnswer.json(answers)) }
            for answer in answers { print("job \(answer.job): \(answer.result ?? "")") }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry", abstract: "Runs jobs again.",
            discussion: """
                A job that ended is enqueued anew, with nothing counted against it; where an equal one waits already, \
                that one is the answer. One that waits to be tried again is brought forward. Ends with 1 when there is \
                no such job. The same in SQL: select portolan.retry(42);
                """)

        @Argument(help: "Numbers of the jobs.")
        var jobs: [Int64]

        @Flag(help: "One JSON array instead of lines.")
        var json = false

        @OptionGroup var queue: QueueOptions
        @OptionGroup var redis: WakeOptions

        func run() async throws {
            let answers = try await queue.withQueue("jobs") { open in
                var answers: [JobAnswer] = []
                for job in jobs { answers.append(try await Self.retry(job, in: open)) }
                return answers
            }
            await redis.wake()
            if json {
                print(try JobAnswer.json(answers))
            } else {
                for answer in answers {
                    if let error = answer.error {
                        Environment.printError("job \(answer.job): \(error)")
                    } else {
                        print("job \(answer.job): \(answer.result ?? "")")
                    }
                }
            }
            if answers.contains(where: { $0.error != nil }) { throw ExitCode(1) }
        }

        private static func retry(_ job: Int64, in open: OpenQueue) async throws -> JobAnswer {
            let before: String? = try await open.rows(
                "select state from portolan.jobs_now where job_id = $1", [job]
            ).first?.decode(at: 0)
            do throws(PostgresError) {
                let rows = try await open.pool.query("select portolan.retry($1)", [job])
                let new: Int64 = try rows.first?.decode(at: 0) ?? job
                if new != job { return JobAnswer(job: job, result: "runs again as job \(new)", newJob: new) }
            } catch {
                let error = QueueError(error)
                guard error.code == .refused else { throw error }
                // The field's name says nothing here: there is but one.
                let field = "job_id: "
                let message = error.message
                return JobAnswer(
                    job: job, error: message.hasPrefix(field) ? String(message.dropFirst(field.count)) : message)
            }
            switch before {
            case "scheduled": return JobAnswer(job: job, result: "brought forward", newJob: job)
            case "awaiting": return JobAnswer(job: job, result: "waits for its children; retry those", newJob: job)
            case "running", "handed over": return JobAnswer(job: job, result: "runs already", newJob: job)
            default: return JobAnswer(job: job, result: "waits for its turn already", newJob: job)
            }
        }
    }
}

/// What a command did to one job.
struct JobAnswer: Encodable {
    let job: Int64
    var result: String?
    /// The job that runs instead.
    var newJob: Int64?
    var error: String?

    init(job: Int64, result: String? = nil, newJob: Int64? = nil, error: String? = nil) {
        self.job = job
        self.result = result
        self.newJob = newJob
        self.error = error
    }

    enum CodingKeys: String, CodingKey {
        case result, error
        case job = "job_id"
        case newJob = "new_job_id"
    }

    static func json(_ answers: [JobAnswer]) throws -> String {
        String(decoding: try JSONEncoder.plain.encode(answers), as: UTF8.self)
    }
}

extension JobDescription.State: ExpressibleByArgument {}
