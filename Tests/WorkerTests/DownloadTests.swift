import FoundationEssentials
import HTTP
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Worker

@Suite("Documents", .serialized, .timeLimit(.minutes(2)))
struct DownloadTests {
    private static let url = "https://elsewhere.example/report?signature=abc"
    private static let document = (1...9).map { "r\($0)\n" }.joined()

    private static func answer(_ text: String, _ status: Int = 200) -> HTTPExchange {
        HTTPExchange(head: HTTPResponseHead(status: status), body: Array(text.utf8))
    }

    private func with(_ body: (Fleet) async throws -> Void) async throws {
        try await Fleet.with { original in
            var fleet = original
            fleet.other = DocumentPlatform()
            try await fleet.pool.query("update portolan.streams set kind = 'report'")
            try await body(fleet)
        }
    }

    /// Whatever waits may run now.
    private func letTimePass(_ fleet: Fleet) async throws {
        try await fleet.pool.query("update portolan.jobs set run_at = now()")
        try await fleet.pool.query("update portolan.lanes set next_at = now(), head_at = now()")
    }

    @Test("a report is requested, waited for without a slot, and downloaded from elsewhere without credentials")
    func whole() async throws {
        try await with { fleet in
            let job = try await fleet.enqueue()
            let transport = ScriptedTransport { _, request in
                if request.url == Self.url { return Self.answer(Self.document) }
                return Self.answer(request.url.hasSuffix("/poll") ? Self.url : "not yet")
            }
            try await fleet.runOnce(job, transport)
            let waiting: String = try await fleet.value(
                """
                select concat_ws(' ', kind, attempt, snoozes, run_at > now() + interval '90 s',
                  (select count(*) from portolan.leases)) from portolan.jobs
                """)
            #expect(waiting == "report 0 1 t 0")
            try await letTimePass(fleet)
            #expect(try await fleet.runToEnd(job, transport) == "done")
            #expect(try await fleet.recordCount() == 9)
            let sent = transport.sent
            #expect(
                sent.map { $0.url.split(separator: "/").last.map(String.init) ?? "" } == [
                    "request", "poll", "report?signature=abc",
                ])
            #expect(sent.map { $0.headers["X-Token"] != nil } == [true, true, false])
        }
    }

    @Test("a download that is cut short goes on behind its last page, and none of it counts as an attempt")
    func cut() async throws {
        try await with { fleet in
            let job = try await fleet.enqueue()
            let downloads = Mutex(0)
            let transport = ScriptedTransport { _, request throws(HTTPError) in
                guard request.url == Self.url else { return Self.answer(Self.url) }
                let attempt = downloads.withLock { count in
                    count += 1
                    return count
                }
                // Five of nine lines, then all: the third time the link has run out.
                if attempt == 2 { return Self.answer("<Error>expired</Error>", 403) }
                return Self.answer(attempt == 1 ? String(Self.document.prefix(14)) + "!" : Self.document)
            }
            try await fleet.runOnce(job, transport)
            #expect(try await fleet.recordCount() == 4)
            #expect(try await fleet.errorCodes() == ["network.partial"])
            try await letTimePass(fleet)
            #expect(try await fleet.runToEnd(job, transport) == "done")
            #expect(try await fleet.recordCount() == 9)
            #expect(
                try await fleet.value("select count(*) from portolan.raw_records where changed_at > first_seen_at")
                    == Int64(0))
            #expect(try await fleet.errorCodes() == ["network.partial", "platform.internal"])
        }
    }
}
