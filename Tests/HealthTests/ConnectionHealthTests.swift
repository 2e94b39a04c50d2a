import Foundation
import Jobs
import Platforms
import Postgres
import TestKit
import Testing

@Suite("The health of a connection", .serialized)
struct ConnectionHealthTests {
    private static let states: Set<String> = [
        "pending", "healthy", "degraded", "rate_limited", "needs_reauth", "blocked", "unreachable", "disabled",
    ]
    private static let byItself = ["ok", "soft", "limit", "auth", "block", "net"]
    private static let byPeople = ["off", "on", "relink"]

    @Test("the table says for every state and event what comes next, and what leads back to healthy")
    func table() async throws {
        try await HealthLab.with { lab in
            var next: [String: [String: String]] = [:]
            let rows = try await lab.pool.query("select from_state, event, to_state from portolan.health_transitions")
            for row in rows {
                let (from, event, to) = try row.decode(String.self, String.self, String.self)
                next[from, default: [:]][event] = to
                #expect(Self.states.contains(to))
            }
            #expect(Set(next.keys) == Self.states)
            for (state, events) in next { #expect(Set(events.keys) == Set(Self.byItself + Self.byPeople), "\(state)") }

            func reached(from state: String, by events: [String]) -> Set<String> {
                var (found, look): (Set<String>, [String]) = ([state], [state])
                while let state = look.popLast() {
                    for event in events {
                        if let to = next[state]?[event], found.insert(to).inserted { look.append(to) }
                    }
                }
                return found
            }
            for state in Self.states {
                #expect(reached(from: state, by: Self.byItself + Self.byPeople).contains("healthy"), "\(state)")
                let needsPerson = ["needs_reauth", "disabled"].contains(state)
                #expect(reached(from: state, by: Self.byItself).contains("healthy") != needsPerson, "\(state)")
                #expect(next[state]?["off"] == "disabled")
            }
        }
    }

    @Test("whatever happens in whatever order, the state is the table's, and history tells every step")
    func walk() async throws {
        let seed = UInt64(ProcessInfo.processInfo.environment["PORTOLAN_SEED"] ?? "") ?? .random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        try await HealthLab.with { lab in
            var state = "pending"
            for step in 0..<200 {
                let event = (Self.byItself + Self.byPeople).randomElement(using: &random) ?? "ok"
                let successes = Int16.random(in: 0...2, using: &random)
                try await lab.pool.query(
                    """
                    update portolan.streams set successes = $1, state = case when $1 > 0 then 'in_sync' else 'failing' end,
                      first_caught_up_at = case when $1 > 0 then portolan.now() end
                    """, [successes])
                let (to, condition) = try await lab.pool.query(
                    "select to_state, condition from portolan.health_transitions where from_state = $1 and event = $2",
                    [state, event])[0].decode(String.self, String?.self)
                let holds =
                    switch condition {
                    case "every_stream_once": successes >= 1
                    case "every_stream_twice": successes >= 2
                    default: true
                    }
                let expected = holds ? to : state
                #expect(try await lab.event(event) == expected, "seed \(seed), step \(step): \(state) on \(event)")
                state = expected
                let parked: Int64 = try await lab.value(
                    "select count(*) from portolan.lanes where family <> 'probe' and paused_at is not null")
                let runs: Bool = try await lab.value("select portolan.runs($1)", [state])
                #expect(parked == (runs ? 0 : 1), "seed \(seed), step \(step): lanes in \(state)")
            }
            let broken: Int64 = try await lab.value(
                """
                select count(*) from (select from_state, lag(to_state, 1, 'pending') over (order by event_id) as before
                                      from portolan.connection_events) e where from_state <> before
                """)
            #expect(broken == 0, "seed \(seed)")
        }
    }

    @Test("refused credentials stop everything until there are new ones; jobs wait where they are")
    func reauthorisation() async throws {
        try await HealthLab.with { lab in
            try await lab.enqueueSyncs()
            let job = try #require(try await lab.claim().first)
            let result = try await lab.queue.finish(
                job, .failed, error: HealthLab.error("auth.credentials_invalid"), resource: "orders",
                streamState: "blocked", event: "auth")
            #expect(result == .failed)
            #expect(try await lab.state() == "needs_reauth")
            #expect(try await lab.claim().isEmpty, "the other stream's job is not handed out")
            #expect(try await lab.value("select count(*) from portolan.jobs") == Int64(1), "and not lost")
            let why: String = try await lab.value("select portolan.why_waiting(job_id) from portolan.jobs")
            #expect(why.contains("needs_reauth") && why.contains("portolan connections renew shop"))
            try await lab.setTime("2031-01-01")
            #expect(
                try await lab.queue.enqueueProbes(limit: 10) == 0, "some platforms lock accounts after failed logins")
            #expect(try await lab.openAlerts() == ["connection_action"])

            #expect(try await lab.value("select portolan.resume_connection('shop')"))
            #expect(try await lab.state() == "pending")
            #expect(try await lab.openAlerts().isEmpty)
            #expect(try await lab.claim().count == 1, "at once: a person is waiting")
        }
    }

