import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// A platform with one list, whatever the test wants of it.
private struct OneList: ListPlatform {
    var list: RecordList
    let key = "one"
    let name = "One"
    let apiVersion = "1"
    let hosting = Hosting.selfHosted
    let authentication = Authentication(fields: [], placement: .bearer(field: "token"))
    let buckets = [Bucket("calls", scope: .connection, capacity: 10, refillPerSecond: 1)]
    let settings = [Setting("shop", help: "Which.", example: "main")]
    let limitHeaders = [
        LimitHeaders(bucket: "calls", remaining: "X-Left", reset: WaitSource(.header("X-Reset"), .epoch))
    ]
    var lists: [RecordList] { [list] }

    func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore { preconditionFailure("there is none") }
}

@Suite("Lists as data")
struct ListReadingTests {
    private static let now = Date(timeIntervalSince1970: 1_790_000_000)

    private func platform(_ paging: RecordList.Paging, since: RecordList.Since? = nil, sweep: Duration? = nil)
        -> OneList
    {
        OneList(
            list: RecordList(
                Resource("orders", freshnessTarget: .seconds(60)), path: "/shops/{shop}/orders", query: [("size", "2")],
                records: "data", shape: .init(updatedAt: "at"), paging: paging, since: since, sweepEvery: sweep,
                demands: [BucketDemand("calls")]))
    }

    private func read(_ cursor: Cursor?, after seconds: Double = 0, shop: String = "a/b ü") -> StreamRead {
        StreamRead(resource: "orders", cursor: cursor, settings: ["shop": shop], now: Self.now + seconds)
    }

    private func page(
        _ platform: OneList, _ cursor: Cursor?, after seconds: Double = 0, _ body: String, status: Int = 200,
        headers: [(name: String, value: String)] = []
    ) throws -> Page {
        let read = read(cursor, after: seconds)
        let request = try platform.nextStep(in: read).requests[0]
        let response = PlatformResponse(
            status: status, headers: headers, body: PaddedBytes(Array(body.utf8)), requestedAt: read.now)
        return try platform.page(from: [Exchange(request: request, response: response)], in: read)
    }

