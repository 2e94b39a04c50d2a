import FoundationEssentials
import HTTP
import Jobs
import Platforms
import Postgres
import TestKit
import Testing

@testable import Health

@Suite("What failures mean")
struct HealthTests {
    private static let codes: [(HTTPError.Code, ErrorCode)] = [
        (.dns, .networkDNS), (.connect, .networkRefused), (.tls, .tlsHandshake), (.tlsUntrusted, .tlsUntrusted),
        (.timeoutConnect, .networkTimeout), (.timeoutFirstByte, .platformTimeout), (.timeoutTotal, .platformTimeout),
        (.timeoutStall, .networkPartial), (.partialBody, .networkPartial), (.responseTooLarge, .dataTooLarge),
        (.headersTooLarge, .dataTooLarge), (.contentEncoding, .dataMalformed), (.reset, .networkReset),
        (.redirectRefused, .redirectRefused), (.redirectLoop, .redirectLoop), (.enhanceYourCalm, .rateLimitedNoHint),
        (.addressRefused, .networkEgressDenied),
        (.invalidRequest, .configInvalid),
        (.cancelled, .cancelled), (.clientClosed, .cancelled), (.clientBusy, .internalBug), (.other, .unclassified),
    ]

    @Test("every failure of the transport has its code, with the route and never an address")
    func transport() {
        for (code, expected) in Self.codes {
            let error = UnifiedError(
                HTTPError(code: code, message: "what happened", host: "shop.example"), route: "/orders/{id}")
            #expect(error.code == expected, "\(code)")
            #expect(error.route == "/orders/{id}" && error.message == "what happened")
        }
    }

    @Test("what the same request may overcome later is tried again, and what a person has to mend is not")
    func retryable() {
        for (code, _) in Self.codes where code != .cancelled && code != .clientClosed {
            let http = HTTPError(code: code, message: "m")
            var random = SystemRandomNumberGenerator()
            let verdict = Verdict(on: UnifiedError(http, route: "/"), attempt: 1, using: &random)
            if http.isRetryable {
                switch verdict.outcome {
                case .retry, .snooze: break
                default: Issue.record("\(code) is retryable and ends as \(verdict.outcome)")
                }
            }
        }
    }

    private func verdict(_ error: UnifiedError, attempt: Int = 1) -> Verdict {
        var random = SystemRandomNumberGenerator()
        return Verdict(
            on: error, attempt: attempt, attemptsMax: 3, backoff: Backoff(base: .seconds(10), cap: .seconds(100)),
            using: &random)
    }

    @Test("a platform that says wait is waited for, a little longer than it asked, without an attempt")
    func waitUntil() {
        for _ in 0..<200 {
            let verdict = verdict(UnifiedError(.rateLimited, "slow down", retryAfter: .seconds(30)), attempt: 99)
            guard case .snooze(let wait) = verdict.outcome else {
                Issue.record("\(verdict.outcome)")
                return
            }
            #expect(wait >= .seconds(30) && wait <= .seconds(33))
            #expect(verdict.streamState == nil && verdict.healthEvent == .limit)
        }
        guard case .snooze(let wait) = verdict(UnifiedError(.rateLimitedNoHint, "slow down")).outcome else {
            Issue.record("no snooze")
            return
        }
        #expect(wait >= .seconds(2) && wait <= .seconds(6))
        guard
            case .snooze(let short) = verdict(UnifiedError(.rateLimited, "slow down", retryAfter: .seconds(-5))).outcome
        else {
            Issue.record("no snooze")
            return
        }
        #expect(short >= .milliseconds(100), "never at once")
    }

