import Testing

@testable import portolan

@Suite("Simulated fleets", .serialized)
struct SimulationTests {
    @Test(
        "after three hours' outage no minute exceeds the pace, and the most urgent are done first",
        .timeLimit(.minutes(3)))
    func outage() async throws {
        try await withPool(connectionsMax: 1) { pool in
            var simulation = OutageSimulation(pool: pool)
            simulation.connections = 200
            simulation.tickSeconds = 10
            simulation.minutesAfter = 60
            let outcome = try await simulation.simulate()
            let most = (outcome.factor * outcome.steadyPerMinute).rounded(.up)
            #expect(outcome.factor == 2 && outcome.minutes.allSatisfy { Double($0) <= most }, "\(outcome)")
            #expect(outcome.overdue.values.reduce(0, +) > 450, "\(outcome)")
            let times = outcome.caughtUp.sorted { $0.key < $1.key }.map(\.value)
            #expect(times.count == 4 && times == times.sorted(), "\(outcome)")
            #expect(times.allSatisfy { (1...60).contains($0) }, "\(outcome)")
        }
    }

    @Test(
        "adaptive cadence leaves changes unread for a much shorter time than fixed intervals that cost as much",
        .timeLimit(.minutes(3)))
    func cadence() async throws {
        try await withPool(connectionsMax: 1) { pool in
            let simulation = CadenceSimulation(pool: pool, streams: 60, seed: 7, days: 8, warmDays: 5)
            let (fixed, adaptive) = try await simulation.compare()
            #expect((0.9...1.1).contains(adaptive.pages / fixed.pages), "\(fixed) \(adaptive)")
            #expect(fixed.mean > 1.6 * adaptive.mean, "\(fixed) \(adaptive)")
        }
    }
}
