import Foundation
import PlatformKit
import RawJSON

@testable import Platforms

/// A simulated site that is asked directly.
final class RecurlySite {
    let store: any SandboxStore
    private let credentials: [String: String]

    static let now = Date(timeIntervalSince1970: 1_790_000_000)
    static let version = "application/vnd.recurly.v2021-02-25"

    init(sizes: [String: Int] = [:], quirks: [String: String] = [:], limitFactor: Double = 1) {
        credentials = ["api_key": "test_api_key"]
        store = RecurlyPlatform().makeSandboxStore(
            SandboxOptions(
                seed: 3, sizes: sizes, credentials: credentials, startsAt: Self.now, limitFactor: limitFactor,
                quirks: quirks))
    }

    func ask(
        _ path: String, _ query: [(name: String, value: String)] = [], method: String = "GET",
        key: String = "test_api_key", accept: String? = RecurlySite.version, host: String = "v3.recurly.com",
        at now: Date = RecurlySite.now
    ) -> SandboxResponse {
        var headers = [
            (name: "Authorization", value: "Basic " + Data((key + ":").utf8).base64EncodedString()),
            (name: "Host", value: host),
        ]
        if let accept { headers.append(("Accept", accept)) }
        return store.respond(
            to: SandboxRequest(method: method, path: path, query: query, headers: headers), now: now)
    }

    /// What the connector makes of the answer.
    static func failure(_ answer: SandboxResponse, at now: Date = RecurlySite.now) -> UnifiedError? {
        let platform = RecurlyPlatform()
        let request = PlatformRequest(.get, path: "/plans", route: "/plans", purpose: "list", demands: [])
        return platform.ownRules.failure(
            in: Exchange(request: request, response: response(answer, at: now)), now: now, operation: "list",
            resource: "plans")
    }

    static func response(_ answer: SandboxResponse, at now: Date = RecurlySite.now) -> PlatformResponse {
        PlatformResponse(
            status: answer.status, headers: answer.headers, body: PaddedBytes(answer.body), requestedAt: now)
    }
}

extension SandboxResponse {
    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    var object: [String: Any] {
        get throws { try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] ?? [:] }
    }

    var records: [[String: Any]] {
        get throws { try object["data"] as? [[String: Any]] ?? [] }
    }

    /// The query of the next page.
    var next: [(name: String, value: String)]? {
        get throws {
            guard let path = try object["next"] as? String else { return nil }
            return URLComponents(string: path)?.queryItems?.map { ($0.name, $0.value ?? "") }
        }
    }
}
