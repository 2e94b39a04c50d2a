import FoundationEssentials
import Jobs
import Testing

@testable import Worker

@Suite("Leases a worker holds")
struct HeldLeasesTests {
    private static func lane(_ id: Int64, jobs: Int) -> HandedLane {
        HandedLane.all(of: LaneBufferTests.jobs(lane: id, count: jobs), at: .now)[0]
    }

    @Test("a lease ends with the last of its jobs, not before")
    func reported() {
        let leases = HeldLeases()
        let (one, other) = (Self.lane(1, jobs: 3), Self.lane(2, jobs: 1))
        leases.begin([one, other])
        #expect(leases.count == 2)
        leases.reported(one.lease)
        leases.reported(other.lease)
        #expect(leases.isHeld(one.lease) && !leases.isHeld(other.lease))
        leases.reported(one.lease, jobs: 2)
        #expect(leases.count == 0)
        leases.reported(one.lease)
        #expect(leases.count == 0 && leases.census == nil)
    }

    @Test("a lease that is another's is forgotten without doubt")
    func lost() {
        let leases = HeldLeases()
        let lane = Self.lane(1, jobs: 2)
        leases.begin([lane])
        leases.lost(lane.lease)
        #expect(!leases.isHeld(lane.lease) && leases.census == nil)
    }

    @Test("the census of a doubt names what is held, and not what was abandoned")
    func census() throws {
        let leases = HeldLeases()
        let (kept, abandoned) = (Self.lane(1, jobs: 1), Self.lane(2, jobs: 1))
        leases.begin([kept, abandoned])
        #expect(leases.census == nil)
        leases.abandon(abandoned.lease)
        let census = try #require(leases.census)
        #expect(census.tokens == [kept.lease.token])
        leases.settle(census)
        #expect(leases.census == nil && leases.isHeld(kept.lease))
    }

    @Test("doubt that comes up while another is settled stays")
    func doubtDuringCensus() throws {
        let leases = HeldLeases()
        let lane = Self.lane(1, jobs: 1)
        leases.begin([lane])
        leases.doubt()
        let census = try #require(leases.census)
        leases.abandon(lane.lease)
        leases.settle(census)
        let next = try #require(leases.census, "the queue was told that the abandoned lease is known")
        #expect(next.tokens.isEmpty)
        leases.settle(next)
        leases.settle(census)
        #expect(leases.census == nil)
    }
}
