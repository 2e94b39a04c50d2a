import FoundationEssentials
import Testing

@testable import Jobs

@Suite("Enqueueing", .serialized)
struct EnqueueConformanceTests {
    @Test("an enqueued job waits with what it was given", arguments: Twin.allCases)
    func single(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let job = try await lab.enqueue(connection, kind: "shapes", band: .report, key: "k", attemptsMax: 3)
            #expect(
                try await lab.describe(job)
                    == JobDescription(state: .queued, connectionID: connection, kind: "shapes", band: .report))
            #expect(try await lab.queue.describe(job + 1_000_000) == nil)
        }
    }

    @Test(
        "many jobs are enqueued at once, their ids in the order given, each connection with its lane",
        arguments: Twin.allCases)
    func many(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let first = try await lab.addConnection()
            let second = try await lab.addConnection()
            let ids = try await lab.queue.enqueue([
                NewJob(connectionID: second, kind: "twice"),
                NewJob(connectionID: first, kind: "grown", band: .urgent),
                NewJob(connectionID: second, kind: "shapes", band: .backfill),
            ])
            #expect(Set(ids).count == 3)
            var kinds: [String] = []
            for id in ids { kinds.append(try await lab.describe(id).kind) }
            #expect(kinds == ["twice", "grown", "shapes"])
            #expect(try await lab.claim().map(\.jobID) == [ids[1], ids[0]])
            #expect(try await lab.queue.enqueue([]).isEmpty)
        }
    }

    @Test("jobs of one call for one lane run in the order given", arguments: Twin.allCases)
    func order(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let ids = try await lab.queue.enqueue(
                Array(repeating: NewJob(connectionID: connection, kind: "twice"), count: 5))
            #expect(ids == ids.sorted())
            #expect(try await lab.claim(jobsPerLane: 5).map(\.jobID) == ids)
        }
    }

    // MARK: Refusals

    /// A job that is refused, and the field that the refusal names.
    struct Refused: Sendable, CustomTestStringConvertible {
        let field: String
        let change: @Sendable (inout NewJob) -> Void
        var testDescription: String { field }

        init(_ field: String, _ change: @escaping @Sendable (inout NewJob) -> Void) {
            self.field = field
            self.change = change
        }
    }

    private static let refused = [
        Refused("connection_id") { $0.connectionID = 999_999 },
        Refused("kind") { $0.kind = "unheard" },
        Refused("args_version") { $0.argumentsVersion = 2 },
        Refused("max_attempts") { $0.attemptsMax = 0 },
        Refused("parent_job_id") { $0.parentID = 999_999 },
        Refused("args") { $0.arguments = "[]" },
        Refused("args") { $0.arguments = #""orders""# },
        Refused("args.resource") { $0.arguments = "{}" },
        Refused("args.resource") { $0.arguments = #"{"resource": null}"# },
        Refused("args.resource") { $0.arguments = #"{"resource": 7}"# },
        Refused("args.resource") { $0.arguments = #"{"resource": ["orders"]}"# },
        Refused("args.since") { $0.arguments = #"{"resource": "orders", "since": null}"# },
        Refused("args.text") { ($0.kind, $0.arguments) = ("shapes", #"{"text": false}"#) },
        Refused("args.count") { ($0.kind, $0.arguments) = ("shapes", #"{"count": "1"}"#) },
        Refused("args.count") { ($0.kind, $0.arguments) = ("shapes", #"{"count": true}"#) },
        Refused("args.flag") { ($0.kind, $0.arguments) = ("shapes", #"{"flag": 1}"#) },
        Refused("args.more") { ($0.kind, $0.arguments) = ("shapes", #"{"more": []}"#) },
        Refused("args.list") { ($0.kind, $0.arguments) = ("shapes", #"{"list": {"0": 1}}"#) },
        Refused("args.list") { ($0.kind, $0.arguments) = ("shapes", #"{"list": "one"}"#) },
    ]

    @Test(
        "a job that could not be run is refused, with the name of the field and never its value",
        arguments: Twin.allCases)
    func refusals(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let good = NewJob(connectionID: connection, kind: "sync", arguments: #"{"resource": "orders"}"#)
            for refused in Self.refused {
                var bad = good
                refused.change(&bad)
                let message = try await lab.refusal { _ = try await lab.queue.enqueue([good, bad]) }
                #expect(message.hasPrefix(refused.field + ":"), "\(message), of \(bad)")
            }
            #expect(try await lab.claim().isEmpty, "none of a call that has a job refused is enqueued")
        }
    }

    @Test(
        "arguments of every declared type are taken, and may be left out where they are not required",
        arguments: Twin.allCases)
    func shapes(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            for arguments in [
                "{}", #"{"text": "", "count": -1.5e3, "flag": false, "more": {"a": [1]}, "list": [[], null]}"#,
                #"{"text": null, "count": null, "flag": null, "more": null, "list": null}"#,
                #"{"list": [], "more": {}, "text": "\u00e9\n\"", "count": 12345678901234567890}"#,
            ] {
                try await lab.enqueue(connection, kind: "shapes", arguments: arguments)
            }
            #expect(try await lab.claim(jobsPerLane: 9).count == 4)
        }
    }

    @Test("who does not say which form of the arguments it gives has given the newest", arguments: Twin.allCases)
    func versions(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            try await lab.enqueue(connection, kind: "grown", arguments: #"{"to": 1}"#)
            try await lab.enqueue(connection, kind: "grown", arguments: #"{"from": 1}"#, version: 1)
            #expect(try await lab.claim(jobsPerLane: 9).map(\.argumentsVersion) == [2, 1])
            let message = try await lab.refusal {
                try await lab.enqueue(connection, kind: "grown", arguments: #"{"to": 1}"#, version: 1)
            }
            #expect(message.hasPrefix("args.to:"))
        }
    }
}
