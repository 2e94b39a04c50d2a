import FoundationEssentials
import HTTP
import Jobs
import Platforms
import Postgres
import TestKit
import Testing

@testable import Worker

@Suite("Dispatching")
struct DispatchTests {
    @Test("no ring is lost, however it falls between two waits", .timeLimit(.minutes(1)))
    func bell() async {
        let bell = Bell()
        let rings = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var seen = 0
                // A lost ring would leave this waiting for an hour.
                while seen < 20_000 {
                    await bell.wait()
                    seen = rings.value
                }
            }
            group.addTask {
                for round in 0..<20_000 {
                    rings.update { $0 += 1 }
                    bell.ring()
                    if round % 3 == 0 { await Task.yield() }
                }
            }
        }
    }

    @Test("a ring before the wait ends it at once, and only that one", .timeLimit(.minutes(1)))
    func rememberedRing() async {
        let bell = Bell()
        bell.ring()
        bell.ring()
        await bell.wait()
        let isSecondOver = Shared(false)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await bell.wait()
                isSecondOver.update { $0 = true }
            }
            for _ in 0..<100 { await Task.yield() }
            #expect(!isSecondOver.value, "two rings are one")
            bell.ring()
        }
    }

    @Test("a wait ends at the next tick, and when its task is cancelled", .timeLimit(.minutes(1)))
    func waitEnds() async {
        let bell = Bell()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await bell.tick(every: .milliseconds(1), clock: ContinuousClock()) }
            await bell.wait()
            await bell.wait()
            group.cancelAll()
        }
        let waiting = Task { await bell.wait() }
        waiting.cancel()
        await waiting.value
        bell.ring()
        await bell.wait()
    }

    @Test("every band comes first now and then, urgent work nearly always, and every wish is on every list")
    func wishList() {
        let list = WishList(platforms: ["b", "a", "c"])
        var first: [Band: Int] = [:]
        var firstPlatform: Set<String> = []
        for turn in 0..<30 {
            let wishes = list.ordered(turn: turn)
            #expect(wishes.count == 15 && Set(wishes.map { "\($0.platform) \($0.band)" }).count == 15)
            first[wishes[0].band, default: 0] += 1
            firstPlatform.insert(wishes[0].platform)
            // Within the list each band stands together, and below the first the order is by urgency.
            let bands = wishes.map(\.band).reduce(into: [Band]()) { if $0.last != $1 { $0.append($1) } }
            #expect(bands.count == 5)
            #expect(Array(bands.dropFirst()) == Band.allCases.filter { $0 != bands[0] })
        }
        #expect(Set(first.keys) == Set(Band.allCases))
        #expect(first[.urgent, default: 0] >= 24)
        #expect(firstPlatform == ["a", "b", "c"])
        #expect(WishList(platforms: []).ordered(turn: 3).isEmpty)
    }

    @Test("a worker takes no more than it has slots for, and all of them when there is work", .timeLimit(.minutes(1)))
    func slots() async throws {
        try await Fleet.with { fleet in
            try await fleet.pool.query(
                """
                select portolan.enqueue_many(array_agg($1::bigint), array_agg('sync'::text), array_agg('{"resource": "orders"}'::jsonb),
                  p_family => array_agg('lane' || n)) from generate_series(1, 12) n
                """, [fleet.connectionID])
            let running = Shared((now: 0, most: 0))
            let transport = ScriptedTransport { page, _ in
                running.update {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                // Together or not at all: the first three wait for one another.
                try? await waitUntil("three at once") { running.value.most >= 3 }
                running.update { $0.now -= 1 }
                return ScriptedTransport.answer(page, of: 1)
            }
            try await fleet.run(transport, { $0.slots = 3 }) { _ in
                try await waitUntil("all jobs to end") {
                    try await fleet.value("select count(*) = 12 from portolan.job_history where outcome = 'done'")
                }
            }
            #expect(running.value.most == 3)
        }
    }

    @Test("a worker that its row asks to drain leaves by itself", .timeLimit(.minutes(1)))
    func drainByRow() async throws {
        try await Fleet.with { fleet in
            let transport = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 1) }
            let service = fleet.worker(transport) { $0.beatInterval = .milliseconds(10) }
            let running = Task { try await service.run() }
            try await waitUntil("the worker's row") {
                try await fleet.value("select count(*) = 1 from portolan.workers")
            }
            try await fleet.pool.query("update portolan.workers set draining = true")
            try await running.value
            #expect(try await fleet.value("select count(*) from portolan.workers", as: Int64.self) == 0)
        }
    }
}
