import Foundation
import LocalFleet
import LocalServers
import Platforms
import Postgres
import Sandbox
import TestKit
import Testing

/// A fleet of real processes for one test, with everything it needs to be looked at and broken.
struct FleetHarness {
    let fleet: LocalFleet

    /// Starts a fleet in a folder of its own, runs `body`, and stops everything.
    static func with(
        _ name: String, stores: [SandboxPlan.Store], seed: UInt64 = 11,
        startsAt: Date = Date(timeIntervalSince1970: 1_790_000_000), _ body: (FleetHarness) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "portolan-fleet-\(name)-\(getpid())"
        var options = LocalFleet.Options(
            folder: folder, executable: Places.executable,
            plan: SandboxPlan(seed: seed, startsAt: startsAt, stores: stores))
        options.durability = .fast
        let fleet = try await LocalFleet.start(options, logger: TestPostgres.logger)
        do {
            try await body(FleetHarness(fleet: fleet))
        } catch {
            await fleet.stop()
            throw error
        }
        await fleet.stop()
        if ProcessInfo.processInfo.environment["PORTOLAN_KEEP"] == nil {
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    /// Asks again until the condition holds. A limit only so that a failing test ends.
    func eventually(_ what: String, within limit: Duration = .seconds(180), _ condition: () async throws -> Bool)
        async throws
    {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            // The database may be down on purpose.
            if (try? await condition()) == true { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        let streams =
            (try? await text(
                "select string_agg(c.name || ' ' || s.resource || ' ' || s.state || coalesce(' ' || s.state_code || ' (' || s.state_message || ')', ''), ', ') from portolan.streams s join portolan.connections c using (connection_id)"
            )) ?? ""
        let jobs = (try? await text("select string_agg(j::text, E'\\n') from portolan.jobs_now j")) ?? ""
        throw Timeout(description: "waited in vain until \(what)\nstreams: \(streams)\njobs: \(jobs)")
    }

    struct Timeout: Error, CustomStringConvertible { let description: String }

    func text(_ sql: SQL) async throws -> String {
        try await fleet.pool.query(sql).first?.decode(at: 0, as: String?.self) ?? ""
    }

    func count(_ sql: SQL) async throws -> Int64 {
        try await fleet.pool.query(sql).first?.decode(at: 0, as: Int64?.self) ?? 0
    }

    /// Only the streams named stay scheduled: the others would only take time.
    func schedule(only resources: [String]) async throws {
        try await fleet.pool.query(
            "update portolan.streams set next_due_at = null where not resource = any ($1)", [resources])
    }

    func syncNow(_ resource: String) async throws {
        try await fleet.pool.query(
            "select portolan.enqueue_sync(c.name, s.resource) from portolan.streams s join portolan.connections c using (connection_id) where s.resource = $1",
            [resource])
    }

    /// Ends every back-off. What is tested is what is lost, not how long a back-off takes.
    func hurry() async throws {
        try await fleet.pool.query(
            """
            with hurried as (update portolan.jobs set run_at = portolan.now() where run_at > portolan.now() returning lane_id)
            update portolan.lanes set next_at = portolan.now(), head_at = portolan.now()
            where state = 'ready' and lane_id in (select lane_id from hurried)
            """)
    }

    func isIdle() async throws -> Bool { try await count("select count(*) from portolan.jobs") == 0 }

    func allCaughtUp() async throws -> Bool {
        try await count(
            """
            select count(*) from portolan.streams
            where (next_due_at is not null or caught_up_at is not null) and caught_up_at is null
            """) == 0
    }

    /// Compares what is stored, not deleted, with what the sandbox says a correct sync holds: no record more, none less,
    /// each payload equal.
    func expectEqualToTruth(_ resources: [String]) async throws {
        for store in try await fleet.sandbox.stores() {
            let connection = "\(store.platform)-\(store.name)"
            for resource in resources where store.resources.contains(resource) {
                let truth = try await fleet.sandbox.truth(of: store, resource: resource)
                let rows = try await fleet.pool.query(
                    """
                    with truth as (select * from unnest($1::text[], $2::text[], $3::text[]) t(resource, id, payload)),
                    stored as (
                      select r.resource, r.external_id as id, r.payload from portolan.raw_records r join portolan.connections c using (connection_id)
                      where c.name = $4 and r.resource in (select distinct t.resource from truth t union select $5) and r.deleted_at is null)
                    select count(*) filter (where s.id is null) as missing, count(*) filter (where t.id is null) as surplus,
                           count(*) filter (where s.payload <> t.payload::jsonb) as different, count(*) as both,
                           min(coalesce(t.id, s.id)) filter (where s.id is null or t.id is null or s.payload <> t.payload::jsonb) as example
                    from truth t full join stored s on s.resource = t.resource collate "C" and s.id = t.id collate "C"
                    """,
                    [truth.map(\.resource), truth.map(\.id), truth.map(\.payload), connection, resource])
                let row = try #require(rows.first)
                let (missing, surplus, different, both) = try row.decode(Int64.self, Int64.self, Int64.self, Int64.self)
                let example = try row.decode("example", as: String?.self) ?? ""
                #expect(
                    (missing, surplus, different) == (0, 0, 0),
                    "\(connection) \(resource): \(missing) missing, \(surplus) surplus, \(different) different of \(both), e.g. \(example)"
                )
                #expect(both > 0)
            }
        }
    }

    func stop(_ roles: [ChildProcess]) async {
        for role in roles { role.kill(SIGTERM) }
        for role in roles where await role.waitForExit(within: .seconds(15)) == nil {
            Issue.record("a role did not drain within 15 s of SIGTERM")
            role.kill()
        }
    }
}
