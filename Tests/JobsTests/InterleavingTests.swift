import FoundationEssentials
import Postgres
import Synchronization
import Testing

@testable import Jobs

/// Two calls that meet at the one moment where it matters, put there by a transaction that is held open.
@Suite("Two calls that meet", .serialized)
struct InterleavingTests {
    @Test("a lane that comes to be while its connection is being paused is paused with it", .timeLimit(.minutes(1)))
    func laneMadeDuringPause() async throws {
        try await Bed.with { bed in
            let connection = try await bed.addConnection("a")
            try await Self.meanwhile(bed) { session in
                _ = try await PostgresQueue.enqueue([Bed.sync(connection)], in: session)
            } other: {
                try await bed.queue.pause(.connection(connection), reason: nil)
            }
            #expect(try await bed.queue.claim(Bed.wanting(try await bed.addWorker())).isEmpty)
            #expect(try await bed.count("select count(*) from portolan.lanes where paused_at is null") == 0)
        }
    }

    @Test("a lane that comes to be while its connection is being resumed is not left paused", .timeLimit(.minutes(1)))
    func laneMadeDuringResume() async throws {
        try await Bed.with { bed in
            let connection = try await bed.addConnection("a")
            try await bed.queue.pause(.connection(connection), reason: nil)
            let wasPaused = try await Self.meanwhile(bed) { session in
                _ = try await PostgresQueue.enqueue([Bed.sync(connection)], in: session)
            } other: {
                try await bed.queue.resume(.connection(connection))
            }
            #expect(wasPaused)
            #expect(try await bed.queue.claim(Bed.wanting(try await bed.addWorker())).count == 1)
        }
    }

    @Test("a part that says it awaits parts of its own has ended, and its parent with it", .timeLimit(.minutes(1)))
    func partThatAwaits() async throws {
        try await Bed.with { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            let parent = try await bed.queue.enqueue(Bed.sync(connection))
            let running = try await bed.claimOne(worker)
            let child = try await bed.queue.enqueue(Bed.sync(connection, family: "bulk", parent: parent))
            #expect(try await bed.queue.finish(running, .awaitChildren) == .awaiting)
            _ = try await bed.queue.finish(try await bed.claimOne(worker), .awaitChildren)
            #expect(try await bed.queue.describe(child)?.state == .done)
            #expect(try await bed.queue.describe(parent)?.state == .done)
        }
    }

    @Test("a part enqueued while its parent is being cancelled does not escape", .timeLimit(.minutes(1)))
    func childDuringCancel() async throws {
        try await Bed.with { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            let parent = try await bed.queue.enqueue(Bed.sync(connection))
            _ = try await bed.claimOne(worker)
            _ = try await bed.queue.enqueue(Bed.sync(connection, key: "first", parent: parent))
            var late: [Int64] = []
            let answer = try await Self.meanwhile(bed) { session in
                late = try await PostgresQueue.enqueue(
                    [Bed.sync(connection, key: "late", family: "bulk", parent: parent)], in: session)
            } other: {
                try await bed.queue.cancel([parent])
            }
            #expect(answer == [.asked])
            #expect(try await bed.queue.describe(try #require(late.first))?.state == .cancelled)
        }
    }

    @Test("a cancel and a page that enqueues parts of its job do not deadlock", .timeLimit(.minutes(1)))
    func cancelAndPage() async throws {
        try await Bed.with(settings: ["deadlock_timeout=100ms"]) { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            let other = try await bed.addConnection("b")
            let blocked = try await bed.queue.enqueue(Bed.sync(other))
            let job = try await bed.queue.enqueue(Bed.sync(connection))
            // Somebody holds the first lane, so that the cancel has looked for leases and waits for lanes.
            try await bed.pool.withTransaction { first in
                _ = try await PostgresQueue.enqueue([Bed.sync(other)], in: first)
                async let cancelled = bed.queue.cancel([blocked, job])
                try await bed.untilBlocked()
                let running = try await bed.claimOne(worker)
                #expect(running.jobID == job)
                try await bed.pool.withTransaction { page in
                    try await page.query(
                        "select * from portolan.prove($1, $2, $3)", [running.lease.laneID, running.lease.token, job])
                    try await first.query("commit")
                    try await first.query("begin")
                    try await bed.untilBlocked()
                    _ = try await PostgresQueue.enqueue([Bed.sync(connection, family: "bulk", parent: job)], in: page)
                }
                #expect(try await cancelled == [.cancelled, .asked])
            }
        }
    }

