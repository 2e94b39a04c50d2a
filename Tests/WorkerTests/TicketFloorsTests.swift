import FoundationEssentials
import Jobs
import Testing

@testable import Worker

@Suite("Floors of tickets")
struct TicketFloorsTests {
    private static let origin = Date(timeIntervalSince1970: 1_893_456_000)

    private static func job(_ seconds: Double, platform: String = "toy", band: Band = .urgent) -> LeasedJob {
        LeasedJob(
            lease: Lease(laneID: 1, token: UUID()), jobID: 1, kind: "work", attempt: 1, arguments: "{}",
            connectionID: 1, platform: platform, band: band, ticket: origin.addingTimeInterval(seconds))
    }

    @Test("nothing is known at first, and what is known is known of one platform and band")
    func perWish() {
        var floors = TicketFloors()
        let now = ContinuousClock.now
        #expect(floors.current(now: now).isEmpty)
        floors.learn(from: [Self.job(10), Self.job(20, band: .backfill), Self.job(30, platform: "other")])
        let known = floors.current(now: now)
        #expect(known.count == 3)
        #expect(
            known[.init(platform: "toy", band: .urgent)] == Self.origin.addingTimeInterval(10) - TicketFloors.margin)
        let backfill = known[.init(platform: "toy", band: .backfill)]
        #expect(backfill == Self.origin.addingTimeInterval(20) - TicketFloors.margin)
        #expect(
            known[.init(platform: "other", band: .urgent)] == Self.origin.addingTimeInterval(30) - TicketFloors.margin)
        #expect(known[.init(platform: "other", band: .backfill)] == nil)
    }

    @Test("a floor hides no lane but those whose ticket is older than the newest served by more than the margin")
    func margin() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let now = ContinuousClock.now
        for _ in 0..<200 {
            var floors = TicketFloors()
            _ = floors.current(now: now)
            var newest = -Double.infinity
            for _ in 0..<20 {
                let served = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                    Double.random(in: 0...100, using: &random)
                }
                floors.learn(from: served.map { Self.job($0) })
                newest = max(newest, served.max() ?? newest)
                let floor = floors.current(now: now)[.init(platform: "toy", band: .urgent)]
                #expect(
                    floor == Self.origin.addingTimeInterval(newest) - TicketFloors.margin, "seed \(seed)")
            }
        }
    }

    @Test("floors are forgotten when they have been believed for long enough, and learnt anew")
    func lifetime() {
        var floors = TicketFloors()
        let start = ContinuousClock.now
        _ = floors.current(now: start)
        floors.learn(from: [Self.job(10)])
        #expect(!floors.current(now: start + TicketFloors.lifetime - .nanoseconds(1)).isEmpty)
        #expect(floors.current(now: start + TicketFloors.lifetime).isEmpty)
        floors.learn(from: [Self.job(5)])
        #expect(
            floors.current(now: start + TicketFloors.lifetime)[.init(platform: "toy", band: .urgent)]
                == Self.origin.addingTimeInterval(5) - TicketFloors.margin)
        #expect(!floors.current(now: start + TicketFloors.lifetime * 2 - .nanoseconds(1)).isEmpty)
        #expect(floors.current(now: start + TicketFloors.lifetime * 2).isEmpty)
    }

    @Test("a claim that comes back empty leaves the floors as they are")
    func emptyClaim() {
        var floors = TicketFloors()
        let now = ContinuousClock.now
        _ = floors.current(now: now)
        floors.learn(from: [Self.job(10), Self.job(20, band: .backfill)])
        let known = floors.current(now: now)
        floors.learn(from: [])
        #expect(floors.current(now: now) == known && known.count == 2)
    }
}
