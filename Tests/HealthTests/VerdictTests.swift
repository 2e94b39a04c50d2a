import Foundation
import Health
import Jobs
import Platforms
import Testing

/// Every code, through all the attempts of a job.
@Suite("What a failed job comes to")
struct VerdictTests {
    private static let attemptsMax = 5

    private func verdict(_ error: UnifiedError, attempt: Int) -> Verdict {
        var random = SystemRandomNumberGenerator()
        return Verdict(on: error, attempt: attempt, attemptsMax: Self.attemptsMax, using: &random)
    }

    private func verdict(_ code: ErrorCode, attempt: Int = 1) -> Verdict {
        verdict(UnifiedError(code, "m"), attempt: attempt)
    }

    @Test("no failure that counts is tried for ever, and none that does not is ever final", arguments: ErrorCode.all)
    func ends(code: ErrorCode) {
        let last = verdict(code, attempt: Self.attemptsMax).outcome
        switch last {
        case .retry: Issue.record("\(code.name) goes on after its last attempt")
        case .snooze: #expect(!code.countsAttempt, "\(code.name)")
        default: break
        }
        if [.waitUntil, .backoff, .snooze].contains(code.policy), !code.countsAttempt {
            for attempt in [1, 5, 500] {
                guard case .snooze(let wait) = verdict(code, attempt: attempt).outcome else {
                    Issue.record("\(code.name) counts")
                    return
                }
                #expect(wait >= .milliseconds(100))
            }
        }
        for attempt in 1...Self.attemptsMax {
            if case .retry(let wait) = verdict(code, attempt: attempt).outcome { #expect(wait > .zero, "\(code.name)") }
        }
    }

    @Test("once at once, then with patience, then not any more")
    func steps() throws {
        func wait(_ code: ErrorCode, _ attempt: Int) throws -> Duration {
            guard case .retry(let wait) = verdict(code, attempt: attempt).outcome else { throw Ended() }
            return wait
        }
        #expect(try wait(.networkReset, 1) <= .seconds(1))
        #expect(try wait(.networkReset, 2) >= .seconds(3))
        #expect(try wait(.dataMalformed, 1) <= .seconds(1))
        #expect(try wait(.dataMalformed, 4) >= .seconds(3))
        #expect(try wait(.requestInvalidNoReason, 1) <= .seconds(1))
        #expect(verdict(.requestInvalidNoReason, attempt: 2).outcome == .failed)
        #expect(try wait(.internalBug, 2) >= .seconds(3))
        #expect(verdict(.internalBug, attempt: 3).outcome == .failed)
        #expect(verdict(.unclassified, attempt: 3).outcome == .failed)
        #expect(try wait(.blockedWAF, 1) >= .seconds(90), "a firewall is not asked again soon")
        let blocked = verdict(.blockedWAF, attempt: Self.attemptsMax)
        #expect(blocked.outcome == .failed && blocked.healthEvent == .block)
        #expect(verdict(.platformInternal, attempt: Self.attemptsMax).outcome == .failed)
    }

    private struct Ended: Error {}

    @Test("what the connection's state machine is told")
    func health() {
        let cases: [(ErrorCode, Int, HealthEvent?)] = [
            (.rateLimited, 1, .limit), (.quotaExhausted, 1, .limit), (.authAppRevoked, 1, .auth),
            (.accountClosed, 1, .block), (.networkDNS, 1, .net), (.storeCrash, 2, .net), (.authScopeMissing, 1, .soft),
            (.platformInternal, 1, nil), (.platformInternal, 5, .soft), (.requestInvalid, 1, .soft),
            (.dataNotFound, 1, nil), (.leaseLost, 1, nil), (.cancelled, 1, nil), (.networkPartial, 1, nil),
        ]
        for (code, attempt, event) in cases {
            #expect(verdict(code, attempt: attempt).healthEvent == event, "\(code.name) \(attempt)")
        }
    }

    @Test("a policy of a rule or of a platform goes before the code's")
    func override() {
        var error = UnifiedError(.requestInvalid, "m")
        error.policyOverride = .backoff
        guard case .retry = verdict(error, attempt: 1).outcome else {
            Issue.record("not tried again")
            return
        }
        #expect(verdict(error, attempt: Self.attemptsMax).outcome == .failed)
        error.policyOverride = .blockStream
        #expect(verdict(error, attempt: 1).streamState == "blocked")
    }

    @Test("ends that are none")
    func others() {
        #expect(verdict(.reportEmpty).outcome == .done)
        #expect(verdict(.cancelled).outcome == .release && verdict(.shutdown).outcome == .release)
        #expect(verdict(.deadline).outcome == .yield)
    }

    @Test("an error's row has every key that the table has a column for")
    func row() throws {
        let rule = ErrorRule(
            "x.tested", statuses: [429], .rateLimited, "slow", policy: .snooze, customerCode: .ourFault)
        let book = RuleBook(rules: [rule], hosting: .selfHosted)
        let answer = AnswerCase(
            429, ["Retry-After": "3", "Server": "nginx"], "<b>jane@example.com</b>", .rateLimited, .snooze, .ourFault)
        let error = book.error(answer.evidence)
        let row = try #require(
            try JSONSerialization.jsonObject(with: Data(error.rowJSON.utf8)) as? [String: Any])
        #expect(row["rule_id"] as? String == "x.tested" && row["operation"] as? String == "list")
        #expect(row["policy"] as? String == "snooze" && row["customer_code"] as? String == "our_fault")
        #expect(row["evidence_headers"] as? [String: String] == ["retry-after": "3", "server": "nginx"])
        #expect(row["evidence"] as? String == "<b>***@***</b>" && row["retry_after_ms"] as? Int == 3000)
        #expect(row["curl_code"] == nil)
    }
}
