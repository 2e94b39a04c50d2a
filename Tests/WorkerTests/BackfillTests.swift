import Connections
import FoundationEssentials
import HTTP
import Jobs
import Platforms
import Postgres
import TestKit
import Testing

@testable import Worker

@Suite("Backfills", .serialized, .timeLimit(.minutes(3)))
struct BackfillTests {
    /// 2024-01-01 to 2024-03-01, and the two years of orders around them.
    private static let from = 1_704_067_200
    private static let to = 1_709_251_200
    private static let day = 86_400

    private static func server(
        refusal: @escaping @Sendable (CalendarServer.Asked) async throws(HTTPError) -> Int? = { _ throws(HTTPError) in
            nil
        }
    ) -> CalendarServer {
        CalendarServer(from - 365 * day, to + 365 * day, refusal: refusal)
    }

    private struct Lab {
        let fleet: Fleet

        func backfill(_ from: Int?, _ to: Int?, resources: [String] = ["orders"], newestFirst: Bool = true) async throws
            -> Int64
        {
            try await fleet.value(
                "select portolan.backfill('shop', $1, $2, $3, $4)",
                [
                    resources, from.map { Date(timeIntervalSince1970: Double($0)) },
                    to.map { Date(timeIntervalSince1970: Double($0)) }, newestFirst,
                ])
        }

        func state(_ backfill: Int64) async throws -> String {
            try await fleet.value(
                "select state from portolan.backfill_progress where backfill_id = $1", [backfill])
        }

        func runToEnd(_ backfills: Int64..., on server: any Transport) async throws {
            try await fleet.run(server, { $0.slicePagesMax = 5 }) { _ in
                try await waitUntil("the backfills to end") {
                    for one in backfills where !["done", "failed", "cancelled"].contains(try await state(one)) {
                        try await hurry()
                        return false
                    }
                    return true
                }
            }
        }

        /// What was put off is brought forward: the test does not wait for it.
        func hurry() async throws {
            try await fleet.pool.query(
                """
                select portolan.retry(job_id) from portolan.jobs j where run_at > now() and run_at < 'infinity'
                and exists (select from portolan.lanes l where l.lane_id = j.lane_id and l.state = 'ready')
                """)
        }

        func stored(_ resource: String = "orders") async throws -> [String] {
            try await fleet.value(
                """
                select coalesce(array_agg(external_id order by external_id collate "C"), '{}') from portolan.raw_records
                where resource = $1
                """, [resource])
        }

        func value<Value: PostgresDecodable>(_ column: String, _ backfill: Int64, as type: Value.Type = Value.self)
            async throws -> Value
        {
            try await fleet.value(
                SQL(unsafeText: "select \(column) from portolan.backfill_progress where backfill_id = $1"), [backfill])
        }
    }

    private func withLab(
        _ platform: CalendarPlatform = CalendarPlatform(), recent: Duration? = nil, _ body: (Lab) async throws -> Void
    ) async throws {
        try await withDatabase(connectionsMax: 12) { pool, configuration in
            let vault = try Vault(masterKey: Vault.makeMasterKey())
            let id = try await ConnectionStore(pool: pool, vault: vault).add(
                platform: platform, name: "shop", baseURL: "https://shop.example",
                credentials: ["token": Secret(Fleet.secret)], recent: recent)
            let fleet = Fleet(
                pool: pool, configuration: configuration, vault: vault, connectionID: id, other: platform)
            try await body(Lab(fleet: fleet))
        }
    }

    private func names(_ orders: [Int]) -> [String] { orders.map(String.init).sorted() }

    @Test("a window is read newest first, each chunk as wide as the last ones turned out to cost")
    func window() async throws {
        try await withLab { lab in
            let server = Self.server()
            let backfill = try await lab.backfill(Self.from, Self.to)
            #expect(try await lab.state(backfill) == "waiting")
            try await lab.runToEnd(backfill, on: server)
            #expect(try await lab.state(backfill) == "done")
            #expect(try await lab.stored() == names(server.orders(Self.from, Self.to)))

            let windows = server.windows.map { ($0.from ?? 0, $0.to ?? 0) }
            #expect(windows.first?.1 == Self.to && windows.last?.0 == Self.from)
            for (newer, older) in zip(windows, windows.dropFirst()) {
                #expect(newer.0 == older.1, "no gap, no overlap")
            }
            // A day is four orders, a page ten: chunks double while they have up to four pages, and stay.
            let days = windows.map { ($0.1 - $0.0) / Self.day }
            #expect(days == [1, 2, 4, 8, 16, 16, 13])
            let progress: String = try await lab.value(
                "share_done || ' ' || chunks_count || ' ' || chunks_failed || ' ' || records_count", backfill)
            #expect(progress == "1.0000 7 0 240")
            let stream: String = try await lab.fleet.value(
                "select state || ' ' || (cursor is null) from portolan.streams where resource = 'orders'")
            #expect(stream == "new true", "the stream's own read is left alone")
        }
    }

