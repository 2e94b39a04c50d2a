import Foundation
import FoundationNetworking
import RawJSON
import Testing

@testable import Platforms

/// The connector against a server that somebody else wrote: one that lists oldest first, refuses most filters, logs
/// few events and has no prices. Needs a Python with the packages of `Tests/Support/localstripe-requirements.txt`,
/// named by `PORTOLAN_LOCALSTRIPE_PYTHON`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["PORTOLAN_LOCALSTRIPE_PYTHON"] != nil))
struct StripeServerTests {
    @Test("everything made, changed and deleted at a foreign server ends up equal after the next read")
    func foreignServer() async throws {
        try await withServer { server in
            let shop = try await server.fill()
            var reader = Reader(server: server)
            for resource in StripePlatform().resources.map(\.name) { try await reader.sync(resource) }
            let first = try await reader.differences()
            #expect(first == [])
            #expect(reader.degraded["prices"] == .platformEndpointGone)
            #expect(reader.degraded["charges"] == .platformContractChanged)
            #expect(reader.held["invoice_lines \(shop.longInvoice)/0001"] != nil)

            try await server.change(shop)
            for resource in StripePlatform().resources.map(\.name) { try await reader.sync(resource) }
            let second = try await reader.differences()
            #expect(second == [])
            #expect(reader.held["customers \(shop.doomed)"] == nil)
            #expect(reader.deletions.contains("customers \(shop.doomed)"))
        }
    }

    // MARK: - The server

    struct Shop: Sendable {
        var customers: [String] = []
        var plans: [String] = []
        var subscriptions: [String] = []
        var charges: [String] = []
        var longInvoice = ""
        var doomed: String { customers[3] }
    }

    struct Server: Sendable {
        let base: String

        func send(
            _ method: String, _ path: String, _ query: [(name: String, value: String)] = [],
            form: [(String, String)] = []
        )
            async throws -> (Int, Data, [(name: String, value: String)])
        {
            var parts = URLComponents(string: base + path)!
            func encode(_ text: String) -> String {
                text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
            }
            if !query.isEmpty {
                parts.percentEncodedQuery = query.map { "\(encode($0.name))=\(encode($0.value))" }.joined(
                    separator: "&")
            }
            var request = URLRequest(url: parts.url!)
            request.httpMethod = method
            request.setValue("Bearer sk_test_12345", forHTTPHeaderField: "Authorization")
            if !form.isEmpty {
                request.httpBody = Data(form.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&").utf8)
                request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
            }
            let (data, response) = try await URLSession.shared.data(for: request)
            let http = response as! HTTPURLResponse
            let headers = http.allHeaderFields.map { (name: "\($0.key)", value: "\($0.value)") }
            return (http.statusCode, data, headers)
        }

        func post(_ path: String, _ form: [(String, String)]) async throws -> [String: Any] {
            let (status, data, _) = try await send("POST", path, form: form)
            try #require(status == 200, "POST \(path): \(String(decoding: data, as: UTF8.self))")
            return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        }

        func make(_ path: String, _ form: [(String, String)]) async throws -> String {
            try #require(try await post(path, form)["id"] as? String)
        }

        func fill() async throws -> Shop {
            var shop = Shop()
            for number in 0..<120 {
                shop.customers.append(
                    try await make(
                        "/v1/customers", [("email", "buyer\(number)@example.com"), ("name", "Zoë 🦊 \(number)")]))
            }
            for number in 0..<3 {
                shop.plans.append(
                    try await make(
                        "/v1/plans",
                        [
                            ("amount", "\(1000 + number)"), ("currency", number == 2 ? "jpy" : "eur"),
                            ("interval", "month"),
                            ("product[name]", "Coffee \(number)"),
                        ]))
            }
            for customer in shop.customers[10..<16] {
                let method = try await make(
                    "/v1/payment_methods",
                    [
                        ("type", "card"), ("card[number]", "4242424242424242"), ("card[exp_month]", "12"),
                        ("card[exp_year]", "2035"), ("card[cvc]", "123"),
                    ])
                _ = try await post("/v1/payment_methods/\(method)/attach", [("customer", customer)])
                _ = try await post("/v1/customers/\(customer)", [("invoice_settings[default_payment_method]", method)])
                if customer == shop.customers[10] {
                    for number in 1...14 {
                        _ = try await post(
                            "/v1/invoiceitems",
                            [("customer", customer), ("amount", "\(number * 10)"), ("currency", "eur")])
                    }
                }
                let subscription = try await post(
                    "/v1/subscriptions", [("customer", customer), ("items[0][plan]", shop.plans[0])])
                shop.subscriptions.append(try #require(subscription["id"] as? String))
                if customer == shop.customers[10] { shop.longInvoice = subscription["latest_invoice"] as? String ?? "" }
                shop.charges.append(
                    try await make("/v1/charges", [("customer", customer), ("amount", "500"), ("currency", "eur")]))
            }
            _ = try await make("/v1/refunds", [("charge", shop.charges[0]), ("amount", "100")])
            return shop
        }

        /// Changes of each kind; for most of them this server logs no event.
        func change(_ shop: Shop) async throws {
            _ = try await post("/v1/customers/\(shop.customers[1])", [("email", "new@example.com")])
            _ = try await send("DELETE", "/v1/customers/\(shop.doomed)")
            _ = try await post("/v1/plans/\(shop.plans[1])", [("nickname", "renamed")])
            _ = try await post("/v1/subscriptions/\(shop.subscriptions[1])", [("cancel_at_period_end", "true")])
            _ = try await send("DELETE", "/v1/subscriptions/\(shop.subscriptions[2])")
            _ = try await post("/v1/charges/\(shop.charges[2])", [("metadata[a]", "b")])
            _ = try await make("/v1/refunds", [("charge", shop.charges[1]), ("amount", "250")])
            _ = try await make("/v1/customers", [("email", "late@example.com")])
            _ = try await post("/v1/subscriptions/\(shop.subscriptions[3])", [("items[0][plan]", shop.plans[1])])
        }
    }

    private func withServer(_ body: (Server) async throws -> Void) async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let candidates = [
            root.appendingPathComponent("Support/localstripe_server.py"),
            root.deletingLastPathComponent().appendingPathComponent("scripts/localstripe_server.py"),
        ]
        let script = try #require(candidates.first { FileManager.default.fileExists(atPath: $0.path) })
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: ProcessInfo.processInfo.environment["PORTOLAN_LOCALSTRIPE_PYTHON"] ?? "")
        process.arguments = [script.path, "0"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // waitUntilExit() needs a run loop, which a test's task does not have.
        defer { kill(process.processIdentifier, SIGKILL) }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(Int(line.filter(\.isNumber)))
        try await body(Server(base: "http://127.0.0.1:\(port)"))
    }

