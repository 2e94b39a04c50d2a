import FoundationEssentials
import Testing

@testable import Jobs

/// Whose turn it is. A slice is one claim of one lane, up to its end.
@Suite("Fairness", .serialized)
struct FairnessConformanceTests {
    @Test("lanes take turns: who was served goes to the back", arguments: Twin.allCases)
    func turns(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            var names: [Int64: String] = [:]
            for name in ["a", "b", "c"] {
                let connection = try await lab.addConnection()
                names[connection] = name
                for _ in 0..<(name == "a" ? 10 : 2) { try await lab.enqueue(connection) }
            }
            var served = ""
            for second in 1...6 {
                try await lab.setTime(seconds: Double(second))
                let lease = try await lab.claimOne()
                served += names[lease.connectionID] ?? "?"
                #expect(try await lab.finish(lease, .done) == .done)
            }
            #expect(served == "abcabc")
        }
    }

    @Test(
        "each of k ready lanes has its slice within k slices, whatever the backlog of the others",
        arguments: Twin.allCases)
    func shares(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            let backlogs = [1, 1, 2, 5, 20, 60, 150, 300]
            var slices: [Int64: Int] = [:]
            for backlog in backlogs {
                let connection = try await lab.addConnection()
                slices[connection] = 0
                let job = NewJob(connectionID: connection, kind: "sync", arguments: #"{"resource": "orders"}"#)
                _ = try await lab.queue.enqueue(Array(repeating: job, count: backlog))
            }
            var order: [Int64] = []
            for slice in 1...1000 {
                try await lab.setTime(seconds: Double(slice))
                let lease = try await lab.claimOne()
                slices[lease.connectionID, default: 0] += 1
                order.append(lease.connectionID)
                #expect(try await lab.finish(lease, .yield) == .yield)
            }
            for start in stride(from: 0, to: order.count, by: backlogs.count) {
                #expect(Set(order[start..<(start + backlogs.count)]).count == backlogs.count)
            }
            // Jain's index: 1 when all shares are equal, 1/k when one has everything.
            let shares = slices.values.map(Double.init)
            let sum = shares.reduce(0, +)
            let index = sum * sum / (Double(shares.count) * shares.map { $0 * $0 }.reduce(0, +))
            #expect(index > 0.99, "\(slices)")
        }
    }

    @Test(
        "urgent work waits for the slice that runs and no longer, however much else there is", arguments: Twin.allCases)
    func urgent(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            var connections: [Int64] = []
            for number in 0..<6 {
                let connection = try await lab.addConnection()
                connections.append(connection)
                for _ in 0..<5 { try await lab.enqueue(connection, band: number < 3 ? .backfill : .incremental) }
            }
            for (slice, connection) in connections.enumerated() {
                try await lab.setTime(seconds: Double(slice + 1))
                let running = try await lab.claimOne()
                #expect(try await lab.prove(running) == Proof())
                // In another lane, or behind the slice that runs.
                let urgent = try await lab.enqueue(connection, band: .urgent)
                let isBehind = connection == running.connectionID
                #expect(try await lab.prove(running) == Proof(isYieldWanted: isBehind))
                #expect(try await lab.finish(running, .yield) == .yield)
                let next = try await lab.claimOne()
                #expect(next.jobID == urgent)
                #expect(try await lab.finish(next, .done) == .done)
            }
        }
    }

    @Test(
        "a band that comes first on the wish list is served, however much urgent work waits", arguments: Twin.allCases)
    func bandTurns(twin: Twin) async throws {
        try await QueueLab.with(twin) { lab in
            for _ in 0..<3 {
                let connection = try await lab.addConnection()
                for _ in 0..<20 { try await lab.enqueue(connection, band: .urgent) }
            }
            let low = try await lab.addConnection()
            for _ in 0..<4 { try await lab.enqueue(low, band: .housekeeping) }
            var served = 0
            for turn in 1...28 {
                try await lab.setTime(seconds: Double(turn))
                var bands = Band.allCases
                if turn % 7 == 0 { bands.insert(bands.removeLast(), at: 0) }
                let lease = try #require(try await lab.claim(lanes: 1, bands: bands).first)
                if lease.connectionID == low { served += 1 }
                #expect(try await lab.finish(lease, .done) == .done)
            }
            #expect(served == 4)
        }
    }
}
