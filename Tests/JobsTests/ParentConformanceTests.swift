import FoundationEssentials
import Testing

@testable import Jobs

@Suite("Parents and children", .serialized)
struct ParentConformanceTests {
    /// A parent that waits for its children, which stand in a lane of their own and are due.
    private func family(_ lab: QueueLab, children count: Int) async throws -> (parent: Int64, children: [Int64]) {
        let connection = try await lab.addConnection()
        let parent = try await lab.enqueue(connection)
        let lease = try #require(try await lab.claim().first { $0.jobID == parent })
        let child = NewJob(connectionID: connection, kind: "twice", family: "parts", parentID: parent)
        let children = try await lab.queue.enqueue(Array(repeating: child, count: count))
        #expect(try await lab.finish(lease, .awaitChildren) == .awaiting)
        return (parent, children)
    }

    @Test("a parent waits for its children and is done when all of them are", arguments: Twin.allCases)
    func done(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let (parent, children) = try await family(lab, children: 3)
            #expect(try await lab.describe(children[0]).parentID == parent)
            for (index, child) in children.enumerated() {
                let waiting = try await lab.describe(parent)
                #expect(waiting.state == .awaiting && waiting.runs == 1 && waiting.attempt == 0)
                #expect(waiting.children == .init(live: 3 - index, done: index))
                let lease = try await lab.claimOne()
                #expect(lease.jobID == child)
                #expect(try await lab.finish(lease, .done) == .done)
            }
            let ended = try await lab.describe(parent)
            #expect(ended.state == .done && ended.children == .init(done: 3) && ended.errorCode == nil)
            #expect(ended.runs == 1 && ended.attempt == 0)
            #expect(ended.events == [.init(run: 1, what: "awaiting", pages: 0, code: nil)])
            #expect(try await lab.claim().isEmpty)
        }
    }

    @Test("a parent fails with the error of the first child that failed, when all have ended", arguments: Twin.allCases)
    func failed(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let (parent, _) = try await family(lab, children: 4)
            #expect(try await lab.runOne(.done) == .done)
            try await lab.setTime(seconds: 1)
            #expect(try await lab.runOne(.failed, code: "first") == .failed)
            try await lab.setTime(seconds: 2)
            #expect(try await lab.cancel(try await lab.claimOne().jobID) == .asked)
            #expect(try await lab.queue.releaseUnknown(worker: lab.worker, known: []) == 1)
            #expect(try await lab.state(parent) == .awaiting)
            #expect(try await lab.runOne(.failed, code: "second") == .failed)
            let ended = try await lab.describe(parent)
            #expect(ended.state == .failed && ended.errorCode == "first")
            #expect(ended.children == .init(done: 1, failed: 2, cancelled: 1))
        }
    }

    @Test("a child that is poison fails its parent", arguments: Twin.allCases)
    func poison(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let (parent, children) = try await family(lab, children: 1)
            for _ in 0..<5 {
                #expect(try await lab.claimOne(worker: UUID()).jobID == children[0])
                #expect(try await lab.queue.reap() == 1)
            }
            let ended = try await lab.describe(parent)
            #expect(ended.state == .failed && ended.children == .init(failed: 1) && ended.errorCode == nil)
        }
    }

    @Test("a parent is cancelled when a child was and none failed", arguments: Twin.allCases)
    func cancelledChild(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let (parent, children) = try await family(lab, children: 2)
            #expect(try await lab.cancel(children[1]) == .cancelled)
            #expect(try await lab.state(parent) == .awaiting)
            #expect(try await lab.runOne(.done) == .done)
            #expect(try await lab.state(parent) == .cancelled)
            let (second, only) = try await family(lab, children: 1)
            #expect(try await lab.cancel(only[0]) == .cancelled)
            #expect(try await lab.state(second) == .cancelled)
        }
    }

    @Test("a parent whose children have ended already, or that has none, is done at once", arguments: Twin.allCases)
    func early(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let lonely = try await lab.enqueue(connection)
            #expect(try await lab.runOne(.awaitChildren) == .awaiting)
            #expect(try await lab.state(lonely) == .done)
            let parent = try await lab.enqueue(connection)
            let lease = try await lab.claimOne()
            try await lab.enqueue(connection, family: "parts", parent: parent)
            #expect(try await lab.runOne(.failed, code: "x.y") == .failed)
            #expect(try await lab.state(parent) == .running)
            #expect(try await lab.finish(lease, .awaitChildren) == .awaiting)
            #expect(try await lab.describe(parent).errorCode == "x.y")
            #expect(try await lab.state(parent) == .failed)
        }
    }

    @Test(
        "a child that waits for children of its own has none, and so ends, and its parent with it",
        arguments: Twin.allCases)
    func childAwaits(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let (parent, children) = try await family(lab, children: 1)
            #expect(try await lab.runOne(.awaitChildren) == .awaiting)
            #expect(try await lab.state(children[0]) == .done)
            #expect(try await lab.state(parent) == .done)
        }
    }

    @Test("a parent and its last child reported in one call both end", arguments: Twin.allCases)
    func together(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let parent = try await lab.enqueue(connection)
            let lease = try await lab.claimOne()
            let child = try await lab.enqueue(connection, family: "parts", parent: parent)
            let part = try await lab.claimOne()
            #expect(
                try await lab.queue.finish([Report(lease, .awaitChildren), Report(part, .done)], waits: true)
                    == [.awaiting, .done])
            #expect(try await lab.state(child) == .done)
            #expect(try await lab.state(parent) == .done)
        }
    }

    @Test("children in the parent's own lane run while it waits", arguments: Twin.allCases)
    func sameLane(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let parent = try await lab.enqueue(connection)
            let lease = try await lab.claimOne()
            let children = [
                try await lab.enqueue(connection, band: .backfill, parent: parent),
                try await lab.enqueue(connection, delay: .seconds(60), parent: parent),
            ]
            #expect(try await lab.finish(lease, .awaitChildren) == .awaiting)
            for child in children {
                let part = try await lab.claimOne()
                #expect(part.jobID == child)
                #expect(try await lab.finish(part, .done) == .done)
                try await lab.setTime(seconds: 60)
            }
            #expect(try await lab.state(parent) == .done)
            let next = try await lab.enqueue(connection)
            #expect(try await lab.claimOne().jobID == next)
        }
    }

    @Test("a lane with nothing but jobs that wait for children is woken by the next enqueue", arguments: Twin.allCases)
    func laneOfParents(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let (parent, _) = try await family(lab, children: 1)
            let connection = try await lab.describe(parent).connectionID
            let part = try await lab.claimOne()
            try await lab.setTime(seconds: 5)
            #expect(try await lab.claim().isEmpty)
            let next = try await lab.enqueue(connection, band: .housekeeping)
            #expect(try await lab.claimOne().jobID == next)
            #expect(try await lab.finish(part, .done) == .done)
            #expect(try await lab.state(parent) == .done)
        }
    }

    @Test(
        "a child that comes back to wait keeps its parent waiting; merged ones count for nothing",
        arguments: Twin.allCases)
    func merged(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let parent = try await lab.enqueue(connection)
            let lease = try await lab.claimOne()
            try await lab.enqueue(connection, key: "k", family: "parts", parent: parent)
            let part = try await lab.claimOne()
            try await lab.enqueue(connection, key: "k", family: "parts", parent: parent)
            #expect(try await lab.finish(lease, .awaitChildren) == .awaiting)
            #expect(try await lab.describe(parent).children == .init(live: 2))
            #expect(try await lab.finish(part, .yield) == .yield)
            #expect(try await lab.describe(parent).children == .init(live: 1))
            #expect(try await lab.runOne(.done) == .done)
            let ended = try await lab.describe(parent)
            #expect(ended.state == .done && ended.children == .init(done: 1))
        }
    }

    @Test("a parent must be live, not asked to stop, and not a part itself", arguments: Twin.allCases)
    func refused(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let (parent, children) = try await family(lab, children: 1)
            let connection = try await lab.describe(parent).connectionID
            let late = try await lab.enqueue(connection, family: "parts", parent: parent)
            #expect(try await lab.describe(parent).children.live == 2, "it may get more while it waits")
            #expect(
                try await lab.refusal { try await lab.enqueue(connection, parent: children[0]) }
                    .hasPrefix("parent_job_id:"))
            #expect(try await lab.queue.cancel([late, children[0]]) == [.cancelled, .cancelled])
            let running = try await lab.enqueue(connection)
            #expect(try await lab.claim().map(\.jobID) == [running])
            #expect(try await lab.cancel(running) == .asked)
            for gone in [parent, running] {
                #expect(
                    try await lab.refusal { try await lab.enqueue(connection, parent: gone) }
                        .hasPrefix("parent_job_id:"))
            }
        }
    }

    @Test(
        "a parent that waits is cancelled with its children, at once when none of them runs", arguments: Twin.allCases)
    func cancelWaiting(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let (parent, children) = try await family(lab, children: 2)
            #expect(try await lab.cancel(parent) == .cancelled)
            for job in children + [parent] { #expect(try await lab.state(job) == .cancelled) }
            let (second, parts) = try await family(lab, children: 2)
            #expect(try await lab.queue.cancel([parts[0], second, parts[1]]) == [.cancelled, .cancelled, .cancelled])
        }
    }

    @Test("a parent whose child runs ends when the child has stopped", arguments: Twin.allCases)
    func cancelWithRunningChild(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let (parent, children) = try await family(lab, children: 2)
            let part = try await lab.claimOne()
            #expect(try await lab.cancel(parent) == .asked)
            #expect(try await lab.state(children[1]) == .cancelled)
            let waiting = try await lab.describe(parent)
            #expect(waiting.state == .awaiting && waiting.isCancelAsked)
            #expect(try await lab.prove(part)?.isCancelled == true)
            #expect(try await lab.finish(part, .done) == .done)
            #expect(try await lab.state(parent) == .cancelled)

            let (second, _) = try await family(lab, children: 1)
            let last = try await lab.claimOne()
            #expect(try await lab.cancel(second) == .asked)
            #expect(try await lab.finish(last, .done) == .done)
            #expect(try await lab.state(second) == .cancelled, "though all that it had was done")
        }
    }

    @Test("a parent that runs is asked, and its waiting children are cancelled", arguments: Twin.allCases)
    func cancelRunningParent(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let parent = try await lab.enqueue(connection)
            let lease = try await lab.claimOne()
            let child = try await lab.enqueue(connection, family: "parts", parent: parent)
            #expect(try await lab.cancel(parent) == .asked)
            #expect(try await lab.state(child) == .cancelled)
            #expect(try await lab.state(parent) == .running)
            #expect(try await lab.finish(lease, .awaitChildren) == .cancelled)
            #expect(try await lab.state(parent) == .cancelled)
        }
    }

    @Test("a parent that ends on its own leaves its children to themselves", arguments: Twin.allCases)
    func doneEarly(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let connection = try await lab.addConnection()
            let parent = try await lab.enqueue(connection)
            let lease = try await lab.claimOne()
            let child = try await lab.enqueue(connection, family: "parts", parent: parent)
            #expect(try await lab.finish(lease, .done) == .done)
            #expect(try await lab.claimOne().jobID == child)
            #expect(try await lab.describe(parent).children == .init(live: 1))
        }
    }
}