    @Test("what may pass is tried again after a growing wait; the second failure is told, the last one is final")
    func backoff() {
        let error = UnifiedError(.platformInternal, "500")
        guard case .retry(let first) = verdict(error).outcome,
            case .retry(let second) = verdict(error, attempt: 2).outcome
        else {
            Issue.record("no retry")
            return
        }
        #expect(first >= .seconds(1) && first <= .seconds(10))
        #expect(second >= .seconds(2) && second <= .seconds(20))
        #expect(verdict(error).streamState == nil && verdict(error, attempt: 2).streamState == "failing")
        let last = verdict(error, attempt: 3)
        #expect(last.outcome == .failed && last.streamState == "failing" && last.healthEvent != .block)
        let asked = UnifiedError(.platformUnavailable, "503", retryAfter: .seconds(500))
        guard case .retry(let told) = verdict(asked).outcome else {
            Issue.record("no retry")
            return
        }
        #expect(told >= .seconds(500), "the platform's own word is a minimum")
    }

    @Test("what stops a stream, a connection, or only the job")
    func stops() {
        let cases: [(ErrorCode, String, HealthEvent?)] = [
            (.authScopeMissing, "blocked", .soft), (.platformEndpointGone, "blocked", .soft),
            (.authCredentialsInvalid, "blocked", .auth), (.authAppRevoked, "blocked", .auth),
            (.accountSuspended, "blocked", .block), (.configInvalid, "blocked", .block),
            (.networkEgressDenied, "blocked", .block),
            (.requestInvalid, "failing", .soft), (.dataRecordRejected, "failing", nil),
        ]
        for (code, stream, event) in cases {
            let verdict = verdict(UnifiedError(code, "m"))
            #expect(
                verdict.outcome == .failed && verdict.streamState == stream && verdict.healthEvent == event,
                "\(code.name)")
        }
        #expect(verdict(UnifiedError(.leaseLost, "m")).outcome == .release)
    }
}

@Suite("Errors as rows", .serialized)
struct ErrorRowTests {
    @Test("an error becomes the row that portolan.record_errors makes of it, without NUL, with every field")
    func row() async throws {
        try await withPool(connectionsMax: 1) { pool in
            let error = UnifiedError(
                .rateLimited, "slow\0 down", httpStatus: 429, platformCode: "E\"1", platformMessage: "zu schnell ☃",
                platformRequestID: "r/1",
                route: "/orders/{id}", retryAfter: .milliseconds(1500), externalID: "17", evidence: "<html>\u{1}")
            try await pool.query(
                "select portolan.record_errors(7, 'orders', 8, null, array[$1, $2])",
                [PostgresJSON(error.rowJSON), PostgresJSON(UnifiedError(.dataSanitised, "cleaned").rowJSON)])
            let rows = try await pool.query(
                """
                select code, fault, policy, message, http_status, platform_code, platform_message, platform_request_id, route, retry_after,
                       external_id, evidence from portolan.errors order by error_id
                """)
            let full = try rows[0].decode(
                String.self, String.self, String.self, String.self, Int32.self, String.self, String.self, String.self,
                String.self,
                Duration.self, String.self, String.self)
            #expect(full.0 == "rate.limited" && full.1 == "quota" && full.2 == "wait_until" && full.3 == "slow down")
            #expect(
                full.4 == 429 && full.5 == "E\"1" && full.6 == "zu schnell ☃" && full.7 == "r/1"
                    && full.8 == "/orders/{id}")
            #expect(full.9 == .milliseconds(1500) && full.10 == "17" && full.11 == "<html>\u{1}")
            let bare = try rows[1].decode(String.self, String.self, String.self, String.self, Int32?.self, String?.self)
            #expect(bare == ("data.sanitised", "platform", "sanitise", "cleaned", nil, nil))
        }
    }

    @Test("every code's fault is one that the table takes")
    func faults() async throws {
        try await withPool(connectionsMax: 1) { pool in
            for code in [
                ErrorCode.quotaQueryCost, .platformInternal, .accountClosed, .networkReset, .rateLimited, .cancelled,
                .unclassified,
            ] {
                try await pool.query(
                    "select portolan.record_errors(1, null, null, null, array[$1])",
                    [PostgresJSON(UnifiedError(code, "m").rowJSON)])
            }
            let faults = try await pool.query("select distinct fault from portolan.errors")
            #expect(faults.count == 7)
        }
    }
}