    @Test("a chunk that costs much is followed by narrower ones, and none is wider than the platform answers")
    func widths() async throws {
        try await withLab(CalendarPlatform(windowMax: .seconds(5 * 86_400))) { lab in
            let server = Self.server()
            let backfill = try await lab.backfill(Self.from, Self.to)
            try await lab.runToEnd(backfill, on: server)
            #expect(server.windows.allSatisfy { ($0.to ?? 0) - ($0.from ?? 0) <= 5 * Self.day })
        }
        try await withLab(CalendarPlatform(windowMax: nil)) { lab in
            let server = Self.server()
            let backfill = try await lab.backfill(Self.from - 300 * Self.day, Self.to)
            try await lab.fleet.pool.query(
                "update portolan.backfill_parts set width = '100 days', started_at = now(), state = 'reading'")
            try await lab.runToEnd(backfill, on: server)
            #expect(try await lab.stored() == names(server.orders(Self.from - 300 * Self.day, Self.to)))
        }
    }

    @Test("oldest first, and both ends open: everything, once", arguments: [true, false])
    func everything(newestFirst: Bool) async throws {
        try await withLab { lab in
            let server = Self.server()
            let backfill = try await lab.backfill(nil, nil, newestFirst: newestFirst)
            try await lab.runToEnd(backfill, on: server)
            #expect(try await lab.stored() == names(server.orders(nil, nil)))
            let windows = server.windows
            #expect((newestFirst ? windows.last : windows.first)?.from == nil)
            #expect(windows.count < 400)
            #expect(try await lab.value("share_done::text", backfill, as: String.self) == "1.0000")
        }
    }

    @Test("a worker that dies in the middle of a chunk is followed by one that goes on at the page")
    func crash() async throws {
        try await withLab { lab in
            let backfill = try await lab.backfill(Self.from, Self.to)
            let doomed = Self.server { asked throws(HTTPError) in
                if asked.page < 2 { return nil }
                try? await Task.sleep(for: .seconds(3600))
                throw HTTPError(code: .cancelled, message: "cancelled")
            }
            let first = UUID()
            let dying = Task { try await lab.fleet.worker(doomed, id: first).run() }
            try await waitUntil("a second page") { doomed.requests.contains { $0.page == 2 } }
            dying.cancel()
            _ = try? await dying.value
            try await lab.fleet.pool.query(
                "update portolan.workers set beat_at = '-infinity' where worker_id = $1", [first])
            let server = Self.server()
            try await lab.runToEnd(backfill, on: server)
            #expect(server.requests.first?.page == 2, "at the page, not at the chunk")
            #expect(try await lab.stored() == names(server.orders(Self.from, Self.to)))
            #expect(try await lab.value("records_count", backfill, as: Int64.self) == 240, "none was counted twice")
        }
    }

    @Test("two that overlap read nothing twice; what the first does not come to is the second's")
    func overlap() async throws {
        try await withLab { lab in
            let server = Self.server()
            let middle = Self.from + 20 * Self.day
            let one = try await lab.backfill(Self.from, Self.from + 40 * Self.day)
            let two = try await lab.backfill(middle, Self.to)
            try await lab.runToEnd(one, two, on: server)
            #expect(try await lab.state(two) == "done")
            #expect(try await lab.stored() == names(server.orders(Self.from, Self.to)))
            let windows = server.windows.sorted { ($0.from ?? 0) < ($1.from ?? 0) }
            for (before, after) in zip(windows, windows.dropFirst()) { #expect(before.to ?? 0 <= after.from ?? 0) }
        }
        try await withLab { lab in
            let one = try await lab.backfill(Self.from, Self.from + 40 * Self.day)
            let two = try await lab.backfill(Self.from + 20 * Self.day, Self.to)
            // The first stands still, so that the second comes to where it has to wait for it.
            try await lab.fleet.pool.query("select portolan.pause_backfill($1)", [one])
            let server = Self.server()
            try await lab.fleet.run(server) { _ in
                try await waitUntil("the second to wait") {
                    try await lab.fleet.value(
                        """
                        select todo = '{}' and shared <> '{}' from portolan.backfill_parts
                        where backfill_id = $1 and started_at is not null
                        union all select false limit 1
                        """, [two])
                }
            }
            #expect(
                server.windows.allSatisfy { ($0.from ?? 0) >= Self.from + 40 * Self.day }, "what the first has is left")
            try await lab.fleet.pool.query("select portolan.cancel_backfill($1)", [one])
            try await lab.runToEnd(two, on: server)
            #expect(try await lab.state(one) == "cancelled")
            #expect(try await lab.state(two) == "done")
            #expect(try await lab.stored() == names(server.orders(Self.from + 20 * Self.day, Self.to)))
        }
    }

