import FoundationEssentials
import Postgres
import Testing

@testable import Jobs

@Suite("The counted statistics", .serialized)
struct StatsTests {
    @Test("each platform, band, kind and state is counted, with the oldest, and what is gone is gone")
    func states() async throws {
        try await Bed.with(connectionsMax: 1) { bed in
            try await bed.pool.query("select set_config('portolan.now', '2030-01-01 00:00+00', false)")
            let (toy, tin) = (try await bed.addConnection("a"), try await bed.addConnection("b", platform: "tin"))
            let worker = try await bed.addWorker()
            var later = Bed.sync(tin, band: .report)
            later.delay = .seconds(60)
            _ = try await bed.queue.enqueue([later, later])
            let parent = try await bed.queue.enqueue(Bed.sync(toy, band: .urgent))
            let first = try await bed.claimOne(worker)
            _ = try await bed.queue.enqueue(Bed.sync(toy, family: "bulk", parent: parent))
            _ = try await bed.queue.finish(first, .awaitChildren)
            _ = try await bed.queue.enqueue([
                Bed.sync(toy), Bed.sync(toy), Bed.sync(toy), Bed.sync(toy, band: .backfill),
            ])
            let held = try await bed.queue.claim(Bed.wanting(worker, lanes: 1, jobsPerLane: 2))
            #expect(held.count == 2 || held.count == 1)
            try await bed.pool.query("select portolan.refresh_stats()")
            let stats = try await bed.texts(
                "select concat_ws(' ', platform, band, state, jobs_count) from portolan.queue_stats order by 1")
            let total = try await bed.count("select sum(jobs_count)::bigint from portolan.queue_stats")
            #expect(total == 8 && stats.contains("tin report scheduled 2") && stats.contains("toy urgent awaiting 1"))
            #expect(
                try await bed.value(
                    "select oldest_at = '2030-01-01 00:01+00' from portolan.queue_stats where state = 'scheduled'",
                    as: Bool.self))
            try await Race.expectStatsTrue(bed)
            // A minute later what was scheduled is queued.
            try await bed.pool.query("select set_config('portolan.now', '2030-01-01 00:01+00', false)")
            try await Race.expectStatsTrue(bed)
            #expect(try await bed.count("select count(*) from portolan.queue_stats where state = 'scheduled'") == 0)
            try await bed.pool.query("delete from portolan.leases")
            try await bed.pool.query("delete from portolan.jobs")
            try await Race.expectStatsTrue(bed)
            #expect(try await bed.count("select count(*) from portolan.queue_stats") == 0)
        }
    }

    @Test("many that count at once do not get in each other's way", .timeLimit(.minutes(1)))
    func together() async throws {
        try await Bed.with(connectionsMax: 6, settings: [Bed.lockTimeout]) { bed in
            var connections: [Int64] = []
            for name in ["a", "b", "c"] { connections.append(try await bed.addConnection(name, platform: "p" + name)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask { [connections] in
                        for round in 0..<80 {
                            // Groups come and go while they are counted.
                            let band = Band.allCases[(round + number) % 5]
                            let id = try await bed.queue.enqueue(Bed.sync(connections[round % 3], band: band))
                            try await bed.pool.query("select portolan.refresh_stats()")
                            _ = try await bed.queue.cancel([id])
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await Race.expectStatsTrue(bed)
        }
    }
}
