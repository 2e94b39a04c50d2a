import Connections
import FoundationEssentials
import HTTP
import Jobs
import Platforms
import Postgres
import TestKit
import Testing

@testable import Worker

@Suite("What a job needs of its connection", .serialized, .timeLimit(.minutes(2)))
struct ConnectionTests {
    private let silent = ScriptedTransport { page, _ in ScriptedTransport.answer(page, of: 1) }

    @Test("credentials go into the header and nowhere else: no log, no error, no row")
    func secrets() async throws {
        try await Fleet.with { fleet in
            let transport = ScriptedTransport { page, _ throws(HTTPError) in
                switch page {
                case 1: return ScriptedTransport.answer(1, of: 3)
                default: throw HTTPError(code: .reset, message: "the connection broke", host: "shop.example")
                }
            }
            let job = try await fleet.enqueue()
            try await fleet.runOnce(job, transport)
            try await fleet.pool.query(
                "select portolan.enqueue($1, 'sync', '{\"resource\": \"moons\"}')", [fleet.connectionID])
            try await fleet.pool.query("update portolan.jobs set run_at = now()")
            try await fleet.pool.query("update portolan.lanes set next_at = now(), head_at = '-infinity'")
            #expect(
                try await fleet.runToEnd(job, ScriptedTransport { _, _ in ScriptedTransport.refusal(401) }) == "failed")

            #expect(transport.sent.allSatisfy { $0.headers["x-token"] == Fleet.secret })
            #expect(transport.sent.allSatisfy { !$0.url.contains(Fleet.secret) })
            #expect(!fleet.logs.text.isEmpty && !fleet.logs.text.contains(Fleet.secret))
            let tables = try await fleet.pool.query(
                """
                select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid =
                c.relnamespace where n.nspname = 'portolan' and c.relkind in ('r', 'v')
                """
            )
            #expect(tables.count > 10)
            let hidden = Data(Fleet.secret.utf8).base64EncodedString()
            for table in tables {
                let name: String = try table.decode(at: 0)
                let found: Int64 = try await fleet.value(
                    SQL(
                        unsafeText: "select count(*) from \(name) t where strpos(t::text, $1) + strpos(t::text, $2) > 0"
                    ), [Fleet.secret, hidden])
                #expect(found == 0, "\(name)")
            }
        }
    }

    @Test(
        "a job of a connection that was stopped after the job was handed over is put off without a request",
        arguments: ["disabled", "blocked", "needs_reauth", "unreachable"])
    func parked(_ state: String) async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            // Behind the back of the functions: its lane is not parked, so that the job is handed over.
            try await fleet.pool.query("update portolan.connections set state = $1", [state])
            try await fleet.runOnce(job, silent)
            #expect(silent.sent.isEmpty)
            #expect(try await fleet.errorCodes().isEmpty)
            #expect(try await fleet.value("select attempt from portolan.jobs", as: Int32.self) == 0)
            #expect(try await fleet.connectionState() == state)
            #expect(try await fleet.streamState() == "new", "the stream did nothing wrong")
        }
    }

    @Test("a job for a stream that does not exist fails by itself, and the connection goes on")
    func unknownResource() async throws {
        try await Fleet.with { fleet in
            let job: Int64 = try await fleet.value(
                "select portolan.enqueue($1, 'sync', '{\"resource\": \"moons\"}')", [fleet.connectionID])
            #expect(try await fleet.runToEnd(job, silent) == "failed")
            #expect(try await fleet.errorCodes() == ["request.invalid"])
            #expect(try await fleet.connectionState() == "degraded")
            #expect(silent.sent.isEmpty)
        }
    }

    @Test(
        "a job whose arguments somebody has changed behind the queue's back fails and says what it needs",
        arguments: ["{}", "[]", #"{"resource": 7}"#])
    func badArguments(_ arguments: String) async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            try await fleet.pool.query("update portolan.jobs set args = $1", [PostgresJSON(arguments)])
            #expect(try await fleet.runToEnd(job, silent) == "failed")
            #expect(
                try await fleet.value("select message like '%{\"resource\": \"orders\"}%' from portolan.errors") == true
            )
        }
    }

    @Test(
        "credentials that were sealed with a key this worker lacks are our fault: nothing is sent, nothing blocked"
    )
    func wrongKey() async throws {
        try await Fleet.with { fleet in
            let job = try await fleet.enqueue()
            let other = try Vault(masterKey: Vault.makeMasterKey())
            try await fleet.runOnce(job, silent, vault: other)
            #expect(try await fleet.connectionState() == "pending")
            #expect(try await fleet.errorCodes() == ["internal.bug"])
            #expect(silent.sent.isEmpty)
        }
    }

    @Test("credentials that were altered, or are not there, block the connection")
    func noCredentials() async throws {
        try await Fleet.with { fleet in
            try await fleet.pool.query("update portolan.connection_credentials set sealed = sealed || '\\x00'")
            #expect(try await fleet.runToEnd(try await fleet.enqueue(), silent) == "failed")
            #expect(try await fleet.connectionState() == "blocked")
            try await fleet.pool.query("delete from portolan.connection_credentials")
            try await fleet.pool.query("select portolan.resume_connection('shop')")
            #expect(try await fleet.runToEnd(try await fleet.enqueue(), silent) == "failed")
            #expect(try await fleet.errorCodes() == ["config.invalid", "config.invalid"])
        }
    }

    @Test("a request is the base URL, the path, and every parameter encoded")
    func outgoing() throws {
        let request = PlatformRequest(
            .get, path: "/v1/orders", query: [("since", "2030-01-01T00:00:00+00:00"), ("q", "a b&c=Zoë/~")],
            headers: [("Accept", "application/json")],
            route: "/v1/orders", purpose: "list", demands: [])
        func make(_ placement: Authentication.Placement) throws -> HTTPRequest {
            try OutgoingRequest(
                request, baseURL: "https://shop.example/api", placement: placement,
                values: ["user": Secret("u"), "pass": Secret("p")], nonce: "n", now: Date(timeIntervalSince1970: 0)
            ).http
        }
        let basic = try make(.basic(userField: "user", passwordField: "pass"))
        #expect(
            basic.url
                == "https://shop.example/api/v1/orders?since=2030-01-01T00%3A00%3A00%2B00%3A00&q=a%20b%26c%3DZo%C3%AB%2F~"
        )
        #expect(basic.headers["Authorization"] == "Basic dTpw" && basic.headers["Accept"] == "application/json")
        #expect(try make(.basic(userField: "user", passwordField: nil)).headers["Authorization"] == "Basic dTo=")
        #expect(try make(.bearer(field: "pass")).headers["Authorization"] == "Bearer p")
        #expect(try make(.header(name: "X-Key", field: "user")).headers["X-Key"] == "u")
        let keyed = try make(.query([.init("key", field: "user")]))
        #expect(keyed.url.hasSuffix("~&key=u"))
        let error = #expect(throws: UnifiedError.self) { try make(.bearer(field: "absent")) }
        #expect(error?.code == .configInvalid && error?.message.contains("`absent`") == true)
    }

    @Test(
        "a probe that was enqueued before its connection was switched off asks nothing",
        arguments: ["disabled", "needs_reauth"])
    func probeTooLate(state: String) async throws {
        try await Fleet.with { fleet in
            try await fleet.pool.query("update portolan.connections set state = 'unreachable', next_probe_at = now()")
            _ = try await fleet.pool.query("select portolan.enqueue_probes()")
            try await fleet.pool.query("update portolan.connections set state = $1", [state])
            let job: Int64 = try await fleet.value("select job_id from portolan.jobs where kind = 'probe'")
            #expect(try await fleet.runToEnd(job, silent) == "done")
            #expect(silent.sent.isEmpty)
            #expect(try await fleet.connectionState() == state)
        }
    }
}