    @Test("a window that fails is left out and said; a retry reads it and nothing else")
    func failing() async throws {
        try await withLab { lab in
            let bad = Self.from + 30 * Self.day
            let server = Self.server { asked throws(HTTPError) in
                asked.from ?? 0 <= bad && bad < asked.to ?? 0 ? 400 : nil
            }
            let backfill = try await lab.backfill(Self.from, Self.to)
            try await lab.runToEnd(backfill, on: server)
            #expect(try await lab.state(backfill) == "failed")
            #expect(try await lab.value("chunks_failed", backfill, as: Int32.self) == 1)
            #expect(try await lab.value("last_code", backfill, as: String.self) == "request.invalid")
            let left = try await lab.stored()
            #expect(left.count < 240 && left.count > 100)
            let states: String = try await lab.fleet.value("select string_agg(state, ',') from portolan.streams")
            #expect(!states.contains("failing"), "a stream is not its past")

            let mended = Self.server()
            let again: String = try await lab.fleet.value("select portolan.retry_backfill($1)", [backfill])
            #expect(again == "again")
            // Until the new job has begun, the old one's end is what is known.
            try await lab.fleet.run(mended) { _ in
                try await waitUntil("the retry to end") { try await lab.state(backfill) == "done" }
            }
            #expect(try await lab.stored() == names(mended.orders(Self.from, Self.to)))
            let asked = mended.windows
            #expect(asked.map { ($0.to ?? 0) - ($0.from ?? 0) }.reduce(0, +) < 40 * Self.day)
        }
    }

    @Test("a window that is too large is halved until it is not")
    func halving() async throws {
        try await withLab(CalendarPlatform(windowMax: nil)) { lab in
            let server = Self.server { asked throws(HTTPError) in
                (asked.to ?? 0) - (asked.from ?? 0) > 3 * Self.day ? 413 : nil
            }
            let backfill = try await lab.backfill(Self.from, Self.to)
            try await lab.runToEnd(backfill, on: server)
            #expect(try await lab.state(backfill) == "done")
            #expect(try await lab.stored() == names(server.orders(Self.from, Self.to)))
            let halved: Int64 = try await lab.fleet.value(
                "select count(*) from portolan.backfill_chunks where outcome = 'halved' and code = 'data.too_large'")
            #expect(halved > 0)
        }
    }

    @Test("a refusal of all of it ends it at once, and what the merchant has to mend parks it until that is done")
    func refusals() async throws {
        try await withLab { lab in
            let server = Self.server { _ throws(HTTPError) in 403 }
            let backfill = try await lab.backfill(Self.from, Self.to)
            try await lab.runToEnd(backfill, on: server)
            #expect(try await lab.state(backfill) == "failed")
            #expect(server.requests.count == 1)
        }
        try await withLab { lab in
            let refusing = Self.server { _ throws(HTTPError) in 401 }
            let backfill = try await lab.backfill(Self.from, Self.to)
            try await lab.fleet.run(refusing) { _ in
                try await waitUntil("the connection to be parked") {
                    try await lab.fleet.connectionState() == "needs_reauth"
                }
            }
            #expect(try await lab.state(backfill) == "reading")
            try await lab.fleet.pool.query("select portolan.resume_connection('shop')")
            let server = Self.server()
            try await lab.runToEnd(backfill, on: server)
            #expect(try await lab.state(backfill) == "done")
            #expect(try await lab.stored() == names(server.orders(Self.from, Self.to)))
        }
    }