    @Test(
        "a server that does not answer is noticed at the third failure over five minutes, probed ever more slowly, and heals"
    )
    func unreachable() async throws {
        try await HealthLab.with { lab in
            try await lab.enqueueSyncs()
            for (minute, expected) in [(0, "pending"), (1, "pending"), (2, "pending"), (6, "unreachable")] {
                try await lab.setTime(minutes: minute)
                let job = try #require(try await lab.claim().first)
                _ = try await lab.queue.finish(
                    job, .retry(after: .seconds(30)), error: HealthLab.error("network.dns"), resource: "orders",
                    streamState: nil, event: "net")
                #expect(try await lab.state() == expected, "minute \(minute)")
            }
            #expect(try await lab.claim().isEmpty)

            // Probed after about 5, 15, 30, 60 minutes, then every six hours.
            var pauses: [Double] = []
            var minute = 6
            for _ in 0..<6 {
                let start = minute
                while try await lab.queue.enqueueProbes(limit: 10) == 0 {
                    minute += 1
                    try await lab.setTime(minutes: minute)
                }
                pauses.append(Double(minute - start))
                let probe = try #require(try await lab.claim().first)
                #expect(probe.kind == "probe")
                #expect(try await lab.claim().isEmpty, "one probe and nothing else")
                _ = try await lab.queue.finishProbe(probe, event: "net", error: HealthLab.error("network.dns"))
                #expect(try await lab.state() == "unreachable")
            }
            for (pause, usual) in zip(pauses, [5.0, 15, 30, 60, 360, 360]) {
                #expect(pause >= usual * 0.9 - 1 && pause <= usual * 1.1 + 1, "\(pauses)")
            }

            while try await lab.queue.enqueueProbes(limit: 10) == 0 {
                minute += 10
                try await lab.setTime(minutes: minute)
            }
            _ = try await lab.queue.finishProbe(try #require(try await lab.claim().first), event: "ok", error: nil)
            #expect(try await lab.state() == "degraded")
            let late: Int64 = try await lab.value(
                "select count(*) from portolan.lanes where family <> 'probe' and next_at > portolan.now() + interval '30 s'"
            )
            #expect(late == 0, "back to work within half a minute")
            let due: Int64 = try await lab.value(
                """
                select count(distinct next_due_at) from portolan.streams
                where next_due_at between portolan.now() and portolan.now() + interval '5 min'
                """)
            #expect(due == 2, "and what is due is spread")

            // Two complete reads of every stream make it healthy.
            for (round, expected) in [(1, "degraded"), (2, "healthy")] {
                try await lab.pool.query(
                    """
                    update portolan.streams set state = 'in_sync', successes = $1::smallint,
                      first_caught_up_at = portolan.now()
                    """, [Int32(round)])
                try await lab.pool.query("select portolan.note_progress($1, true)", [lab.connection])
                #expect(try await lab.state() == expected)
            }
            #expect(try await lab.value("select probes_count from portolan.connections") == Int32(0))
        }
    }

    @Test("limits alone do not matter for a quarter of an hour, or at once when it is known to take longer")
    func limits() async throws {
        try await HealthLab.with { lab in
            try await lab.enqueueSyncs()
            for (minute, expected) in [(0, "pending"), (10, "pending"), (16, "rate_limited")] {
                try await lab.setTime(minutes: minute)
                _ = try await lab.queue.finish(
                    try #require(try await lab.claim().first), .snooze(for: .seconds(60)),
                    error: HealthLab.error("rate.limited"), resource: "orders", streamState: nil, event: "limit")
                #expect(try await lab.state() == expected)
            }
            #expect(
                try await lab.value("select heals from portolan.connection_health", as: String.self).hasPrefix(
                    "time: until"))
            #expect(try await lab.openAlerts().isEmpty)
            try await lab.setTime(minutes: 25 * 60)
            _ = try await lab.queue.finish(
                try #require(try await lab.claim().first), .snooze(for: .seconds(60)),
                error: HealthLab.error("rate.limited"), resource: "orders", streamState: nil, event: "limit")
            #expect(try await lab.openAlerts() == ["limit_stall"], "a limit that never clears is no longer passing")
        }
        try await HealthLab.with { lab in
            try await lab.enqueueSyncs()
            _ = try await lab.queue.finish(
                try #require(try await lab.claim().first), .snooze(for: .seconds(7200)),
                error: HealthLab.error("quota.exhausted"), resource: "orders", streamState: nil, event: "limit")
            #expect(try await lab.state() == "rate_limited")
            #expect(
                try await lab.value(
                    "select state_until = portolan.now() + interval '2 hours' from portolan.connections"))
        }
    }

    @Test("a platform that fails for many is down as a platform: its gate closes, and nobody's attempts are spent")
    func outage() async throws {
        try await HealthLab.with { lab in
            for number in 0..<9 {
                try await lab.pool.query(
                    """
                    select portolan.add_connection('toy', $1, 'https://x.example', '{}', array['orders'], array['main'],
                                                   array[interval '1 min'])
                    """, ["shop\(number)"])
            }
            try await lab.enqueueSyncs()
            let jobs = try await lab.claim(lanes: 10)
            #expect(jobs.count == 10)
            func fail(_ job: LeasedJob) async throws {
                _ = try await lab.queue.finish(
                    job, .retry(after: .seconds(60)), error: HealthLab.error("platform.unavailable", fault: "platform"),
                    resource: "orders", streamState: nil, event: "soft")
            }
            for job in jobs[..<2] { try await fail(job) }
            try await lab.pool.query("select portolan.fold_errors()")
            let closed: SQL = "select count(*) from portolan.gates"
            try await lab.pool.query("select portolan.close_gates()")
            #expect(try await lab.value(closed) == Int64(0), "two of ten are nobody's outage")
            try await fail(jobs[2])
            try await lab.pool.query("select portolan.fold_errors()")
            try await lab.pool.query("select portolan.close_gates()")
            #expect(try await lab.value(closed) == Int64(1))
            #expect(try await lab.openAlerts() == ["outage"])
            #expect(try await lab.value("select max(attempt) from portolan.jobs") == Int32(0), "given back")
            for job in jobs[3...] { try await fail(job) }
            #expect(try await lab.value("select max(attempt) from portolan.jobs") == Int32(0), "and none spent")

            try await lab.setTime(minutes: 2)
            let probe = try await lab.claim(lanes: 10)
            #expect(probe.count == 1)
            #expect(try await lab.queue.prove(probe[0], records: 0, checkpoint: nil) != nil)
            // Step by step; a failure on the way closes it again.
            let next = try await lab.claim(lanes: 10)
            #expect(next.count == 2)
            try await fail(next[0])
            #expect(try await lab.value("select opening_at is null and width = 1 from portolan.gates"))
            #expect(try await lab.queue.openGate(platform: "toy"))
            try await lab.setTime(minutes: 6)
            try await lab.pool.query("select portolan.close_gates()")
            #expect(try await lab.openAlerts().isEmpty)
        }
    }

    @Test("the pause of a person outlasts what health does, and the other way round")
    func pauses() async throws {
        try await HealthLab.with { lab in
            try await lab.enqueueSyncs()
            let id = "\(lab.connection)"
            try await lab.pool.query("select portolan.pause('connection', $1, 'stocktaking')", [id])
            #expect(try await lab.switched("off") == "disabled")
            #expect(try await lab.value("select portolan.resume('connection', $1)", [id]))
            #expect(try await lab.claim().isEmpty, "still switched off")
            try await lab.pool.query("select portolan.pause('connection', $1)", [id])
            #expect(try await lab.switched("on") == "pending")
            #expect(try await lab.claim().isEmpty, "still paused")
            #expect(try await lab.value("select portolan.resume('connection', $1)", [id]))
            #expect(try await lab.claim().count == 1)
            // A lane made while it is switched off is parked, too.
            #expect(try await lab.switched("off") == "disabled")
            try await lab.pool.query(
                """
                select portolan.enqueue($1, 'sync', '{"resource": "orders"}', 'urgent', null, null, 'reports')
                """, [lab.connection])
            #expect(try await lab.claim().isEmpty)
        }
    }
}
