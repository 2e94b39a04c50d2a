import Foundation
import HTTP
import LocalServers
import TestKit

/// localstripe: a stateful Stripe server that is not ours, spoken to through its own interface.
struct LocalstripeServer {
    let process: ChildProcess
    let url: String
    private let http: HTTPClient

    struct Failure: Error, CustomStringConvertible { let description: String }

    static let apiKey = "sk_test_12345"

    /// Where the test command installs it; nil when it is not there.
    static var python: String? {
        let path = Places.package + "/.portolan/venv/bin/python3"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    static func start() async throws -> LocalstripeServer {
        guard let python else {
            throw Failure(description: "localstripe is not installed: run scripts/setup.sh --tests")
        }
        let process = try await ChildProcess.start(
            Command(
                python, [Places.package + "/Tests/Support/localstripe_server.py", "0"], output: .lines, errors: .discard
            ))
        for await line in process.outputLines {
            guard let port = Int(line) else { continue }
            return LocalstripeServer(
                process: process, url: "http://127.0.0.1:\(port)", http: try HTTPClient(HTTPClientConfiguration()))
        }
        throw Failure(description: "localstripe ended before it listened")
    }

    func stop() async {
        process.kill()
        _ = await process.waitForExit()
        await http.shutdown(within: .seconds(1))
    }

    /// Posts a form and gives the object back.
    @discardableResult
    func post(_ path: String, _ form: [(String, String)] = []) async throws -> [String: Any] {
        let body = form.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&")
        return try await call(.post, path, Array(body.utf8))
    }

    func get(_ path: String) async throws -> [String: Any] { try await call(.get, path, nil) }

    func delete(_ path: String) async throws { _ = try await call(.delete, path, nil) }

    /// Every object of a list, by id, as the server itself shows it.
    func list(_ path: String) async throws -> [String: Data] {
        var all: [String: Data] = [:]
        var after: String?
        while true {
            let separator = path.contains("?") ? "&" : "?"
            let page = try await get(path + separator + "limit=100" + (after.map { "&starting_after=\($0)" } ?? ""))
            let objects = page["data"] as? [[String: Any]] ?? []
            for object in objects {
                guard let id = object["id"] as? String else { continue }
                all[id] = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
            }
            guard page["has_more"] as? Bool == true, let last = objects.last?["id"] as? String else { return all }
            after = last
        }
    }

    private func call(_ method: HTTPMethod, _ path: String, _ body: [UInt8]?) async throws -> [String: Any] {
        var headers: HTTPHeaders = ["Authorization": "Bearer \(Self.apiKey)"]
        if body != nil { headers.append(name: "Content-Type", value: "application/x-www-form-urlencoded") }
        let answer = try await http.execute(HTTPRequest(method: method, url: url + path, headers: headers, body: body))
        guard (200..<300).contains(answer.status) else {
            throw Failure(
                description:
                    "\(method) \(path): \(answer.status) \(String(decoding: answer.body.prefix(500), as: UTF8.self))")
        }
        return try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] ?? [:]
    }

    private func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }
}
