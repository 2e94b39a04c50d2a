import Foundation
import LocalFleet
import LocalServers
import Platforms
import Postgres
import Sandbox
import TestKit
import Testing

/// What holds for every platform there is a folder for, with real workers, servers and sockets.
@Suite("Every platform in a real fleet", .serialized)
struct EveryPlatformTests {
    @Test("every stream of every platform is read, and holds what is true, though a worker is killed on the way")
    func all() async throws {
        let sizes = ["orders": 60, "products": 12, "customers": 40, "charges": 30, "accounts": 40]
        let stores = allPlatforms.map { platform in
            let known = Set(platform.resources.flatMap { [$0.name] + $0.children })
            // What a platform does not know of these changes nothing.
            return SandboxPlan.Store(
                platform: platform.key, name: "shop", sizes: sizes.filter { known.contains($0.key) },
                limitFactor: 100_000, quirks: ["reports": "prompt"])
        }
        // Some platforms show so many days of history and no more: the stores begin when the fleet does.
        try await FleetHarness.with("every", stores: stores, startsAt: Date()) { harness in
            let fleet = harness.fleet
            try await fleet.connectStores(limitFactor: 1000)
            let scheduler = try await fleet.startScheduler()
            let first = try await fleet.startWorker(slots: 8, beatTTL: 2)
            try await harness.eventually("every platform has brought something") {
                try await harness.hurry()
                let platforms = try await harness.count("select count(distinct platform) from portolan.raw_records")
                return platforms == Int64(allPlatforms.count)
            }
            first.kill(SIGKILL)
            _ = await first.waitForExit(within: .seconds(10))
            let second = try await fleet.startWorker(slots: 8)
            try await harness.eventually("every stream is caught up") {
                try await harness.hurry()
                return try await harness.allCaughtUp()
            }
            await harness.stop([second, scheduler])
            let resources = Set(allPlatforms.flatMap { $0.resources.map(\.name) })
            try await harness.expectEqualToTruth(resources.sorted())
            let failed = try await harness.text(
                """
                select coalesce(string_agg(platform || ' ' || resource || ' ' || coalesce(state_code || ' ' || state_message, state), ', '), '')
                from portolan.streams where state not in ('in_sync')
                """)
            #expect(failed == "", "streams that are not in sync")
        }
    }
}