    @Test("a job that ends while it is asked to be tried again runs again", .timeLimit(.minutes(1)))
    func endDuringRetry() async throws {
        try await Bed.with { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            let job = try await bed.queue.enqueue(Bed.sync(connection))
            let running = try await bed.claimOne(worker)
            let again: Int64 = try await Self.meanwhile(bed) { session in
                try await session.query(
                    "select * from portolan.finish($1, $2, $3, $4)",
                    [[running.lease.laneID], [running.lease.token], [job], ["failed"]])
            } other: {
                try await bed.value("select portolan.retry($1)", [job])
            }
            #expect(again != job)
            #expect(try await bed.claimOne(worker).jobID == again)
        }
    }

    /// Lanes are passed over while somebody enqueues into them; what he enqueued is there when he is done.
    @Test("a kind that is resumed while a lane is held is looked for in that lane, too", .timeLimit(.minutes(1)))
    func resumeKindOfHeldLane() async throws {
        try await Bed.with { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            let job = try await bed.queue.enqueue(Bed.sync(connection))
            try await bed.queue.pause(.kind("sync"), reason: nil)
            // The claim that finds nothing to run puts the lane off.
            #expect(try await bed.queue.claim(Bed.wanting(worker)).isEmpty)
            let wasPaused = try await Self.meanwhile(bed) { session in
                try await session.query(
                    "select from portolan.lanes where connection_id = $1 for update", [connection])
            } other: {
                try await bed.queue.resume(.kind("sync"))
            }
            #expect(wasPaused)
            #expect(try await bed.queue.claim(Bed.wanting(worker)).map(\.jobID) == [job])
        }
    }

    @Test(
        "a kind or band that is resumed while a claim puts its lane off is not put off any more",
        .timeLimit(.minutes(1)),
        arguments: [PauseScope.kind("sync"), .band(.report)])
    func resumeDuringClaim(scope: PauseScope) async throws {
        try await Bed.with { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            let job = try await bed.queue.enqueue(Bed.sync(connection, band: .report))
            try await bed.queue.pause(scope, reason: nil)
            let wasPaused = try await Self.meanwhile(bed) { session in
                let found = try await session.query(
                    """
                    select * from portolan.claim($1, array['toy'], array['report'], 1, p_kinds => array['sync'],
                      p_versions => array[1])
                    """, [worker])
                #expect(found.isEmpty)
            } other: {
                try await bed.queue.resume(scope)
            }
            #expect(wasPaused)
            #expect(try await bed.queue.claim(Bed.wanting(worker)).map(\.jobID) == [job])
        }
    }

    @Test("the end of a run sees what is being enqueued into its lane", .timeLimit(.minutes(1)))
    func enqueueDuringFinish() async throws {
        try await Bed.with { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            _ = try await bed.queue.enqueue(Bed.sync(connection))
            let running = try await bed.claimOne(worker)
            var enqueued: [Int64] = []
            let answer = try await Self.meanwhile(bed) { session in
                enqueued = try await PostgresQueue.enqueue([Bed.sync(connection)], in: session)
            } other: {
                try await bed.queue.finish(running, .done)
            }
            #expect(answer == .done)
            #expect(try await [bed.claimOne(worker).jobID] == enqueued)
        }
    }

    @Test("two parts that end at the same moment end their parent", .timeLimit(.minutes(1)))
    func siblings() async throws {
        try await Self.withParts(["f1", "f2"]) { bed, parent, parts in
            _ = try await bed.queue.finish(parent, .awaitChildren)
            try await Self.meanwhile(bed) { session in
                try await Self.finish(parts[0], "done", in: session)
            } other: {
                try await bed.queue.finish(parts[1], .failed)
            }
            #expect(try await bed.queue.describe(parent.jobID)?.state == .failed)
        }
    }

