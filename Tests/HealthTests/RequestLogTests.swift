import Foundation
import HTTP
import Health
import Logging
import Platforms
import Postgres
import Synchronization
import TestKit
import Testing

@Suite("The log of requests")
struct RequestLogTests {
    private static let sentAt = Date(timeIntervalSince1970: 1_790_000_000)
    private static let worker = UUID()

    private static func request(_ route: String = "/v1/customers/{id}") -> PlatformRequest {
        PlatformRequest(
            .get, path: "/v1/customers/cus_secret", query: [("key", "geheim")], route: route, purpose: "get",
            demands: [])
    }

    private static func exchange(
        status: Int = 200, headers: HTTPHeaders = [("Request-Id", "req_1")], isReused: Bool = false
    ) -> HTTPExchange {
        var timings = HTTPTimings()
        timings.dns = isReused ? .zero : .milliseconds(2)
        timings.connect = isReused ? .zero : .microseconds(1500)
        timings.tls = isReused ? .zero : .milliseconds(20)
        timings.firstByte = .milliseconds(80)
        timings.total = .milliseconds(100)
        timings.bytesIn = 4000
        timings.bytesOut = 30
        timings.connectionReused = isReused
        return HTTPExchange(
            head: HTTPResponseHead(status: status, headers: headers, version: .http2), body: [], timings: timings)
    }

    private static func trace(_ number: Int = 1, sentAt: Date = sentAt) -> RequestTrace {
        RequestTrace(
            request("/\(number)"), answered: exchange(),
            for: RequestTrace.Subject(platform: "toy", connectionID: 7, resource: "orders", jobID: 9), sentAt: sentAt)
    }

    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    // MARK: - Values

    @Test("a trace has the route and the times, and nothing of address, query or body")
    func answered() {
        let trace = RequestTrace(
            Self.request(), answered: Self.exchange(isReused: true), for: .init(platform: "toy"), sentAt: Self.sentAt,
            tokenWait: .seconds(1))
        #expect(trace.route == "/v1/customers/{id}" && trace.method == "GET" && trace.status == 200)
        #expect(trace.dns == nil && trace.connect == nil && trace.tls == nil && trace.isReused)
        #expect(trace.firstByte == .milliseconds(80) && trace.total == .milliseconds(100))
        #expect(trace.bytesSent == 30 && trace.bytesReceived == 4000 && trace.tokenWait == .seconds(1))
        #expect(trace.version == "2" && trace.requestID == "req_1" && trace.errorCode == nil)
        #expect(!"\(trace)".contains("geheim") && !"\(trace)".contains("cus_secret"))
    }

    @Test("a failure has its code and the times it came to")
    func failed() {
        var timings = HTTPTimings()
        timings.dns = .milliseconds(3)
        timings.total = .seconds(10)
        let error = HTTPError(code: .timeoutConnect, message: "m", host: "shop.example", timings: timings)
        let trace = RequestTrace(
            Self.request(), failed: error, as: .networkTimeout, for: .init(platform: "toy"), sentAt: Self.sentAt)
        #expect(trace.status == nil && trace.errorCode == "network.timeout" && trace.version == nil)
        #expect(trace.dns == .milliseconds(3) && trace.connect == nil && trace.firstByte == nil)
        #expect(trace.total == .seconds(10))
    }

    @Test(
        "the platform's name for a request is found whatever its header, and made fit to show",
        arguments: [
            ("X-Request-ID", "abc-1", "abc-1"), ("intuit_tid", "1-2", "1-2"), ("paypal-debug-id", "f0", "f0"),
            ("X-Request-Id", "a\u{1B}[31m\u{7F}ä b", "a[31mb"), ("X-Request-Id", " \t", nil), ("X-Other", "1", nil),
            ("X-Request-Id", String(repeating: "x", count: 5000), String(repeating: "x", count: 200)),
        ] as [(String, String, String?)])
    func requestID(name: String, value: String, expected: String?) {
        let exchange = Self.exchange(headers: HTTPHeaders([(name, value)]))
        let trace = RequestTrace(
            Self.request(), answered: exchange, for: .init(platform: "toy"), sentAt: Self.sentAt)
        #expect(trace.requestID == expected)
    }

    // MARK: - The log

