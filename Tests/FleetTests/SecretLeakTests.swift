import Foundation
import LocalFleet
import Postgres
import Sandbox
import TestKit
import Testing

/// What merchants entrust to us, looked for everywhere it must not be.
@Suite("Secrets stay secret through a whole run", .serialized)
struct SecretLeakTests {
    @Test("no credential, token or key is in any log, row or error, whatever goes wrong")
    func wholeRun() async throws {
        let faults = [
            Fault(.status(500, body: .html, retryAfterSeconds: nil), .next(1)), Fault(.truncate, .next(1)),
            Fault(.html, .next(1)),
        ]
        let sizes = ["orders": 120, "products": 5, "customers": 20]
        let stores = [
            SandboxPlan.Store(platform: "shopify", name: "key", sizes: sizes, limitFactor: 1000, faults: faults),
            SandboxPlan.Store(
                platform: "shopify", name: "token", sizes: sizes, limitFactor: 1000, method: "expiring_token"),
            SandboxPlan.Store(
                platform: "stripe", name: "revoked", sizes: ["charges": 20], limitFactor: 1000,
                faults: [Fault(.authRevoked, .next(1000))]),
        ]
        try await FleetHarness.with("secrets", stores: stores) { harness in
            let fleet = harness.fleet
            try await fleet.connectStores()
            try await harness.schedule(only: ["orders", "charges"])
            // A fresh Redis begins with empty buckets: with the declared rate, most of the run would be waiting.
            try await fleet.pool.query(
                """
                update portolan.connections
                set limits = '{"graphql": {"capacity": 2000000, "refill_per_second": 100000}}' where platform = 'shopify'
                """)
            let scheduler = try await fleet.startScheduler()
            let worker = try await fleet.startWorker(slots: 2)
            try await harness.eventually("both shops are read, and the third connection is stopped") {
                try await harness.hurry()
                let read = try await harness.count(
                    "select count(*) from portolan.streams where resource = 'orders' and caught_up_at is not null")
                let stopped = try await harness.count(
                    "select count(*) from portolan.connections where platform = 'stripe' and state = 'needs_reauth'")
                return read == 2 && stopped == 1
            }
            await harness.stop([worker, scheduler])
            #expect(try await harness.count("select count(*) from portolan.connection_tokens") == 1)
            #expect(try await harness.count("select count(*) from portolan.errors") >= 3)
            #expect(try await harness.count("select count(*) from portolan.requests") > 0)
            try await harness.expectEqualToTruth(["orders"])

            var planted: [String: String] = [:]
            planted["master key"] = fleet.environment["PORTOLAN_MASTER_KEY"]
            for store in try await fleet.sandbox.stores() {
                for (field, value) in store.credentials where value.utf8.count >= 8 {
                    planted["\(store.name) \(field)"] = value
                }
            }
            let scan = try SecretScan(planted)
            var found = try await scan.database(fleet.pool)
            let logs = try FileManager.default.contentsOfDirectory(atPath: fleet.folder).filter {
                $0.hasPrefix("worker-") || $0.hasPrefix("scheduler-")
            }
            #expect(logs.count == 2)
            for log in logs {
                let text = try String(contentsOfFile: fleet.folder + "/" + log, encoding: .utf8)
                #expect(!text.isEmpty)
                found += scan.look(in: text, at: log)
            }
            #expect(found.isEmpty, "\(found)")
        }
    }
}