    // MARK: - Reading it

    struct Reader {
        let server: Server
        let platform = StripePlatform()
        var held: [String: [UInt8]] = [:]
        var deletions: Set<String> = []
        var degraded: [String: ErrorCode] = [:]
        var cursors: [String: Cursor] = [:]

        mutating func sync(_ resource: String) async throws {
            for _ in 0..<500 {
                let read = StreamRead(resource: resource, cursor: cursors[resource], now: Date())
                var exchanges: [Exchange] = []
                for request in try platform.nextStep(in: read).requests {
                    let requestedAt = Date()
                    let (status, data, headers) = try await server.send(
                        request.method.rawValue, request.path, request.query)
                    exchanges.append(
                        Exchange(
                            request: request,
                            response: PlatformResponse(
                                status: status, headers: headers, body: PaddedBytes(Array(data)),
                                requestedAt: requestedAt)))
                }
                let page = try platform.page(from: exchanges, in: read)
                for record in page.records { held["\(record.resource) \(record.id)"] = record.payload.array }
                for deletion in page.deletions {
                    held["\(deletion.resource) \(deletion.id)"] = nil
                    deletions.insert("\(deletion.resource) \(deletion.id)")
                }
                cursors[resource] = page.cursor
                degraded[resource] = page.degradation?.code
                if page.isCaughtUp { return }
            }
            Issue.record("\(resource) never caught up")
        }

        /// Each object at the server against what is held, compared as values: the server formats them differently
        /// in lists and alone.
        func differences() async throws -> [String] {
            var found: [String] = []
            var seen: Set<String> = []
            for stream in StripeStream.all where stream.resource.name != "prices" {
                let (status, data, _) = try await server.send("GET", stream.path, stream.query + [("limit", "10000")])
                try #require(status == 200)
                let list = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
                for case let object as [String: Any] in list["data"] as? [Any] ?? [] {
                    let key = "\(stream.resource.name) \(object["id"] as? String ?? "")"
                    seen.insert(key)
                    guard let own = held[key] else {
                        found.append("missing \(key)")
                        continue
                    }
                    let mine = try JSONSerialization.jsonObject(with: Data(own))
                    if try canonical(mine) != canonical(object) { found.append("stale \(key)") }
                }
            }
            for key in held.keys where !key.contains("/") && !seen.contains(key) { found.append("too many \(key)") }
            return found.sorted()
        }

        private func canonical(_ value: Any) throws -> Data {
            try JSONSerialization.data(withJSONObject: value, options: .sortedKeys)
        }
    }
}