    @Test("what has no room is dropped and counted; the newest go, and nobody waits")
    func full() async {
        let written = Mutex<[RequestTrace]>([])
        var limits = RequestLog.Limits()
        limits.capacity = 10
        let log = RequestLog(limits: limits, logger: Self.silent) { batch in written.withLock { $0 += batch } }
        for number in 0..<25 { log.record(Self.trace(number)) }
        #expect(log.droppedCount == 15)
        await log.flush()
        #expect(written.withLock { $0.map(\.route) } == (0..<10).map { "/\($0)" })
        log.record(Self.trace(30))
        await log.flush()
        #expect(written.withLock { $0.count } == 11 && log.droppedCount == 15)
    }

    @Test("a batch that could not be written is written later, before what came after it")
    func again() async {
        let written = Mutex<[String]>([])
        let isAway = Mutex(true)
        var limits = RequestLog.Limits()
        limits.capacity = 10
        limits.batchMax = 4
        let log = RequestLog(limits: limits, logger: Self.silent) { batch in
            if isAway.withLock({ $0 }) { throw PostgresError(.connectionLost, "away") }
            written.withLock { $0 += batch.map(\.route) }
        }
        for number in 0..<8 { log.record(Self.trace(number)) }
        await log.flush()
        for number in 8..<12 { log.record(Self.trace(number)) }
        isAway.withLock { $0 = false }
        await log.flush()
        #expect(written.withLock { $0 } == (0..<10).map { "/\($0)" })
        #expect(log.droppedCount == 2)
    }

    @Test("what the database refuses is not tried again")
    func refused() async {
        let tries = Mutex(0)
        let log = RequestLog(logger: Self.silent) { _ in
            tries.withLock { $0 += 1 }
            throw PostgresError(.misuse, "no such function")
        }
        log.record(Self.trace())
        await log.flush()
        await log.flush()
        #expect(tries.withLock { $0 } == 1 && log.droppedCount == 1)
    }

    @Test("closing writes what is left, and so does being cancelled", arguments: [false, true])
    func close(isCancelled: Bool) async {
        let written = Mutex(0)
        var limits = RequestLog.Limits()
        limits.interval = .seconds(3600)
        let log = RequestLog(limits: limits, logger: Self.silent) { batch in
            try Task.checkCancellation()
            written.withLock { $0 += batch.count }
        }
        let running = Task { await log.run() }
        for number in 0..<5 { log.record(Self.trace(number)) }
        if isCancelled { running.cancel() } else { log.close() }
        await running.value
        #expect(written.withLock { $0 } == 5)
    }

    @Test("a write that hangs is given up, and closing does not wait for it")
    func hangs() async {
        var limits = RequestLog.Limits()
        limits.interval = .milliseconds(1)
        limits.writeTimeMax = .milliseconds(50)
        let log = RequestLog(limits: limits, logger: Self.silent) { _ in try await Task.sleep(for: .seconds(3600)) }
        let running = Task { await log.run() }
        log.record(Self.trace())
        log.close()
        await running.value
    }

