import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

@Suite("Recurly") struct RecurlyTests {
    private let platform = RecurlyPlatform()

    private func page(
        _ cursor: Cursor?, at now: Date, _ body: String, status: Int = 200,
        headers: [(name: String, value: String)] = []
    ) throws -> Page {
        let read = StreamRead(resource: "accounts", cursor: cursor, now: now)
        let request = try platform.nextStep(in: read).requests[0]
        let response = PlatformResponse(
            status: status, headers: headers, body: PaddedBytes(Array(body.utf8)), requestedAt: now)
        return try platform.page(from: [Exchange(request: request, response: response)], in: read)
    }

    /// Whether exactly what is true is held; as a word, because the payloads of a failure would fill pages.
    private func isWhole(_ walk: MerchantWalk, _ resource: String) -> Bool { walk.held == walk.truth(resource) }

    private static let now = RecurlySite.now
    private static let empty = #"{"object":"list","has_more":false,"next":null,"data":[]}"#

    @Test("the first read lists everything by time of change; later ones from the bound less ten minutes")
    func requests() throws {
        let first = try platform.nextStep(in: StreamRead(resource: "accounts", cursor: nil, now: Self.now)).requests[0]
        #expect(first.path == "/accounts" && first.route == "/accounts")
        #expect(first.headers.map { "\($0.name): \($0.value)" } == ["Accept: application/vnd.recurly.v2021-02-25"])
        #expect(first.query.map { "\($0.name)=\($0.value)" } == ["limit=200", "sort=updated_at", "order=asc"])
        let page = try page(nil, at: Self.now, Self.empty)
        #expect(page.isCaughtUp && page.sweep?.isComplete == true)
        // Less a minute: what their clock may be behind ours.
        #expect(page.syncedThrough == Self.now - 60)
        let next = try platform.nextStep(
            in: StreamRead(resource: "accounts", cursor: page.cursor, now: Self.now + 900)
        ).requests[0]
        #expect(
            next.query.map { "\($0.name)=\($0.value)" } == [
                "limit=200", "sort=updated_at", "order=asc", "begin_time=\(PlatformTime.format(Self.now - 660))",
            ])
    }

    @Test("the next page is a path or a whole address; nothing is added to its query, and its host is not believed")
    func nextPages() throws {
        let query = "cursor=efhbxh%3A1588803986.0&limit=200&sort=updated_at&order=asc"
        for start in ["/accounts?", "https://v3.recurly.com/accounts?", "https://evil.example/?"] {
            let body = #"{"object":"list","has_more":true,"next":"\#(start)\#(query)","data":[]}"#
            let page = try page(nil, at: Self.now, body)
            let request = try platform.nextStep(
                in: StreamRead(resource: "accounts", cursor: page.cursor, now: Self.now)
            ).requests[0]
            #expect(request.path == "/accounts" && request.url == nil)
            #expect(
                request.query.map { "\($0.name)=\($0.value)" }
                    == ["cursor=efhbxh:1588803986.0", "limit=200", "sort=updated_at", "order=asc"])
        }
    }

    @Test("a page whose place is forgotten begins the walk again, and not for ever")
    func forgottenPlace() throws {
        let middle = #"{"has_more":true,"next":"/accounts?cursor=a&limit=200","data":[]}"#
        let refusal = #"{"error":{"type":"bad_request","message":"The cursor is not valid."}}"#
        var cursor: Cursor?
        for _ in 0..<3 {
            let first = try page(cursor, at: Self.now, middle)
            #expect {
                try page(first.cursor, at: Self.now, refusal, status: 400)
            } throws: { error in
                cursor = (error as? ReadFailure)?.goOnWith
                return cursor != nil
            }
            let request = try platform.nextStep(in: StreamRead(resource: "accounts", cursor: cursor, now: Self.now))
                .requests[0]
            #expect(request.query.map(\.name) == ["limit", "sort", "order"])
        }
        let last = try page(cursor, at: Self.now, middle)
        #expect {
            try page(last.cursor, at: Self.now, refusal, status: 400)
        } throws: {
            ($0 as? ReadFailure)?.goOnWith == nil
        }
    }

    @Test("records that change while a list is walked are all there in the end", arguments: ["accounts", "invoices"])
    func changesMeanwhile(resource: String) throws {
        let walk = MerchantWalk(platform, seed: 5, sizes: ["accounts": 1100, "invoices": 1100])
        var steps = 0
        while try !walk.step(resource) {
            steps += 1
            if steps < 5 { walk.change(count: 700) }
        }
        #expect(steps >= 5)
        try walk.run(resource)
        #expect(isWhole(walk, resource))
        walk.change(count: 900)
        try walk.run(resource)
        #expect(isWhole(walk, resource))
        #expect(walk.coverage.count == 3 && walk.coverage.allSatisfy { $0.resource == resource })
    }

    @Test("a line that was removed before it was invoiced is gone when everything is listed again")
    func removedLines() throws {
        let walk = MerchantWalk(platform, seed: 5)
        try walk.run("line_items")
        walk.change(count: 900)
        try walk.run("line_items")
        let (held, truth) = (walk.held, walk.truth("line_items"))
        let hasAll = truth.allSatisfy { held[$0.key] == $0.value }
        #expect(hasAll && held.count > truth.count)
        walk.pass(7 * 86_400)
        try walk.run("line_items")
        #expect(isWhole(walk, "line_items"))
    }

    @Test("what signs in as a customer or stands for a card is cut out")
    func neverStored() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Platforms/Recurly/Fixtures")
        for (name, resource) in [("account", "accounts"), ("transaction", "transactions")] {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "\(name).json")))
            let record = Record(
                resource: resource, id: "1", updatedAt: nil, createdAt: nil, payload: ByteSlice(copying: bytes),
                fetchedAt: Self.now)
            let stored = try #require(platform.neverStored.strip(record)).payload.text
            #expect(String(decoding: bytes, as: UTF8.self).contains("never-stored") && !stored.contains("never-stored"))
        }
        let walk = MerchantWalk(platform)
        try walk.run("accounts")
        try walk.run("transactions")
        for payload in walk.held.values {
            let text = String(decoding: payload, as: UTF8.self)
            #expect(!text.contains("hosted_login_token") && !text.contains("gateway_token"))
        }
    }

    @Test("answers teach how many requests are left; a refusal blocks the site's bucket until the reset")
    func lessons() throws {
        let reset = Int(Self.now.timeIntervalSince1970) + 120
        let headers = [(name: "X-RateLimit-Remaining", value: "17"), (name: "X-RateLimit-Reset", value: "\(reset)")]
        let page = try page(nil, at: Self.now, Self.empty, headers: headers)
        #expect(
            page.lessons.contains {
                if case .remaining("site", 17, .seconds(120)) = $0 { true } else { false }
            })
        let refusal = #"{"error":{"type":"rate_limited","message":"Slow down."}}"#
        #expect {
            try self.page(nil, at: Self.now, refusal, status: 429, headers: headers)
        } throws: { error in
            (error as? ReadFailure)?.lessons.contains {
                if case .blocked("site", .seconds(120)) = $0 { true } else { false }
            } == true
        }
    }

    @Test("a feature that a site lacks fails its stream alone")
    func missingFeature() throws {
        let walk = MerchantWalk(platform, quirks: ["missing_feature": "items"])
        #expect {
            try walk.run("items")
        } throws: {
            ($0 as? ReadFailure)?.error.code == .permissionPlanRequired
        }
        try walk.run("plans")
        #expect(isWhole(walk, "plans") && !walk.held.isEmpty)
    }
}
