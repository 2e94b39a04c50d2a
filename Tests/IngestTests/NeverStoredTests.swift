import Foundation
import Jobs
import Platforms
import Postgres
import RawJSON
import TestKit
import Testing

@testable import Ingest

@Suite("What is never stored")
struct NeverStoredTests {
    /// A platform whose records hold what must not be kept.
    private struct SecretivePlatform: Platform {
        let key = "toy"
        let name = "Toy"
        let apiVersion = "2030-01"
        let hosting = Hosting.selfHosted
        let authentication = Authentication(fields: [], placement: .bearer(field: "token"))
        let resources = [Resource("orders", freshnessTarget: .seconds(60))]
        let buckets: [Bucket] = []
        let neverStored = NeverStored(everywhere: ["**.client_secret"], in: ["customers": ["passwd", "cards.*.pin"]])

        func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
            preconditionFailure("pages are made by the test")
        }
        func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
            preconditionFailure("pages are made by the test")
        }
        func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore {
            preconditionFailure("pages are made by the test")
        }
    }

    private static let canary = "geheim-4711"

    private func commit(
        _ records: [Record], flags: [UnifiedError] = [], degradation: UnifiedError? = nil, to stream: LeasedStream
    ) async throws -> PageAnswer {
        let page = Page(
            records: records, cursor: Cursor(json: "{}"), isCaughtUp: false, flags: flags, degradation: degradation)
        return try await stream.store.commit(page, of: stream.job, stream: "orders", platform: SecretivePlatform())
    }

    private func expectCounts(_ counts: [Int], _ records: [Record], in stream: LeasedStream) async throws {
        let answer = try await commit(records, to: stream)
        #expect(answer.counts == counts)
    }

    /// Whether the text occurs nowhere in what was stored, in whatever column.
    private static func isNotStored(_ text: String, in pool: PostgresPool) async throws -> Bool {
        let rows = try await pool.query(
            """
            select not (exists (select from portolan.raw_records r where position($1 in r::text) > 0)
                or exists (select from portolan.raw_exact x where position(convert_to($1, 'UTF8') in x.bytes) > 0
                                                               or position($1 in x::text) > 0)
                or exists (select from portolan.errors e where position($1 in e::text) > 0)
                or exists (select from portolan.streams s where position($1 in s::text) > 0))
            """, [text])
        return try #require(rows.first).decode(at: 0)
    }

    @Test("the member is cut out at any depth, by resource where it says so, and all else is stored as received")
    func cut() async throws {
        try await LeasedStream.with { stream in
            let secret = Self.canary
            let records = [
                record(
                    "1", #"{"a": 1, "client_secret": "\#(secret)", "b": {"client_secret": ["\#(secret)"], "c": 2}}"#),
                record("2", #"{"client\u005fsecret": "\#(secret)", "passwd": "kept"}"#),
                record(
                    "3", #"{"passwd": "\#(secret)", "cards": [{"pin": "\#(secret)", "n": 1}]}"#, resource: "customers"),
                record("4", #"{"a": 4}"#),
            ]
            let answer = try await commit(records, to: stream)
            #expect(answer.counts == [4, 0, 0, 0, 0])
            #expect(try await stream.payload("1") == #"{"a": 1, "b": {"c": 2}}"#)
            #expect(try await stream.payload("2") == #"{"passwd": "kept"}"#)
            #expect(try await stream.payload("3") == #"{"cards": [{"n": 1}]}"#)
            #expect(try await stream.payload("4") == #"{"a": 4}"#)
            #expect(try await Self.isNotStored(secret, in: stream.pool))
        }
    }

    @Test("a secret that is another each time does not make a record a changed one")
    func hashIsStable() async throws {
        try await LeasedStream.with { stream in
            let first = record("1", #"{"a":1,"client_secret":"one"}"#)
            try await expectCounts([1, 0, 0, 0, 0], [first], in: stream)
            let second = record("1", #"{"a":1,"client_secret":"another"}"#, fetched: 200)
            try await expectCounts([0, 0, 1, 0, 0], [second], in: stream)
        }
    }

    @Test("bytes that jsonb cannot hold are kept exactly, but for the member")
    func exactBytes() async throws {
        try await LeasedStream.with { stream in
            let bytes =
                Array(#"{"name":"be\u0000fore "#.utf8) + [0xFF]
                + Array(#"","client_secret":"\#(Self.canary)","half":"\ud83d"}"#.utf8)
            try await expectCounts([1, 0, 0, 0, 0], [record("1", bytes)], in: stream)
            let exact: [UInt8] = try await stream.value("select bytes from portolan.raw_exact")
            let expected = Array(#"{"name":"be\u0000fore "#.utf8) + [0xFF] + Array(#"","half":"\ud83d"}"#.utf8)
            #expect(exact == expected)
            #expect(try await Self.isNotStored(Self.canary, in: stream.pool))
        }
    }

    @Test(
        "of what is not JSON and may hold the member nothing is kept but a flag; the page goes on",
        arguments: [
            #"{"client_secret": "geheim-4711""#, #"{"a": [1, "client_secret": "geheim-4711"}]}"#,
            #"<order client_secret='x' "client_secret">geheim-4711</order>"#, #"{"\u0063lient_secret" "geheim-4711""#,
        ])
    func unreadable(text: String) async throws {
        try await LeasedStream.with { stream in
            let answer = try await commit([record("1", text), record("2", #"{"a":2}"#)], to: stream)
            #expect(answer.counts == [1, 0, 0, 0, 0])
            #expect(try await stream.payload("2") == #"{"a": 2}"#)
            #expect(try await stream.flags("1") == ["data.record_rejected"])
            #expect(try await Self.isNotStored(Self.canary, in: stream.pool))
        }
    }

    @Test("what is not JSON and cannot hold the member is kept exactly")
    func unreadableHarmless() async throws {
        try await LeasedStream.with { stream in
            _ = try await commit([record("1", #"{"a": [1}"#)], to: stream)
            let exact: [UInt8] = try await stream.value("select bytes from portolan.raw_exact")
            #expect(exact == Array(#"{"a": [1}"#.utf8))
        }
    }

    @Test("errors keep the platform's words without the member, wherever these end")
    func errors() async throws {
        try await LeasedStream.with { stream in
            let secret = Self.canary
            let body = #"{"error":{"code":"x","payment_intent":{"id":"pi_1","client_secret":"\#(secret)","z":1}}}"#
            let flags = (0...body.count).map { length in
                UnifiedError(.requestInvalid, "m", externalID: "f", evidence: String(body.prefix(length)))
            }
            let others = [
                UnifiedError(.requestInvalid, "m", platformMessage: body, evidence: "<p>client_secret</p>"),
                UnifiedError(
                    .requestInvalid, "m", platformMessage: "client_secret is not a parameter",
                    evidence: #"data: {"client_secret":"\#(secret)"}"#),
                // As UTF-16 looks once it is taken for UTF-8.
                UnifiedError(
                    .requestInvalid, "m", evidence: body.map { "\($0)\0" }.joined()),
            ]
            let degradation = UnifiedError(.platformEndpointGone, "gone", evidence: body)
            _ = try await commit([], flags: flags + others, degradation: degradation, to: stream)
            // Not a single character of the value: it goes from its name on.
            #expect(try await Self.isNotStored("geh", in: stream.pool))
            let kept: Int64 = try await stream.value(
                #"select count(*) from portolan.errors where evidence = '{"error":{"code":"x","payment_intent":{"id":"pi_1","z":1}}}'"#
            )
            #expect(kept >= 2)
            let sentence: Int64 = try await stream.value(
                "select count(*) from portolan.errors where platform_message = 'client_secret is not a parameter'")
            #expect(sentence == 1)
        }
    }

    @Test("no byte of what Stripe's secrets are is stored, from clean and from spoilt accounts", arguments: [0, 0.4])
    func stripe(spoiltShare: Double) async throws {
        try await LeasedStream.with { stream in
            let account = StripeAccount(spoiltShare: spoiltShare)
            for resource in account.platform.resources {
                try account.read(resource.name)
                for page in account.pages {
                    _ = try await stream.store.commit(
                        page, of: stream.job, stream: "orders", platform: account.platform)
                }
                account.pages = []
            }
            #expect(account.secretsSeen > 0, "the account shows secrets, or this test shows nothing")
            #expect(try await Self.isNotStored("_secret_", in: stream.pool))
            let intents: Int64 = try await stream.value(
                "select count(*) from portolan.raw_records where resource = 'payment_intents'")
            #expect(intents > 20)
            let truth = account.store.truth(resource: "payment_intents")
            let different: Int64 = try await stream.value(
                """
                select count(*) from unnest($1::text[], $2::text[]) t(id, payload)
                left join portolan.raw_records r on r.resource = 'payment_intents' and r.external_id = t.id
                where portolan.json_problem(t.payload) is null and r.payload is distinct from t.payload::jsonb
                """, [truth.map(\.id), truth.map { String(decoding: $0.payload, as: UTF8.self) }])
            #expect(different == 0)
        }
    }
}

/// A simulated Stripe account, read page by page.
private final class StripeAccount {
    let platform = StripePlatform()
    let store: any SandboxStore
    var pages: [Page] = []
    private(set) var secretsSeen = 0
    private var now = Date(timeIntervalSince1970: 1_790_000_000)

    init(spoiltShare: Double) {
        store = platform.makeSandboxStore(
            SandboxOptions(
                seed: 5, sizes: ["payment_intents": 60, "charges": 60], credentials: ["api_key": "rk_test_1"],
                startsAt: now, limitFactor: 1_000_000, spoiltShare: spoiltShare))
    }

    func read(_ resource: String) throws {
        var cursor: Cursor?
        for _ in 0..<2000 {
            let read = StreamRead(resource: resource, cursor: cursor, now: now)
            let exchanges = try platform.nextStep(in: read).requests.map(send)
            now += 1
            do throws(ReadFailure) {
                let page = try platform.page(from: exchanges, in: read)
                pages.append(page)
                cursor = page.cursor
                if page.isCaughtUp { return }
            } catch {
                guard let next = error.goOnWith else { throw error }
                cursor = next
            }
        }
        Issue.record("reading \(resource) does not end")
    }

    private func send(_ request: PlatformRequest) -> Exchange {
        let answer = store.respond(
            to: SandboxRequest(
                method: request.method.rawValue, path: request.path, query: request.query,
                headers: request.headers + [(name: "Authorization", value: "Bearer rk_test_1")],
                body: request.body ?? []), now: now)
        secretsSeen += String(decoding: answer.body, as: UTF8.self).ranges(of: "_secret_").count
        return Exchange(
            request: request,
            response: PlatformResponse(
                status: answer.status, headers: answer.headers, body: PaddedBytes(answer.body), requestedAt: now))
    }
}