    @Test("pause stops it after its page, resume lets it go on there, cancel ends it and keeps what was read")
    func control() async throws {
        try await withLab { lab in
            let gate = Shared(false)
            let server = Self.server { asked throws(HTTPError) in
                while asked.page == 2, !gate.value, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
                return nil
            }
            let backfill = try await lab.backfill(Self.from, Self.to)
            try await lab.fleet.run(server) { _ in
                try await waitUntil("a second page") { server.requests.contains { $0.page == 2 } }
                let said: String = try await lab.fleet.value("select portolan.pause_backfill($1)", [backfill])
                #expect(said == "paused")
                gate.update { $0 = true }
                try await waitUntil("it to be put off") {
                    try await lab.fleet.value(
                        """
                        select exists (select from portolan.jobs where args ? 'resource' and run_at > now())
                        and not exists (select from portolan.leases)
                        """)
                }
            }
            let asked = server.requests.count
            #expect(try await lab.state(backfill) == "paused")
            let said: String = try await lab.fleet.value("select portolan.resume_backfill($1)", [backfill])
            #expect(said == "resumed")
            try await lab.runToEnd(backfill, on: server)
            #expect(server.requests[asked].page == 3 || server.requests[asked].page == 1)
            #expect(try await lab.value("records_count", backfill, as: Int64.self) == 240)
            for (word, answer) in [("pause", "has ended"), ("resume", "is not paused"), ("retry", "is done")] {
                let said: String = try await lab.fleet.value(
                    SQL(unsafeText: "select portolan.\(word)_backfill($1)"), [backfill])
                #expect(said == answer)
            }
        }
    }

    @Test("what a platform does not answer any more is clamped and said; what has no windows is read as a whole")
    func clamped() async throws {
        try await withLab(CalendarPlatform(reach: .seconds(100 * 86_400))) { lab in
            let now = Int(Date().timeIntervalSince1970)
            let server = CalendarServer(now - 300 * Self.day, now)
            let backfill = try await lab.backfill(now - 200 * Self.day, nil, resources: ["notes", "orders"])
            try await lab.runToEnd(backfill, on: server)
            #expect(try await lab.state(backfill) == "done")
            let oldest = server.windows.filter { $0.resource == "orders" }.compactMap(\.from).min() ?? 0
            #expect(abs(oldest - (now - 100 * Self.day)) < 3600)
            let notes: [String] = try await lab.value("notes", backfill)
            #expect(notes.count == 2)
            #expect(notes[0] == "notes cannot be read by windows: all there is was read")
            #expect(notes[1].hasPrefix("the platform answers orders of the last 100 days only"))
            #expect(try await lab.stored("notes").count == 15)
        }
    }

    @Test("a new connection reads the last days first, and its past after them")
    func recentFirst() async throws {
        try await withLab(recent: .seconds(30 * 86_400)) { lab in
            let now = Int(Date().timeIntervalSince1970)
            let server = CalendarServer(now - 200 * Self.day, now)
            let (backfill, resources): (Int64, [String]) = try await lab.fleet.pool.query(
                "select backfill_id, resources from portolan.backfill_progress")[0].decode(Int64.self, [String].self)
            #expect(resources == ["orders"], "what has no windows is read as a whole")
            try await lab.fleet.run(server) { _ in
                try await waitUntil("it to wait for the stream") {
                    try await lab.hurry()
                    return try await lab.fleet.value(
                        "select exists (select from portolan.jobs where args ? 'resource' and snoozes > 0)")
                }
            }
            #expect(server.requests.isEmpty)
            let job = try await lab.fleet.enqueue()
            #expect(try await lab.fleet.runToEnd(job, server) == "done")
            let first = try #require(server.requests.first)
            #expect(abs((first.from ?? 0) - (now - 30 * Self.day)) < 60 && first.to == nil)
            try await lab.runToEnd(backfill, on: server)
            #expect(try await lab.stored() == names(server.orders(nil, nil)))
        }
    }

    @Test("bad input is refused with the field and the fix")
    func refused() async throws {
        try await withLab { lab in
            let cases: [(SQL, String)] = [
                ("select portolan.backfill('shap')", "connection: there is none named 'shap'"),
                ("select portolan.backfill('shop', '{oders}')", "it has: notes, orders"),
                ("select portolan.backfill('shop', '{}')", "resources: none are named"),
                (
                    "select portolan.backfill('shop', null, '2024-02-01', '2024-01-01')",
                    "from: the window is backwards"
                ),
                ("select portolan.backfill('shop', null, now() + interval '1 day')", "yet to come"),
                ("select portolan.backfill('shop', p_band => 'fast')", "band: 'fast' is none"),
                ("select portolan.pause_backfill(7)", "none with the number 7"),
            ]
            for (sql, problem) in cases {
                let error = await #expect(throws: PostgresError.self) { try await lab.fleet.pool.query(sql) }
                let said = error.map { QueueError($0).message } ?? "nothing"
                #expect(said.contains(problem), "\(said)")
            }
        }
    }
}
