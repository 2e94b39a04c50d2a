internal import Foundation
internal import Postgres

/// The queue at one moment: how many jobs are where, and how far the parents have got.
struct QueueGlance: Decodable {
    struct Count: Decodable {
        let platform: String
        let band: String
        let kind: String
        let state: String
        let jobsCount: Int
        let oldestSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case platform, band, kind, state
            case jobsCount = "jobs_count"
            case oldestSeconds = "oldest_seconds"
        }
    }

    struct Parent: Decodable {
        let jobID: Int64
        let kind: String
        let connection: String?
        let live: Int
        let done: Int
        let failed: Int
        let cancelled: Int

        var all: Int { live + done + failed + cancelled }

        enum CodingKeys: String, CodingKey {
            case kind, connection, live, done, failed, cancelled
            case jobID = "job_id"
        }
    }

    let at: String
    let countedSeconds: Double?
    let workers: Int
    let leases: Int
    let pauses: Int
    let gates: Int
    let counts: [Count]
    let parents: [Parent]

    enum CodingKeys: String, CodingKey {
        case at, workers, leases, pauses, gates, counts, parents
        case countedSeconds = "counted_seconds"
    }

    /// One row. A parent that is live and waits has a live child, so walking their index finds all parents; a step of
    /// the walk is one probe.
    static let sql = """
        with recursive ids(id) as (
          (select j.parent_job_id from portolan.jobs j where j.parent_job_id is not null order by 1 desc limit 1)
          union all
          select (select j.parent_job_id from portolan.jobs j where j.parent_job_id < i.id order by 1 desc limit 1)
          from ids i where i.id is not null),
        elders as (
          select p.job_id, p.kind, c.name as connection, l.live, h.done, h.failed, h.cancelled
          from (select i.id from ids i where i.id is not null limit 10) i join portolan.jobs p on p.job_id = i.id
          left join portolan.connections c using (connection_id)
          cross join lateral (select count(*) as live from portolan.jobs j where j.parent_job_id = p.job_id) l
          cross join lateral (
            select count(*) filter (where h.outcome = 'done') as done,
                   count(*) filter (where h.outcome in ('failed', 'poison')) as failed,
                   count(*) filter (where h.outcome = 'cancelled') as cancelled
            from portolan.job_history h where h.parent_job_id = p.job_id) h),
        counted as (
          select s.platform, s.band, s.kind, s.state, s.jobs_count,
                 extract(epoch from portolan.now() - nullif(s.oldest_at, 'infinity'))::float8 as oldest_seconds
          from portolan.queue_stats s)
        select date_trunc('second', portolan.now()) as at,
               (select extract(epoch from portolan.now() - m.ran_at)::float8 from portolan.maintenance m
                where m.task = 'stats') as counted_seconds,
               (select count(*) from portolan.workers w where w.beat_at >= portolan.now() - w.ttl) as workers,
               (select count(*) from portolan.leases) as leases, (select count(*) from portolan.pauses) as pauses,
               (select count(*) from portolan.gates) as gates,
               (select coalesce(jsonb_agg(to_jsonb(c) order by c.platform, portolan.band_rank(c.band), c.kind, c.state),
                                '[]') from counted c) as counts,
               (select coalesce(jsonb_agg(to_jsonb(s)), '[]') from elders s) as parents
        """

    static func read(in open: OpenQueue) async throws -> QueueGlance {
        try JSONDecoder().decode(QueueGlance.self, from: Data((try await open.objects(sql).first ?? "{}").utf8))
    }

    private static let states = ["queued", "scheduled", "handed over", "running", "awaiting"]

    private func total(_ state: String) -> Int {
        counts.reduce(0) { $0 + ($1.state == state ? $1.jobsCount : 0) }
    }

    /// `12 queued, 3 running`, or `no jobs`.
    var summary: String {
        if countedSeconds == nil { return "jobs not counted yet: no worker or scheduler has run" }
        let words = Self.states.compactMap { total($0) > 0 ? "\(total($0)) \($0)" : nil }
        return words.isEmpty ? "no jobs" : words.joined(separator: ", ")
    }

    /// How long the oldest job that is due has been waiting.
    var oldestDue: Duration? {
        counts.filter { $0.state == "queued" }.compactMap(\.oldestSeconds).max().map { .seconds($0) }
    }

    /// What makes the numbers worth less, or nil.
    var doubt: String? {
        guard let countedSeconds, countedSeconds > 60 else { return nil }
        return "counted \(Duration.seconds(countedSeconds).inWords) ago: no worker or scheduler runs"
    }

    var line: String {
        var words = [at, workers.of("worker"), "\(leases.of("lane")) leased", summary]
        if let oldestDue { words.append("oldest due for \(oldestDue.inWords)") }
        if pauses + gates > 0 { words.append("\(pauses.of("pause")), \(gates.of("gate")) closed") }
        words += parents.map { "job \($0.jobID) \($0.all - $0.live)/\($0.all)" }
        if let doubt { words.append(doubt) }
        return words.joined(separator: "  ")
    }

    func text(height: Int) -> String {
        struct Place: Hashable { let platform, band, kind: String }
        var table = Table(["PLATFORM", "BAND", "KIND"] + Self.states.map { $0.uppercased() } + ["OLDEST DUE"])
        var places: [Place] = []
        let byPlace = Dictionary(grouping: counts) { count in
            let place = Place(platform: count.platform, band: count.band, kind: count.kind)
            if !places.contains(place) { places.append(place) }
            return place
        }
        for place in places.prefix(max(3, height - parents.count - 8)) {
            let own = byPlace[place] ?? []
            let numbers = Self.states.map { state in "\(own.reduce(0) { $0 + ($1.state == state ? $1.jobsCount : 0) })"
            }
            let oldest = own.first { $0.state == "queued" }?.oldestSeconds.map { Duration.seconds(max(0, $0)).inWords }
            table.add([place.platform, place.band, place.kind] + numbers + [oldest ?? ""])
        }
        var lines = [table.text]
        if !parents.isEmpty { lines.append("") }
        for parent in parents { lines.append(Self.bar(parent)) }
        lines.append("")
        lines.append(line)
        return lines.joined(separator: "\n")
    }

    private static func bar(_ parent: Parent) -> String {
        let ended = parent.all - parent.live
        let full = parent.all == 0 ? 0 : 30 * ended / parent.all
        let failed = parent.failed > 0 ? ", \(parent.failed) failed" : ""
        let bar = String(repeating: "#", count: full) + String(repeating: "-", count: 30 - full)
        return "[\(bar)] \(ended)/\(parent.all)\(failed)  job \(parent.jobID), "
            + "\(parent.kind) for \(parent.connection ?? "(removed)")"
    }
}