/// Asks two things at once, and looks at both answers.
private struct TwoQuestions: Platform {
    let key = "lines"
    let name = "Two"
    let apiVersion = "1"
    let buckets: [Bucket] = []
    let hosting = Hosting.selfHosted
    let authentication = Authentication(
        fields: [.init(name: "token", help: "Any.")], placement: .header(name: "X-Token", field: "token"))
    let resources = [Resource("orders", freshnessTarget: .seconds(60))]

    func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        Step(["/a", "/b"].map { PlatformRequest(.get, path: $0, route: $0, purpose: $0, demands: []) })
    }

    func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        guard exchanges.map(\.request.path) == ["/a", "/b"] else {
            throw ReadFailure(UnifiedError(.internalBug, "an answer is missing"))
        }
        return Page(cursor: Cursor(json: "{}"), isCaughtUp: true)
    }

    func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore { preconditionFailure("there is none") }
}

extension ConnectionTests {
    @Test("a probe brings an answer to every request of a first step")
    func probeOfTwo() async throws {
        try await Fleet.with { original in
            var fleet = original
            fleet.other = TwoQuestions()
            try await fleet.pool.query("update portolan.connections set state = 'unreachable', next_probe_at = now()")
            _ = try await fleet.pool.query("select portolan.enqueue_probes()")
            let job: Int64 = try await fleet.value("select job_id from portolan.jobs where kind = 'probe'")
            let transport = ScriptedTransport { _, _ in ScriptedTransport.answer(1, of: 1) }
            #expect(try await fleet.runToEnd(job, transport) == "done")
            #expect(transport.sent.map { $0.url.suffix(2) } == ["/a", "/b"])
            #expect(try await fleet.errorCodes().isEmpty)
            #expect(try await fleet.value("select portolan.runs(state) from portolan.connections"))
        }
    }
}
