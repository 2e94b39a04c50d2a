import Testing

@testable import Worker

@Suite("How much a worker takes on")
struct PaceTests {
    @Test("before a job has ended, one job for each slot")
    func beginning() {
        for slots in [1, 7, 64, 500] {
            let pace = Pace(slots: slots)
            #expect(pace.lanes == slots)
            #expect(pace.jobsPerLane == 1)
        }
    }

    @Test("jobs that take no time are taken by the hundred")
    func fast() {
        let pace = Pace(slots: 4)
        pace.note(.zero)
        #expect(pace.lanes == Pace.lanesMax)
        #expect(pace.jobsPerLane == Pace.jobsPerLaneMax)
    }

    @Test(
        "no more is held than the slots get through in the time held ahead",
        arguments: [(100, 1), (24, 2), (9, 5), (4, 12)])
    func between(milliseconds: Int, jobsPerLane: Int) {
        let pace = Pace(slots: 8)
        pace.note(.milliseconds(milliseconds))
        #expect(pace.jobsPerLane == jobsPerLane)
        #expect(pace.lanes == 8)
        #expect(pace.lanes * pace.jobsPerLane * milliseconds <= 8 * max(50, milliseconds))
    }

    @Test("a slow job counts at once, however many fast ones there were; fast ones count little by little")
    func slowCountsAtOnce() {
        let pace = Pace(slots: 4)
        for _ in 0..<100_000 { pace.note(.microseconds(10)) }
        #expect(pace.lanes == Pace.lanesMax)
        pace.note(.milliseconds(100))
        #expect(pace.lanes == 4 && pace.jobsPerLane == 1)
        pace.note(.microseconds(10))
        #expect(pace.lanes == 4 && pace.jobsPerLane == 1)
        for _ in 0..<200 { pace.note(.microseconds(10)) }
        #expect(pace.lanes == Pace.lanesMax && pace.jobsPerLane == Pace.jobsPerLaneMax)
    }

    @Test("whatever the jobs take, the numbers stay within their bounds, and slower never means more")
    func bounds() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let slots = Int.random(in: 1...400, using: &random)
            let pace = Pace(slots: slots)
            for _ in 0..<50 {
                let before = (lanes: pace.lanes, jobsPerLane: pace.jobsPerLane)
                // From a nanosecond to a quarter of an hour, all orders of magnitude alike.
                let taken =
                    Duration.nanoseconds(Int64.random(in: 1...9, using: &random))
                    * [1, 1000, 100_000, 1_000_000, 10_000_000, 1_000_000_000, 100_000_000_000]
                    .randomElement(using: &random)!
                pace.note(taken)
                #expect(pace.lanes >= slots && pace.lanes <= max(slots, Pace.lanesMax), "seed \(seed)")
                #expect((1...Pace.jobsPerLaneMax).contains(pace.jobsPerLane), "seed \(seed)")
                #expect(
                    pace.lanes * pace.jobsPerLane <= max(slots, Pace.lanesMax) * Pace.jobsPerLaneMax, "seed \(seed)")
                if taken > .seconds(0.2) {
                    #expect(pace.lanes == slots && pace.jobsPerLane == 1, "seed \(seed)")
                }
                if taken > .seconds(Pace.horizon) {
                    #expect(pace.jobsPerLane <= before.jobsPerLane, "seed \(seed)")
                }
            }
        }
    }
}
