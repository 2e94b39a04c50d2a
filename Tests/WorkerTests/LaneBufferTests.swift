import FoundationEssentials
import Jobs
import Testing

@testable import Worker

@Suite("Lanes on their way to a slot")
struct LaneBufferTests {
    private static func lane(
        _ id: Int64, jobs: Int = 1, at instant: ContinuousClock.Instant = .now
    ) -> HandedLane {
        HandedLane.all(of: Self.jobs(lane: id, count: jobs), at: instant)[0]
    }

    static func jobs(lane: Int64, count: Int) -> [LeasedJob] {
        let lease = Lease(laneID: lane, token: UUID())
        return (0..<count).map {
            LeasedJob(
                lease: lease, jobID: lane * 1000 + Int64($0), kind: "work", attempt: 1, arguments: "{}",
                connectionID: 1, platform: "toy", band: .urgent)
        }
    }

    @Test("what a claim hands over is parted by lease, in order")
    func parting() {
        let counts = [3, 1, 2]
        let jobs = counts.enumerated().flatMap { Self.jobs(lane: Int64($0.offset), count: $0.element) }
        let lanes = HandedLane.all(of: jobs, at: .now)
        #expect(lanes.map(\.lease.laneID) == [0, 1, 2])
        #expect(lanes.map(\.jobs.count) == counts)
        #expect(lanes.flatMap(\.jobs).map(\.jobID) == jobs.map(\.jobID))
        #expect(HandedLane.all(of: [], at: .now).isEmpty)
    }

    @Test("every lane goes to one taker, whoever waits and whoever puts in", .timeLimit(.minutes(1)))
    func manyTakers() async {
        let buffer = LaneBuffer()
        let taken = Shared<[Int64]>([])
        await withTaskGroup(of: Void.self) { takers in
            for _ in 0..<8 {
                takers.addTask {
                    while let lane = await buffer.next() { taken.update { $0.append(lane.lease.laneID) } }
                }
            }
            await withTaskGroup(of: Void.self) { putters in
                for putter in 0..<4 {
                    putters.addTask {
                        for round in 0..<500 {
                            let first = Int64(putter * 10_000 + round * 3)
                            buffer.put((0..<3).map { Self.lane(first + $0) })
                            if round % 5 == 0 { await Task.yield() }
                        }
                    }
                }
            }
            buffer.close()
        }
        let expected = (0..<4).flatMap { putter in (0..<1500).map { Int64(putter * 10_000 + $0) } }
        #expect(taken.value.sorted() == expected)
    }

    @Test("one taker gets the lanes in the order they came")
    func order() async {
        let buffer = LaneBuffer()
        buffer.put((0..<5).map { Self.lane($0) })
        for id in 0..<5 { #expect(await buffer.next()?.lease.laneID == Int64(id)) }
        #expect(buffer.isEmpty)
    }

    @Test("when closed, what is left is handed out, and then nothing", .timeLimit(.minutes(1)))
    func close() async {
        let buffer = LaneBuffer()
        buffer.put([Self.lane(1)])
        buffer.close()
        #expect(await buffer.next()?.lease.laneID == 1)
        #expect(await buffer.next() == nil)
        #expect(await buffer.next() == nil)
    }

    @Test("closing lets everybody go who waits", .timeLimit(.minutes(1)))
    func closeWakes() async {
        let buffer = LaneBuffer()
        await withTaskGroup(of: Bool.self) { takers in
            for _ in 0..<8 { takers.addTask { await buffer.next() == nil } }
            for _ in 0..<20 { await Task.yield() }
            buffer.close()
            for await isNil in takers { #expect(isNil) }
        }
    }

    @Test("what has waited long enough is taken out, oldest first; the rest stays")
    func takeOut() async {
        let buffer = LaneBuffer()
        let start = ContinuousClock.now
        for second in 0..<4 { buffer.put([Self.lane(Int64(second), at: start + .seconds(second))]) }
        let now = start + .seconds(4)
        #expect(buffer.takeOut(waitingFor: .seconds(5), now: now).isEmpty)
        #expect(buffer.takeOut(waitingFor: .seconds(3), now: now).map(\.lease.laneID) == [0, 1])
        #expect(buffer.takeOut(waitingFor: .zero, now: now).map(\.lease.laneID) == [2, 3])
        #expect(buffer.isEmpty)
    }

    @Test("a lane is taken out or handed to a slot, never both", .timeLimit(.minutes(1)))
    func takeOutRace() async {
        let buffer = LaneBuffer()
        let seen = Shared<[Int64]>([])
        await withTaskGroup(of: Void.self) { takers in
            for _ in 0..<3 {
                takers.addTask {
                    while let lane = await buffer.next() { seen.update { $0.append(lane.lease.laneID) } }
                }
            }
            for round in 0..<1000 {
                buffer.put((0..<4).map { Self.lane(Int64(round * 4 + $0)) })
                let out = buffer.takeOut(waitingFor: .zero, now: .now)
                seen.update { $0 += out.map(\.lease.laneID) }
                if round % 3 == 0 { await Task.yield() }
            }
            buffer.close()
        }
        #expect(seen.value.sorted() == (0..<4000).map { Int64($0) })
    }
}
