internal import Foundation
internal import LocalFleet
internal import LocalServers
internal import Logging
internal import Platforms
internal import Postgres
internal import Sandbox

/// How soon a new connection of a large store is of use, and whether it stays fresh while its past is read.
///
/// Real processes against a simulated store with the platform's own limits: the scheduler and one worker. The floor of the
/// backfill is what the store's limit lets through in that time at the size of page that was seen.
struct BackfillBench {
    let folder: String
    let records: Int
    /// The first platform that has it is simulated.
    let resource: String
    let seconds: Int
    let logger: Logger

    private static let recentDays = 30

    func run() async throws -> BenchReport {
        guard let platform = allPlatforms.first(where: { $0.resource(resource)?.history != nil }) else {
            throw SettingsError("no platform has a resource \(resource) that can be read by windows")
        }
        let store = SandboxPlan.Store(
            platform: platform.key, name: "large", sizes: [resource: records], changesPerSecond: 2)
        let fleet = try await LocalFleet.start(
            LocalFleet.Options(
                folder: folder, executable: Environment.executablePath,
                plan: SandboxPlan(seed: 7, startsAt: Date(), stores: [store])), logger: logger)
        var roles: [ChildProcess] = []
        do {
            let report = try await measure(fleet, platform, &roles)
            await stop(fleet, roles)
            return report
        } catch {
            await stop(fleet, roles)
            throw error
        }
    }

    private func stop(_ fleet: LocalFleet, _ roles: [ChildProcess]) async {
        for role in roles { role.kill(SIGTERM) }
        for role in roles where await role.waitForExit(within: .seconds(10)) == nil { role.kill() }
        await fleet.stop()
    }

    private func measure(
        _ fleet: LocalFleet, _ platform: any Platform, _ roles: inout [ChildProcess]
    ) async throws -> BenchReport {
        roles = [try await fleet.startScheduler(), try await fleet.startWorker()]
        let start = ContinuousClock.now
        try await fleet.connectStores(recent: .seconds(Self.recentDays * 86_400))
        try await fleet.pool.query(
            "update portolan.streams set next_due_at = null where resource <> $1", [resource])
        var recent: (seconds: Double, records: Int64)?
        var ages: [Double] = []
        var first: (at: Double, records: Int64, requests: Int)?
        while start.duration(to: .now) < .seconds(seconds) {
            try await Task.sleep(for: .milliseconds(200))
            let elapsed = start.duration(to: .now).seconds
            let row = try await fleet.pool.query(
                """
                select first_caught_up_at is not null as usable, records_count,
                  extract(epoch from now() - caught_up_at)::float8 as age,
                  (select coalesce(sum(records_count), 0)::bigint from portolan.backfill_parts) as past
                from portolan.streams where resource = $1
                """, [resource])[0]
            guard try row.decode("usable", as: Bool.self) else { continue }
            if recent == nil { recent = (elapsed, try row.decode("records_count")) }
            let past: Int64 = try row.decode("past")
            guard past > 0 else { continue }
            if first == nil { first = (elapsed, past, try await requests(fleet)) }
            if let age = try row.decode("age", as: Double?.self) { ages.append(age) }
        }
        guard let recent else {
            throw SettingsError("the recent part was not read within \(seconds) s; see the logs in \(folder)")
        }
        let past: Int64 = try await fleet.pool.query(
            "select coalesce(sum(records_count), 0)::bigint from portolan.backfill_parts")[0].decode(at: 0)
        let elapsed = start.duration(to: .now).seconds
        let rate = first.map { Double(past - $0.records) / max(elapsed - $0.at, 1) } ?? 0
        let requests = try await requests(fleet)
        let requestRate = first.map { Double(requests - $0.requests) / max(elapsed - $0.at, 1) } ?? 0
        let target = platform.resource(resource)?.freshnessTarget.seconds ?? 0
        let throttled = try await fleet.sandbox.counters().reduce(0) { $0 + $1.throttled }
        return BenchReport(
            bench: "backfill",
            conditions: [
                "build": Build.mode, "platform": platform.key, "resource": resource, "records": "\(records)",
                "recent days": "\(Self.recentDays)", "seconds": "\(seconds)", "target s": "\(Int(target))",
            ],
            figures: [
                BenchReport.Figure("recent_usable_s", recent.seconds, "s", aim: "<= 60"),
                BenchReport.Figure("recent_records", Double(recent.records), "records"),
                BenchReport.Figure("backfill_records_per_s", rate, "1/s"),
                BenchReport.Figure("backfill_requests_per_s", requestRate, "1/s"),
                BenchReport.Figure(
                    "stream_age_max_s", ages.max() ?? 0, "s", aim: "<= \(Int(target * 1.2)), its target and a tenth"),
                BenchReport.Figure("limit_violations", Double(throttled), "answers", aim: "0"),
            ])
    }

    private func requests(_ fleet: LocalFleet) async throws -> Int {
        try await fleet.sandbox.counters().reduce(0) { $0 + $1.requests }
    }
}