    @Test("settings stand in the path, encoded; one that is missing is named")
    func settings() throws {
        let platform = platform(.whole)
        #expect(try platform.nextStep(in: read(nil)).requests[0].path == "/shops/a%2Fb%20%C3%BC/orders")
        #expect(try platform.nextStep(in: read(nil)).requests[0].route == "/shops/{shop}/orders")
        #expect {
            try platform.nextStep(in: StreamRead(resource: "orders", cursor: nil, now: Self.now))
        } throws: { ($0 as? ReadFailure)?.error.message == "the setting shop is missing" }
    }

    @Test(
        "of a link nothing is believed but its query",
        arguments: ["https://evil.example/x?p=2&q=a%26b", "/y?p=2&q=a%26b", "?p=2&q=a%26b"])
    func link(next: String) throws {
        let platform = platform(.link(member: "next"))
        let first = try page(platform, nil, #"{"data":[{"id":1}],"next":"\#(next)"}"#)
        #expect(!first.isCaughtUp && first.sweep?.isComplete == false)
        let request = try platform.nextStep(in: read(first.cursor)).requests[0]
        #expect(request.path == "/shops/a%2Fb%20%C3%BC/orders" && request.url == nil)
        #expect(request.query.map { "\($0.name)=\($0.value)" } == ["p=2", "q=a&b"])
        let last = try page(platform, first.cursor, #"{"data":[{"id":2}],"next":null}"#)
        #expect(last.isCaughtUp && last.sweep?.isComplete == true && last.sweep?.startedAt == first.sweep?.startedAt)
    }

    @Test(
        "a link that leads nowhere, or to the same page, is a failure and no endless walk",
        arguments: ["/orders", "/orders?", "/orders?a=%zz", "/orders?a= b"])
    func badLinks(next: String) throws {
        let platform = platform(.link(member: "next"))
        #expect(throws: ReadFailure.self) { try page(platform, nil, #"{"data":[],"next":"\#(next)"}"#) }
        let first = try page(platform, nil, #"{"data":[],"next":"?p=2"}"#)
        #expect(throws: ReadFailure.self) { try page(platform, first.cursor, #"{"data":[],"next":"?p=2"}"#) }
    }

    @Test("a page that says that there is more, and not where, is no end")
    func moreButNowhere() throws {
        let platform = platform(.link(member: "next", more: "has_more"))
        let first = try page(platform, nil, #"{"has_more":true,"data":[{"id":1}],"next":"?p=2"}"#)
        for next in [#","next":null"#, "", #","next":7"#] {
            for cursor in [nil, first.cursor] {
                #expect {
                    try page(platform, cursor, #"{"has_more":true,"data":[{"id":2}]\#(next)}"#)
                } throws: {
                    let error = ($0 as? ReadFailure)?.error
                    return error?.code == .dataMalformed && error?.code.fault == .platform
                }
            }
        }
        for last in [#""has_more":false,"#, #""has_more":null,"#, ""] {
            #expect(try page(platform, first.cursor, #"{\#(last)"data":[{"id":2}],"next":null}"#).isCaughtUp)
        }
    }

    @Test("the header and tokens lead on as well")
    func otherPagings() throws {
        let header = platform(.linkHeader)
        let first = try page(
            header, nil, #"{"data":[{"id":"a"}]}"#,
            headers: [("Link", #"<https://x.example/?p=1>; rel="prev", <https://x.example/?p=3>; rel="next""#)])
        #expect(try header.nextStep(in: read(first.cursor)).requests[0].query.map(\.value) == ["3"])
        #expect(try page(header, first.cursor, #"{"data":[]}"#).isCaughtUp)

        let token = platform(.token(member: "more.token", parameter: "after"))
        let next = try page(token, nil, #"{"data":[],"more":{"token":"t+/="}}"#)
        let query = try token.nextStep(in: read(next.cursor)).requests[0].query
        #expect(query.map { "\($0.name)=\($0.value)" } == ["size=2", "after=t+/="])
        #expect(try page(token, next.cursor, #"{"data":[],"more":{"token":""}}"#).isCaughtUp)
    }

    @Test("what changed is asked for from the last bound less the overlap; all there is again when a sweep is due")
    func since() throws {
        let platform = platform(
            .link(member: "next"),
            since: .init("since", bound: .request(less: .seconds(60)), overlap: .seconds(100), query: [("sort", "at")]),
            sweep: .seconds(3600))
        let first = try page(platform, nil, #"{"data":[{"id":1,"at":"2026-09-21T00:00:00+02:00"}],"next":null}"#)
        #expect(first.isCaughtUp && first.syncedThrough == Self.now - 60)
        #expect(first.records[0].updatedAt == (try Date("2026-09-20T22:00:00Z", strategy: .iso8601)))
        let request = try platform.nextStep(in: read(first.cursor, after: 300)).requests[0]
        #expect(request.query.map(\.name) == ["size", "sort", "since"])
        #expect(request.query.last?.value == PlatformTime.format(Self.now - 160))
        let second = try page(platform, first.cursor, after: 300, #"{"data":[],"next":null}"#)
        #expect(
            second.sweep == nil
                && second.coverage == [
                    Coverage(
                        resource: "orders", from: Self.now - 160, to: Self.now + 240, platformCount: nil,
                        distinctCount: 0)
                ])
        let third = try platform.nextStep(in: read(second.cursor, after: 3601)).requests[0]
        #expect(third.query.map(\.name) == ["size", "sort"], "a sweep")
    }

    @Test(
        "a server's clock may be behind, and is not believed ahead",
        arguments: [(-3600.0, -3600.0), (3600, 0), (3e9, 0)])
    func clocks(server: Double, bound: Double) throws {
        let platform = platform(
            .link(member: "next"), since: .init("since", bound: .header("X-Time"), overlap: .seconds(100)))
        let found = try page(
            platform, nil, #"{"data":[],"next":null}"#,
            headers: [("X-Time", PlatformTime.format(Self.now + server))])
        #expect(found.syncedThrough == Self.now + bound)
    }

    @Test("a list that shrinks while it is walked is walked again, and taken as it comes in the end")
    func shrinking() throws {
        let platform = platform(.link(member: "next", count: "count"))
        var cursor: Cursor?
        for _ in 0..<3 {
            let first = try page(platform, cursor, #"{"count":9,"data":[{"id":1}],"next":"?p=2"}"#)
            let second = try page(platform, first.cursor, #"{"count":8,"data":[{"id":2}],"next":"?p=3"}"#)
            #expect(second.records.isEmpty && !second.isCaughtUp)
            #expect(try platform.nextStep(in: read(second.cursor)).requests[0].query.map(\.name) == ["size"])
            cursor = second.cursor
        }
        let first = try page(platform, cursor, #"{"count":9,"data":[{"id":1}],"next":"?p=2"}"#)
        let second = try page(platform, first.cursor, #"{"count":8,"data":[{"id":2}],"next":null}"#)
        #expect(second.isCaughtUp && second.records.count == 1)
        #expect(second.sweep?.isComplete == false, "what it has not met may be there")
        // Its count proves nothing.
        #expect(second.coverage[0].platformCount == nil)
    }

    @Test("a record without identifier is told, the others are kept; limits are learned")
    func records() throws {
        let found = try page(
            platform(.whole), nil, #"{"data":[{"id":null},{"x":1},{"id":"a"},7,{"id":{}}]}"#,
            headers: [("X-Left", "7"), ("X-Reset", "1790000030")])
        #expect(found.records.map(\.id) == ["a"] && found.flags.count == 4)
        guard case .remaining("calls", 7, .seconds(30))? = found.lessons.first else {
            Issue.record("\(found.lessons)")
            return
        }
    }

    @Test("a refusal teaches the bucket and says how long")
    func refusals() throws {
        #expect {
            try page(platform(.whole), nil, "{}", status: 429, headers: [("Retry-After", "17")])
        } throws: { error in
            guard let failure = error as? ReadFailure, failure.error.retryAfter == .seconds(17) else { return false }
            return failure.lessons.contains {
                if case .blocked("calls", .seconds(17)) = $0 { true } else { false }
            }
        }
    }
}