    @Test("two parts that end at the same moment end their parent, though neither waits", .timeLimit(.minutes(1)))
    func siblingsThatDoNotWait() async throws {
        try await Self.withParts(["f1", "f2"]) { bed, parent, parts in
            _ = try await bed.queue.finish(parent, .awaitChildren)
            let answer = try await Self.meanwhile(bed) { session in
                try await Self.finish(parts[0], "done", in: session)
            } other: {
                try await bed.queue.finish([Report(parts[1], .done)], waits: false)
            }
            // Nothing was changed: it is reported again.
            #expect(answer == [.busy])
            #expect(try await bed.queue.describe(parent.jobID)?.state == .awaiting)
            #expect(try await bed.queue.finish([Report(parts[1], .done)], waits: false) == [.done])
            #expect(try await bed.queue.describe(parent.jobID)?.state == .done)
        }
    }

    @Test("a parent that begins to wait while its last part ends does not wait for ever", .timeLimit(.minutes(1)))
    func awaitDuringLastPart() async throws {
        try await Self.withParts(["f1"]) { bed, parent, parts in
            try await Self.meanwhile(bed) { session in
                try await Self.finish(parts[0], "done", in: session)
            } other: {
                try await bed.queue.finish(parent, .awaitChildren)
            }
            #expect(try await bed.queue.describe(parent.jobID)?.state == .done)
        }
        try await Self.withParts(["f1"]) { bed, parent, parts in
            try await Self.meanwhile(bed) { session in
                try await Self.finish(parent, "await", in: session)
            } other: {
                try await bed.queue.finish(parts[0], .done)
            }
            #expect(try await bed.queue.describe(parent.jobID)?.state == .done)
        }
    }

    @Test(
        "a parent that is cancelled when a part of it has failed ends at once, and as failed", .timeLimit(.minutes(1)))
    func cancelAfterFailure() async throws {
        try await Self.withParts(["f1"]) { bed, parent, parts in
            _ = try await bed.queue.enqueue(Bed.sync(parent.connectionID, family: "f2", parent: parent.jobID))
            _ = try await bed.queue.finish(parts[0], .failed)
            _ = try await bed.queue.finish(parent, .awaitChildren)
            // It waited, and is gone.
            #expect(try await bed.queue.cancel([parent.jobID]) == [.cancelled])
            #expect(try await bed.queue.describe(parent.jobID)?.state == .failed)
        }
    }

    @Test("a parent that begins to wait while parts are being enqueued waits for them", .timeLimit(.minutes(1)))
    func awaitDuringEnqueue() async throws {
        try await Self.withParts([]) { bed, parent, _ in
            let part = Bed.sync(parent.connectionID, family: "f1", parent: parent.jobID)
            try await Self.meanwhile(bed) { session in
                _ = try await PostgresQueue.enqueue([part], in: session)
            } other: {
                try await bed.queue.finish(parent, .awaitChildren)
            }
            #expect(try await bed.queue.describe(parent.jobID)?.state == .awaiting)
        }
    }

    /// A parent that runs, and parts of it that run in lanes of these names.
    private static func withParts(
        _ families: [String], _ body: (Bed, LeasedJob, [LeasedJob]) async throws -> Void
    ) async throws {
        try await Bed.with { bed in
            let (connection, worker) = (try await bed.addConnection("a"), try await bed.addWorker())
            let parent = try await bed.queue.enqueue(Bed.sync(connection))
            let running = try await bed.claimOne(worker)
            var parts: [LeasedJob] = []
            for family in families {
                _ = try await bed.queue.enqueue(Bed.sync(connection, family: family, parent: parent))
                parts.append(try await bed.claimOne(worker))
            }
            try await body(bed, running, parts)
        }
    }

    private static func finish(_ job: LeasedJob, _ outcome: String, in session: PostgresConnection) async throws {
        try await session.query(
            "select * from portolan.finish($1, $2, $3, $4)",
            [[job.lease.laneID], [job.lease.token], [job.jobID], [outcome]])
    }

    /// Runs `first` in a transaction that stays open until `other` waits for it or, where it need not, has run.
    @discardableResult
    private static func meanwhile<Value: Sendable>(
        _ bed: Bed, _ first: (PostgresConnection) async throws -> Void,
        other: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Mutex<Task<Value, any Error>?>(nil)
        try await bed.pool.withTransaction { session in
            try await first(session)
            let hasRun = Signal()
            task.withLock { task in
                task = Task {
                    defer { hasRun.send() }
                    return try await other()
                }
            }
            while try await !bed.isAnybodyBlocked(), !hasRun.isSent { await Task.yield() }
        }
        return try await #require(task.withLock { $0 }).value
    }
}
