internal import Platforms

/// What the control API answers.
enum ControlAnswer: Sendable {
    case json(status: Int, body: [UInt8])
    /// Records, one a line.
    case records([SandboxRecord])

    init(_ status: Int = 200, _ value: some Encodable) { self = .json(status: status, body: SandboxJSON.encode(value)) }

    init(_ status: Int, _ error: SandboxError) {
        let field = error.field.isEmpty ? nil : error.field
        self.init(
            status,
            ["error": ErrorBody(code: error.code.text, field: field, message: error.message, fix: error.fix)])
    }

    private struct ErrorBody: Encodable {
        let code: String
        let field: String?
        let message: String
        let fix: String
    }
}

/// The part of the server that tests, demonstrations and people talk to, below `/_sandbox`:
///
/// - `GET health`
/// - `GET stores`: each store's platform, name, base URL and credentials, which are made up
/// - `GET stores/P/N/truth?resource=R`: what a correct sync holds, one JSON record a line
/// - `POST stores/P/N/change` with `{"count": n}`
/// - `GET`, `PUT` or `DELETE stores/P/N/faults`: a list of ``Fault``
/// - `GET stores/P/N/tokens`: what its token endpoint counted; `POST` with `{"action": "expire"}`,
///   `"revoke"` or `"authorise"`
/// - `GET counters`, `POST counters/reset`
///
/// **Thread**: any.
struct ControlAPI: Sendable {
    /// In the plan's order.
    let hosts: [StoreHost]
    let hostsByMount: [String: StoreHost]

    static let root = "_sandbox"
    static let changesMax = 10_000_000

    static func owns(_ path: Substring) -> Bool {
        path.utf8.starts(with: "/\(root)".utf8)
            && path.utf8.dropFirst(root.utf8.count + 1).first.map { $0 == UInt8(ascii: "/") } ?? true
    }

    func answer(_ method: String, _ target: RequestTarget, _ body: [UInt8], _ port: Int) async -> ControlAnswer {
        do {
            return try await route(method, target, body, port)
        } catch {
            switch error.code {
            case .unknownRoute, .unknownStore, .unknownResource: return ControlAnswer(404, error)
            default: return ControlAnswer(400, error)
            }
        }
    }

    private func route(
        _ method: String, _ target: RequestTarget, _ body: [UInt8], _ port: Int
    ) async throws(SandboxError) -> ControlAnswer {
        let steps = target.path.split(separator: "/").dropFirst().map(String.init)
        switch (method, steps.count, steps.first) {
        case ("GET", 1, "health"): return ControlAnswer(200, ["status": "ok"])
        case ("GET", 1, "stores"): return ControlAnswer(200, ["stores": hosts.map { StoreEntry($0, port: port) }])
        case ("GET", 1, "counters"): return ControlAnswer(200, ["stores": await counters()])
        case ("POST", 2, "counters") where steps[1] == "reset":
            for host in hosts { await host.resetCounters() }
            return ControlAnswer(200, ["status": "ok"])
        case (_, 4, "stores"):
            guard let host = hostsByMount["\(steps[1])/\(steps[2])"] else {
                throw SandboxError(
                    .unknownStore, message: "no store is mounted there", fix: "GET /_sandbox/stores lists them all")
            }
            return try await route(method, steps[3], host, target, body)
        default: throw Self.unknownRoute
        }
    }

    private func route(
        _ method: String, _ action: String, _ host: StoreHost, _ target: RequestTarget, _ body: [UInt8]
    ) async throws(SandboxError) -> ControlAnswer {
        switch (method, action) {
        case ("GET", "truth"):
            let resource = target.query.first { $0.name == "resource" }?.value
            guard let resource, host.resourceNames.contains(resource) else {
                throw SandboxError(
                    .unknownResource, field: "resource", message: "the store has no such resource",
                    fix: "its resources are " + host.resourceNames.joined(separator: ", "))
            }
            return .records(await host.truth(resource: resource))
        case ("POST", "change"):
            let count = try SandboxJSON.decode(ChangeOrder.self, from: body).count
            await host.change(count: count)
            return ControlAnswer(200, ["count": count])
        case ("GET", "tokens"):
            guard let report = await host.tokenReport else { throw Self.noTokens }
            return ControlAnswer(200, report)
        case ("POST", "tokens"):
            let upset = try SandboxJSON.decode(TokenOrder.self, from: body).upset
            guard let upshot = await host.upsetTokens(upset) else { throw Self.noTokens }
            return ControlAnswer(200, upshot)
        case ("GET", "faults"): break
        case ("PUT", "faults"): host.desk.faults = try SandboxJSON.decode([Fault].self, from: body)
        case ("DELETE", "faults"): host.desk.faults = []
        default: throw Self.unknownRoute
        }
        return ControlAnswer(200, host.desk.faults)
    }

    private func counters() async -> [CounterEntry] {
        var entries: [CounterEntry] = []
        for host in hosts { entries.append(CounterEntry(host, await host.counters)) }
        return entries
    }

    private static let noTokens = SandboxError(
        .unknownResource, field: "tokens", message: "the store has no token endpoint",
        fix: "give it the credentials of a way to sign in that has one, in the plan")

    private static let unknownRoute = SandboxError(
        .unknownRoute, message: "the control API has no such method and address",
        fix: "GET health, stores, counters, stores/P/N/truth?resource=R, stores/P/N/tokens or stores/P/N/faults; POST "
            + "counters/reset, stores/P/N/change or stores/P/N/tokens; PUT or DELETE stores/P/N/faults")
}

private struct ChangeOrder: Decodable {
    let count: Int

    init(from decoder: any Decoder) throws {
        let fields = try FieldReader(decoder)
        try fields.allowOnly(["count"])
        count = try fields.integer("count", in: 1...ControlAPI.changesMax) ?? 1
    }
}

private struct TokenOrder: Decodable {
    let upset: TokenUpset

    init(from decoder: any Decoder) throws {
        let fields = try FieldReader(decoder)
        try fields.allowOnly(["action"])
        guard let upset = TokenUpset(rawValue: try fields.requiredString("action")) else {
            throw SandboxError(
                .badField, field: "action", message: "the string is no action",
                fix: "the actions are " + TokenUpset.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.upset = upset
    }
}

private struct StoreEntry: Encodable {
    let platform: String
    let name: String
    let baseURL: String
    let credentials: [String: String]
    let resources: [String]

    enum CodingKeys: String, CodingKey {
        case platform, name, credentials, resources
        case baseURL = "base_url"
    }

    init(_ host: StoreHost, port: Int) {
        platform = host.spec.platform
        name = host.spec.name
        baseURL = host.spec.baseURL(port: port)
        credentials = host.spec.options.credentials
        resources = host.resourceNames
    }
}

private struct CounterEntry: Encodable {
    let platform: String
    let name: String
    /// By the store's own count.
    let requests: Int
    let throttled: Int
    let refused: Int
    /// By the server's: all that arrived, those that never reached the store included.
    let received: Int
    let faults: [String: Int]

    init(_ host: StoreHost, _ counted: SandboxCounters) {
        platform = host.spec.platform
        name = host.spec.name
        requests = counted.requests
        throttled = counted.throttled
        refused = counted.refused
        (received, faults) = host.desk.counters
    }
}
