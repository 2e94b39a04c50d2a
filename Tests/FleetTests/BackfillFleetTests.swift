import Foundation
import LocalFleet
import LocalServers
import Platforms
import Postgres
import Sandbox
import TestKit
import Testing

/// The past beside the present, with real workers, servers and sockets.
@Suite("Backfills in a real fleet", .serialized)
struct BackfillFleetTests {
    @Test("every platform is read recent days first, its past after that, though workers are killed and shops go on")
    func recentFirst() async throws {
        let sizes = ["orders": 300, "products": 30, "customers": 60, "charges": 300, "accounts": 150]
        let platforms = allPlatforms.filter { platform in platform.resources.contains { $0.history != nil } }
        let stores = platforms.map { platform in
            let known = Set(platform.resources.flatMap { [$0.name] + $0.children })
            return SandboxPlan.Store(
                platform: platform.key, name: "shop", sizes: sizes.filter { known.contains($0.key) },
                limitFactor: 100_000, quirks: ["reports": "prompt"])
        }
        try await FleetHarness.with("past", stores: stores, startsAt: Date()) { harness in
            let fleet = harness.fleet
            try await fleet.connectStores(limitFactor: 1000, recent: .seconds(30 * 86_400))
            #expect(
                try await harness.count("select count(*) from portolan.backfills") == Int64(platforms.count),
                "one for each connection")
            let scheduler = try await fleet.startScheduler()
            var worker = try await fleet.startWorker(slots: 8, beatTTL: 2)
            for share in [0.01, 0.4] {
                try await harness.eventually("backfills have come some way") {
                    try await harness.hurry()
                    let done = try await harness.text(
                        "select coalesce(avg(share_done), 0)::text from portolan.backfill_progress")
                    return (Double(done) ?? 0) >= share
                }
                for store in try await fleet.sandbox.stores() { try await fleet.sandbox.change(store, count: 5) }
                worker.kill(SIGKILL)
                _ = await worker.waitForExit(within: .seconds(10))
                worker = try await fleet.startWorker(slots: 8, beatTTL: 2)
            }
            try await harness.eventually("the past is read") {
                try await harness.hurry()
                let open = try await harness.count(
                    "select count(*) from portolan.backfill_progress where state <> 'done'")
                return try await harness.allCaughtUp() && open == 0
            }
            // What changed while it was read is the streams': once more each.
            try await fleet.pool.query(
                "update portolan.streams set caught_up_at = null, next_due_at = now() where next_due_at is not null")
            try await harness.eventually("every stream is caught up") {
                try await harness.hurry()
                return try await harness.allCaughtUp()
            }
            await harness.stop([worker, scheduler])
            let read = Set(platforms.flatMap { $0.resources.filter { $0.history != nil }.map(\.name) })
            try await harness.expectEqualToTruth(read.sorted())
            let twice = try await harness.text(
                """
                select coalesce(string_agg(distinct a.resource || ' ' || a.chunk, ', '), '')
                from portolan.backfill_chunks a join portolan.backfill_chunks b on a.backfill_id = b.backfill_id
                  and a.resource = b.resource and a.chunk_no < b.chunk_no and a.chunk && b.chunk
                where a.outcome = 'done' and b.outcome = 'done'
                """)
            #expect(twice == "", "windows that were read twice")
        }
    }
}

/// The commands, where the test plays the worker.
@Suite("Commands for backfills")
struct BackfillCommandTests {
    @Test("begun, listed, shown, paused, resumed, cancelled and tried again")
    func commands() async throws {
        try await CommandHarness.with { harness in
            let begun = try await harness.portolan(
                "backfill", "toy-1", "--resource", "orders", "--from", "2024-01-01", "--to", "2024-02-01T12:00:00Z")
            #expect(begun.output == "backfill 1; see how it comes on: portolan backfills watch 1")
            let window: String = try await harness.value(
                """
                select (window_from at time zone 'UTC')::text || ' ' || (window_to at time zone 'UTC')::text
                from portolan.backfills
                """)
            #expect(window == "2024-01-01 00:00:00 2024-02-01 12:00:00")

            let list = try await harness.portolan("backfills")
            #expect(list.lines.count == 2 && list.lines[0].hasPrefix("BACKFILL"))
            #expect(list.lines[1].contains("toy-1") && list.lines[1].contains("waiting"))
            let rows = try await harness.portolan("backfills", "list", "--json", "--connection", "toy-1")
                .json(as: [[String: Any]].self)
            #expect(rows.first?["state"] as? String == "waiting" && rows.first?["resources"] as? [String] == ["orders"])
            let shown = try await harness.portolan("backfills", "show", "1")
            #expect(shown.lines.first?.hasPrefix("backfill 1 of toy-1: waiting  [----") == true, "\(shown.output)")
            let object = try await harness.portolan("backfills", "show", "1", "--json").json(as: [String: Any].self)
            #expect((object["resources"] as? [[String: Any]])?.count == 1)

            #expect(try await harness.portolan("backfills", "pause", "1").output == "backfill 1: paused")
            #expect(try await harness.portolan("backfills", "show", "1").output.contains("paused"))
            #expect(try await harness.portolan("backfills", "resume", "1").output == "backfill 1: resumed")
            #expect(try await harness.portolan("backfills", "cancel", "1").output == "backfill 1: cancelled")
            let watched = try await harness.portolan("backfills", "watch", "1")
            #expect(watched.status != 0)
            #expect(watched.output.contains("cancelled  ["), "\(watched.output)")
            #expect(watched.errors.contains("backfill 1 is cancelled"), "\(watched.errors)")
            #expect(try await harness.portolan("backfills", "retry", "1").output == "backfill 1: again")

            let ago = try await harness.portolan("backfill", "toy-1", "--from", "90d", "--json")
                .json(as: [String: Any].self)
            #expect(ago["backfill_id"] as? Int == 2)
            let days: String = try await harness.value(
                "select round(extract(epoch from window_to - window_from) / 86400)::text from portolan.backfills where backfill_id = 2"
            )
            #expect(days == "90")
        }
    }

    @Test(
        "bad input is refused with the field and the fix",
        arguments: [
            (["backfill", "nobody"], "connection: there is none named 'nobody'"),
            (["backfill", "toy-1", "--resource", "oders"], "resources: toy-1 has no 'oders'; it has: orders"),
            (["backfill", "toy-1", "--from", "2024-02-01", "--to", "2024-01-01"], "from: the window is backwards"),
            (["backfill", "toy-1", "--from", "yesterday"], "yesterday"),
            (["backfills", "show", "9"], "there is no backfill 9; see: portolan backfills list"),
            (["backfills", "pause", "9"], "backfill: there is none with the number 9"),
            (["backfills", "list", "--connection", "nobody"], "there is no connection nobody"),
        ])
    func refused(_ arguments: [String], _ problem: String) async throws {
        try await CommandHarness.with { harness in
            let answer = try await harness.portolan(arguments)
            #expect(answer.status != 0)
            #expect(answer.errors.contains(problem), "\(answer.errors)")
        }
    }
}