    @Test("it writes by itself")
    func ticks() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        var limits = RequestLog.Limits()
        limits.interval = .milliseconds(1)
        let log = RequestLog(limits: limits, logger: Self.silent) { continuation.yield($0.count) }
        let running = Task { await log.run() }
        log.record(Self.trace())
        var iterator = stream.makeAsyncIterator()
        #expect(await iterator.next() == 1)
        log.close()
        await running.value
    }

    @Test("any number of tasks may leave traces at once")
    func concurrent() async {
        let written = Mutex(0)
        let log = RequestLog(logger: Self.silent) { batch in written.withLock { $0 += batch.count } }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for number in 0..<1000 {
                        log.record(Self.trace(number))
                        if number % 100 == 0 { await log.flush() }
                    }
                }
            }
        }
        await log.flush()
        #expect(written.withLock { $0 } == 8000 && log.droppedCount == 0)
    }

    // MARK: - The table

    @Test("every column is written, and what did not happen is NULL")
    func columns() async throws {
        try await withDatabase { pool, _ in
            let log = RequestLog(pool: pool, worker: Self.worker, logger: Self.silent)
            log.record(
                RequestTrace(
                    Self.request(), answered: Self.exchange(),
                    for: .init(platform: "toy", connectionID: 7, resource: "orders", jobID: 9), sentAt: Self.sentAt,
                    tokenWait: .milliseconds(250)))
            log.record(
                RequestTrace(
                    Self.request("/gone"), failed: HTTPError(code: .dns, message: "m"), as: .networkDNS,
                    for: .init(platform: "toy"), sentAt: Self.sentAt + 1))
            await log.flush()
            let rows = try await pool.query(
                """
                select to_jsonb(r) - 'sent_at' - 'worker_id' || jsonb_build_object('at', extract(epoch from sent_at)) as row
                from portolan.requests r order by sent_at
                """
            )
            let first = try rows[0].decode("row", as: PostgresJSON.self).text
            for part in [
                #""platform": "toy""#, #""connection_id": 7"#, #""resource": "orders""#, #""job_id": 9"#,
                #""method": "GET""#, #""route": "/v1/customers/{id}""#, #""status": 200"#, #""error_code": null"#,
                #""request_id": "req_1""#, #""bytes_sent": 30"#, #""bytes_received": 4000"#, #""dns_ms": 2"#,
                #""connect_ms": 1.5"#, #""tls_ms": 20"#, #""first_byte_ms": 80"#, #""total_ms": 100"#,
                #""token_wait_ms": 250"#, #""http_version": "2""#, #""reused": false"#, #""at": 1790000000.000000"#,
            ] {
                #expect(first.contains(part), "\(part) in \(first)")
            }
            let second = try rows[1].decode("row", as: PostgresJSON.self).text
            for column in ["status", "connection_id", "dns_ms", "first_byte_ms", "http_version", "request_id"] {
                #expect(second.contains("\"\(column)\": null"), "\(column) in \(second)")
            }
            #expect(second.contains(#""error_code": "network.dns""#))
            let worker: UUID = try await pool.query("select distinct worker_id from portolan.requests")[0].decode(at: 0)
            #expect(worker == Self.worker)
        }
    }

    @Test("days are made, dropped after three, and strays of a new day are taken over")
    func days() async throws {
        try await withDatabase { pool, _ in
            let partitions: SQL = """
                select count(*) from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = 'portolan.requests'::regclass and c.relname ~ '^requests_[0-9]{8}$'
                """
            #expect(try await pool.query(partitions)[0].decode(at: 0, as: Int64.self) == 8)
            let log = RequestLog(pool: pool, worker: Self.worker, logger: Self.silent)
            log.record(Self.trace(sentAt: Date() + 9 * 86_400))
            await log.flush()
            try await pool.query("select portolan.make_days('requests', 10)")
            let strays: Int64 = try await pool.query("select count(*) from portolan.requests_default")[0].decode(at: 0)
            let all: Int64 = try await pool.query("select count(*) from portolan.requests")[0].decode(at: 0)
            #expect(strays == 0 && all == 1)
            #expect(try await pool.query(partitions)[0].decode(at: 0, as: Int64.self) == 11)
            try await pool.withTransaction { connection in
                try await connection.query(
                    "select set_config('portolan.now', (now() + interval '5 days')::text, true)")
                let dropped: Int32 = try await connection.query("select portolan.drop_days('requests')")[0].decode(
                    at: 0)
                #expect(dropped == 2)
            }
        }
    }

    @Test("maintenance keeps the days of all three tables")
    func maintenance() async throws {
        try await withDatabase { pool, _ in
            try await pool.query("select portolan.maintain()")
            let failed: Int64 = try await pool.query(
                "select count(*) from portolan.maintenance where error is not null")[0].decode(at: 0)
            #expect(failed == 0)
        }
    }

    @Test("the view counts the last hour by platform, route and class of status")
    func stats() async throws {
        try await withDatabase { pool, _ in
            let log = RequestLog(pool: pool, worker: Self.worker, logger: Self.silent)
            let subject = RequestTrace.Subject(platform: "toy")
            for number in 1...20 {
                var exchange = Self.exchange(status: number == 20 ? 429 : 200)
                exchange.timings.total = .milliseconds(number * 10)
                log.record(RequestTrace(Self.request(), answered: exchange, for: subject, sentAt: Date()))
            }
            log.record(
                RequestTrace(
                    Self.request(), failed: HTTPError(code: .dns, message: "m"), as: .networkDNS, for: subject,
                    sentAt: Date()))
            log.record(RequestTrace(Self.request(), answered: Self.exchange(), for: subject, sentAt: Date() - 3700))
            await log.flush()
            let rows = try await pool.query(
                """
                select status_class, requests_count, p50_ms, p95_ms, bytes_received from portolan.request_stats
                order by 1
                """
            )
            let classes = try rows.map { try $0.decode("status_class", as: String.self) }
            #expect(classes == ["2xx", "4xx", "none"])
            let (count, half, most, bytes) = try (
                rows[0].decode("requests_count", as: Int64.self), rows[0].decode("p50_ms", as: Double.self),
                rows[0].decode("p95_ms", as: Double.self), rows[0].decode("bytes_received", as: Int64.self)
            )
            #expect(count == 19 && half == 100 && abs(most - 181) < 0.01 && bytes == 19 * 4000)
        }
    }
}
