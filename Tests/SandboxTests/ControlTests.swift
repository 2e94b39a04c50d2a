import FoundationEssentials
import Platforms
import Sandbox
import Testing

@Suite("the control API")
struct ControlTests {
    private struct Stores: Decodable {
        struct Store: Decodable, Equatable {
            let platform: String
            let name: String
            let baseURL: String
            let credentials: [String: String]

            enum CodingKeys: String, CodingKey {
                case platform, name, credentials
                case baseURL = "base_url"
            }
        }
        let stores: [Store]
    }

    private struct Line: Decodable {
        struct Payload: Decodable { let id: Int, changed: Int }
        let resource: String, id: String
        let payload: Payload
    }

    @Test("it is healthy")
    func health() async throws {
        try await withSandbox(toyPlan()) { port in
            let reply = await RawClient.get("/_sandbox/health", port: port)
            #expect(reply.status == 200)
            #expect(reply.text == #"{"status":"ok"}"#)
        }
    }

    @Test("it lists the stores with credentials that work")
    func stores() async throws {
        let plan = SandboxPlan(stores: [.init(platform: "toy", name: "shop", count: 2)])
        try await withSandbox(plan) { port in
            let reply = await RawClient.get("/_sandbox/stores", port: port)
            let stores = try JSONDecoder().decode(Stores.self, from: Data(reply.body)).stores
            #expect(stores.map(\.name) == ["shop-1", "shop-2"])
            #expect(stores.map(\.baseURL) == (1...2).map { "http://127.0.0.1:\(port)/toy/shop-\($0)" })
            let tokens = try stores.map { try #require($0.credentials["api_token"]) }
            #expect(tokens[0] != tokens[1])
            #expect(await RawClient.get("/toy/shop-1/orders", port: port, token: tokens[0]).status == 200)
            #expect(await RawClient.get("/toy/shop-1/orders", port: port, token: tokens[1]).status == 401)
        }
    }

    @Test("the truth comes a record a line, changes included")
    func truth() async throws {
        var plan = toyPlan()
        plan.stores[0].sizes = ["orders": 20_000]
        try await withSandbox(plan) { port in
            let change = "/_sandbox/stores/toy/a/change"
            let changed = await RawClient.send("POST", change, port: port, body: #"{"count":4}"#)
            #expect(changed.text == #"{"count":4}"#)
            let reply = await RawClient.get("/_sandbox/stores/toy/a/truth?resource=orders", port: port)
            #expect(reply.headers["content-type"] == "application/x-ndjson")
            let lines = reply.body.split(separator: UInt8(ascii: "\n"))
            #expect(lines.count == 20_000)
            let last = try JSONDecoder().decode(Line.self, from: Data(try #require(lines.last)))
            #expect((last.resource, last.id, last.payload.id, last.payload.changed) == ("orders", "20000\"", 20_000, 4))
            let none = await RawClient.get("/_sandbox/stores/toy/a/truth?resource=lines", port: port)
            #expect((none.status, none.body) == (200, []))
        }
    }

    @Test("faults are shown, replaced and taken away while the server runs")
    func faults() async throws {
        let path = "/_sandbox/stores/toy/a/faults"
        try await withSandbox(toyPlan()) { port in
            #expect(await RawClient.get(path, port: port).text == "[]")
            let body = #"[{"fault":"status","status":500,"body":"html","next":3},{"fault":"drop","share":0}]"#
            #expect(await RawClient.send("PUT", path, port: port, body: body).status == 200)
            #expect(await RawClient.get("/toy/a/orders", port: port).status == 500)
            let left = await RawClient.get(path, port: port).text
            #expect(left == #"[{"body":"html","fault":"status","next":2,"status":500},{"fault":"drop","share":0}]"#)
            #expect(await RawClient.send("DELETE", path, port: port, body: "").text == "[]")
            #expect(await RawClient.get("/toy/a/orders", port: port).status == 200)
        }
    }

    @Test("counters tell what the store and the server saw, and start again after a reset")
    func counters() async throws {
        try await withSandbox(toyPlan(Fault(.outage, .next(1)))) { port in
            _ = await RawClient.get("/toy/a/orders", port: port)
            _ = await RawClient.get("/toy/a/orders", port: port)
            _ = await RawClient.get("/toy/a/orders", port: port, token: "wrong")
            let entry = #""name":"a","platform":"toy","received":"#
            let text = await RawClient.get("/_sandbox/counters", port: port).text
            #expect(text == #"{"stores":[{"faults":{"outage":1},\#(entry)3,"refused":1,"requests":2,"throttled":0}]}"#)
            #expect(await RawClient.send("POST", "/_sandbox/counters/reset", port: port, body: "").status == 200)
            let after = await RawClient.get("/_sandbox/counters", port: port).text
            #expect(after == #"{"stores":[{"faults":{},\#(entry)0,"refused":0,"requests":0,"throttled":0}]}"#)
        }
    }

    @Test("mistakes are told with their place and their fix, and change nothing")
    func errors() async throws {
        let faults = "/_sandbox/stores/toy/a/faults"
        let change = "/_sandbox/stores/toy/a/change"
        let cases: [(String, String, String, Int, [String])] = [
            ("GET", "/_sandbox", "", 404, ["sandbox.unknown_route", "GET health"]),
            ("GET", "/_sandbox/nothing", "", 404, ["sandbox.unknown_route"]),
            ("POST", "/_sandbox/health", "", 404, ["sandbox.unknown_route"]),
            ("POST", "/_sandbox/stores/toy/a/truth", "", 404, ["sandbox.unknown_route"]),
            ("GET", "/_sandbox/stores/toy/b/faults", "", 404, ["sandbox.unknown_store"]),
            ("GET", "/_sandbox/stores/toy/a/truth?resource=x", "", 404, ["sandbox.unknown_resource", "orders, lines"]),
            ("GET", "/_sandbox/stores/toy/a/truth", "", 404, ["sandbox.unknown_resource"]),
            ("POST", change, "{", 400, ["sandbox.not_json"]),
            ("POST", change, #"{"count":"secret"}"#, 400, [#""field":"count""#, "found a string"]),
            ("POST", change, #"{"count":0}"#, 400, [#""field":"count""#, "from 1 to"]),
            ("POST", change, #"{"counts":1}"#, 400, [#""field":"counts""#, "the fields are count"]),
            ("PUT", faults, "{}", 400, ["sandbox.bad_field"]),
            ("PUT", faults, #"[{"fault":"explode"}]"#, 400, [#""field":"[0].fault""#, "the faults are latency"]),
            ("PUT", faults, #"[{"fault":"drop"},{"fault":"drop","share":2}]"#, 400, [#""field":"[1].share""#]),
            ("PUT", faults, #"[{"fault":"drop","share":1,"next":1}]"#, 400, [#""field":"[0].next""#]),
            ("PUT", faults, #"[{"fault":"drop","ms":1}]"#, 400, [#""field":"[0].ms""#]),
            ("PUT", faults, #"[{"fault":"status","body":"xml"}]"#, 400, ["json, html, empty"]),
            ("PUT", faults, #"[{"fault":"status","status":200}]"#, 400, ["from 400 to 599"]),
        ]
        try await withSandbox(toyPlan()) { port in
            for (method, path, body, status, words) in cases {
                let reply = await RawClient.send(method, path, port: port, body: body)
                #expect(reply.status == status, "\(method) \(path) \(body)")
                for word in words { #expect(reply.text.contains(word), "\(method) \(path) \(body): \(reply.text)") }
                #expect(!reply.text.contains("secret"))
            }
            #expect(await RawClient.get(faults, port: port).text == "[]")
            #expect(await RawClient.get("/toy/a/orders", port: port).text.contains(#""changed":0"#))
        }
    }
}
