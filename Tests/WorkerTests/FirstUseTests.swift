import Platforms
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Limits
@testable import Worker

/// Grants everything, in the epoch a test says, and remembers what it was told.
private final class OpenLimiter: Limiter {
    private let state: Mutex<(epoch: Int64, told: [FirstUse], released: Int)>
    private let whileGranting: @Sendable () async -> Void

    init(epoch: Int64, whileGranting: @escaping @Sendable () async -> Void = {}) {
        state = Mutex((epoch, [], 0))
        self.whileGranting = whileGranting
    }

    var told: [FirstUse] { state.withLock { $0.told } }
    var released: Int { state.withLock { $0.released } }

    func acquire(
        _ demands: [BucketDemand], band: LimitBand, buckets: [Bucket], connectionID: Int64, platform: String,
        firstUse: FirstUse
    ) async -> Admission {
        let isFirst = state.withLock { state in
            state.told.append(firstUse)
            return state.told.count == 1
        }
        if isFirst { await whileGranting() }
        let declared = buckets[0]
        let slot = HeldSlot(key: "k", owner: .app, name: declared.name, declared: declared, id: 1, isLocal: true)
        return .granted(Grant(at: 1, epoch: state.withLock { $0.epoch }, slots: [slot]))
    }

    func settle(
        _ lessons: [LimitLesson], grant: Grant, buckets: [Bucket], connectionID: Int64, platform: String
    ) async {
        if buckets.isEmpty { state.withLock { $0.released += 1 } }
    }

    func peek(platform: String, buckets: [Bucket]) async -> LimitPeek { .none }
}

@Suite("The first request to a host", .serialized, .timeLimit(.minutes(1)))
struct FirstUseTests {
    private func withFleet(_ body: (Fleet) async throws -> Void) async throws {
        try await Fleet.with { fleet in
            var fleet = fleet
            fleet.platform.buckets = [Bucket("calls", scope: .connection, .slots(limit: 3, holdMax: .seconds(60)))]
            try await body(fleet)
        }
    }

    private func runNow(_ fleet: Fleet, _ transport: ScriptedTransport) async throws {
        let job = try await fleet.enqueue()
        let end = try await fleet.runToEnd(job, transport)
        #expect(end == "done")
    }

    private func note(_ fleet: Fleet) async throws -> Int64? {
        try await fleet.pool.query("select portolan.first_use($1)", [fleet.connectionID])[0].decode(at: 0)
    }

    @Test("its epoch is noted before it is sent, and told to the limiter from then on")
    func noted() async throws {
        try await withFleet { fleet in
            var fleet = fleet
            let limiter = OpenLimiter(epoch: 7)
            fleet.limiter = limiter
            let notes = Shared<[Int64?]>([])
            let (pool, id) = (fleet.pool, fleet.connectionID)
            let transport = ScriptedTransport { page, _ in
                let rows = try? await pool.query("select portolan.first_use($1)", [id])
                let note = try? rows?.first?.decode(at: 0, as: Int64?.self)
                notes.update { $0.append(note ?? nil) }
                return ScriptedTransport.answer(page, of: 3)
            }
            try await runNow(fleet, transport)
            #expect(limiter.told == [.never, .epoch(7), .epoch(7)])
            #expect(notes.value == [7, 7, 7])
            // The next slice reads it.
            try await runNow(fleet, transport)
            #expect(limiter.told.last == .epoch(7))
        }
    }

    @Test("whoever finds that somebody was first in another epoch gives the grant back, and asks again knowing it")
    func beaten() async throws {
        try await withFleet { fleet in
            var fleet = fleet
            let (pool, id) = (fleet.pool, fleet.connectionID)
            let limiter = OpenLimiter(epoch: 7) {
                _ = try? await pool.query("select portolan.note_first_use($1, 6)", [id])
            }
            fleet.limiter = limiter
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 1) }
            try await runNow(fleet, transport)
            #expect(limiter.told == [.never, .epoch(6)])
            // One given back at once, one with the answer.
            #expect(limiter.released == 2)
            #expect(transport.pages == [1])
        }
    }

    @Test("a grant without Redis is noted as one that no epoch counts")
    func withoutRedis() async throws {
        try await withFleet { fleet in
            var fleet = fleet
            let limiter = OpenLimiter(epoch: 0)
            fleet.limiter = limiter
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 2) }
            try await runNow(fleet, transport)
            #expect(limiter.told == [.never, .unknown])
            let noted = try await note(fleet)
            #expect(noted == 0)
        }
    }

    @Test("a note that cannot be written holds the request back")
    func notWritten() async throws {
        try await withFleet { fleet in
            var fleet = fleet
            let limiter = OpenLimiter(epoch: 7)
            fleet.limiter = limiter
            try await fleet.pool.query("drop function portolan.note_first_use")
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 1) }
            let job = try await fleet.enqueue()
            try await fleet.runOnce(job, transport)
            #expect(transport.pages == [])
            #expect(limiter.released == limiter.told.count)
        }
    }
}
