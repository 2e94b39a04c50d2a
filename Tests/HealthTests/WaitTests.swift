import Foundation
import Platforms
import RawJSON
import Testing

@Suite("How long an answer says to wait")
struct WaitTests {
    /// Wed, 21 Oct 2015 07:28:00 GMT
    private static let now = Date(timeIntervalSince1970: 1_445_412_480)

    private static let cases: [(WaitSource.Unit, String, Duration?)] = [
        (.seconds, "120", .seconds(120)), (.seconds, "2.0", .seconds(2)), (.seconds, "0", .zero),
        (.seconds, " 7 ", .seconds(7)), (.seconds, "-1", nil), (.seconds, "soon", nil), (.seconds, "", nil),
        (.seconds, "1e9", nil), (.seconds, "inf", nil), (.seconds, "nan", nil), (.seconds, "0x10", nil),
        (.seconds, "99999999999999999999", .seconds(86_400)), (.seconds, "1.2.3", nil),
        (.milliseconds, "1500", .milliseconds(1500)), (.epoch, "1445412500", .seconds(20)),
        (.epoch, "1445412000", .zero), (.epochMilliseconds, "1445412480250", .milliseconds(250)),
        (.httpDate, "Wed, 21 Oct 2015 07:28:30 GMT", .seconds(30)),
        (.httpDate, "Wednesday, 21-Oct-15 07:29:00 GMT", .seconds(60)),
        (.httpDate, "Wed Oct 21 07:28:10 2015", .seconds(10)),
        (.httpDate, "Tue, 20 Oct 2015 07:28:00 GMT", .zero), (.httpDate, "yesterday at noon, or so", nil),
        (.httpDate, "Wed, 99 Foo 2015 07:28:30 GMT", nil), (.httpDate, "120", nil),
        (.iso8601, "2015-10-21T07:28:45Z", .seconds(45)),
        (.iso8601, "2015-10-21T09:28:45.5+02:00", .milliseconds(45_500)),
        (.iso8601, "2015-10-21 07:29:00", .seconds(60)), (.iso8601, "2015-13-21T07:29:00Z", nil),
        (.iso8601, "2015-10-21", nil),
        (.retryAfter, "90", .seconds(90)), (.retryAfter, "Wed, 21 Oct 2015 07:29:30 GMT", .seconds(90)),
        (.retryAfter, "\"30\"", .seconds(30)), (.retryAfter, "none", nil),
    ]

    @Test("in each of the forms, and nothing for what is none of them", arguments: cases)
    func forms(unit: WaitSource.Unit, text: String, expected: Duration?) {
        #expect(WaitSource(.header("x"), unit).wait(in: text, now: Self.now) == expected, "\(unit) \(text)")
    }

    @Test("never longer than the most that is allowed")
    func bounded() {
        let source = WaitSource(.header("x"), .seconds, max: .seconds(60))
        #expect(source.wait(in: "3600", now: Self.now) == .seconds(60))
    }

    @Test("of several places that say one, the longest counts; HTTP's own header only where none does")
    func longest() {
        let rule = ErrorRule(
            "x.rate", statuses: [429], .rateLimited, "slow down",
            waits: [
                WaitSource(.header("X-RateLimit-Reset"), .epoch), WaitSource(.path("error.retry_ms"), .milliseconds),
            ])
        let book = RuleBook(rules: [rule], hosting: .selfHosted)
        func wait(_ headers: [(name: String, value: String)], _ body: String) -> UnifiedError {
            let response = PlatformResponse(
                status: 429, headers: headers, body: PaddedBytes(body), requestedAt: Self.now)
            return book.error(ErrorEvidence(response, now: Self.now))
        }
        let both = wait(
            [("x-ratelimit-reset", "1445412490"), ("Retry-After", "99")], #"{"error":{"retry_ms":2500}}"#)
        #expect(both.code == .rateLimited && both.retryAfter == .seconds(10))
        #expect(wait([("Retry-After", "99")], "{}").retryAfter == .seconds(99))
        let none = wait([], "{}")
        #expect(none.code == .rateLimitedNoHint && none.retryAfter == nil)
    }
}
