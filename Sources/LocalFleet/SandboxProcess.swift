internal import Foundation
internal import HTTP
package import LocalServers
internal import Sandbox
internal import Synchronization

/// A sandbox in a process of its own, spoken to over its control interface.
package final class SandboxProcess: Sendable {
    /// Example: `http://127.0.0.1:41234`
    package let url: String
    private let current: Mutex<ChildProcess>
    private let executable: String
    private let folder: String
    private let http: HTTPClient

    /// The process as it runs now; another one after a restart.
    package var process: ChildProcess { current.withLock { $0 } }

    /// A store as the sandbox tells it. The credentials are made up.
    package struct Store: Sendable, Decodable {
        package let platform: String
        package let name: String
        package let baseURL: String
        package let credentials: [String: String]
        package let resources: [String]

        enum CodingKeys: String, CodingKey {
            case platform, name, credentials, resources
            case baseURL = "base_url"
        }
    }

    /// Counts of one store, by the store itself and by the server in front of it.
    package struct Counters: Sendable, Decodable {
        package let platform: String
        package let name: String
        package let requests: Int
        package let throttled: Int
        package let refused: Int
    }

    /// What went wrong between us and the sandbox.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private init(_ process: ChildProcess, url: String, executable: String, folder: String, http: HTTPClient) {
        current = Mutex(process)
        self.url = url
        self.executable = executable
        self.folder = folder
        self.http = http
    }

    static func start(
        executable: String, plan: SandboxPlan, folder: String, http: HTTPClient
    ) async throws -> SandboxProcess {
        try JSONEncoder().encode(plan).write(to: URL(filePath: folder + "/sandbox-plan.json"))
        let (process, url) = try await spawn(executable, folder: folder, port: "0")
        return SandboxProcess(process, url: url, executable: executable, folder: folder, http: http)
    }

    /// Starts it again at the same address after it was killed. Its stores are made anew from the plan's seed.
    package func restart() async throws {
        let port = url.split(separator: ":").last.map(String.init) ?? "0"
        let (process, _) = try await Self.spawn(executable, folder: folder, port: port)
        current.withLock { $0 = process }
    }

    private static func spawn(
        _ executable: String, folder: String, port: String
    ) async throws -> (ChildProcess, url: String) {
        let process = try await ChildProcess.start(
            Command(
                executable, ["sandbox", "--port", port, "--plan", folder + "/sandbox-plan.json"], output: .lines,
                errors: .file(folder + "/sandbox.log")))
        let mark = "sandbox listening on "
        for await line in process.outputLines where line.hasPrefix(mark) {
            return (process, String(line.dropFirst(mark.count)))
        }
        throw Failure(description: "the sandbox ended before it listened; see \(folder)/sandbox.log")
    }

    package func stores() async throws -> [Store] {
        struct Answer: Decodable { let stores: [Store] }
        return try JSONDecoder().decode(Answer.self, from: try await get("/_sandbox/stores")).stores
    }

    package func counters() async throws -> [Counters] {
        struct Answer: Decodable { let stores: [Counters] }
        return try JSONDecoder().decode(Answer.self, from: try await get("/_sandbox/counters")).stores
    }

    /// What a complete sync of the resource holds: external id and payload, by raw resource.
    package func truth(of store: Store, resource: String) async throws -> [(
        resource: String, id: String, payload: String
    )] {
        let data = try await get("/_sandbox/stores/\(store.platform)/\(store.name)/truth?resource=\(resource)")
        return try data.split(separator: UInt8(ascii: "\n")).map { line in
            guard let object = try JSONSerialization.jsonObject(with: line) as? [String: Any],
                let id = object["id"] as? String, let resource = object["resource"] as? String,
                let start = line.firstRange(of: Data("\"payload\":".utf8))
            else { throw Failure(description: "the sandbox told a truth that cannot be read") }
            return (resource, id, String(decoding: line[start.upperBound...].dropLast(), as: UTF8.self))
        }
    }

    package func change(_ store: Store, count: Int) async throws {
        try await send(.post, "/_sandbox/stores/\(store.platform)/\(store.name)/change", "{\"count\": \(count)}")
    }

    /// - Parameter faults: a JSON list, as docs/sandbox.md describes it.
    package func setFaults(_ store: Store, _ faults: String) async throws {
        try await send(.put, "/_sandbox/stores/\(store.platform)/\(store.name)/faults", faults)
    }

    private func get(_ path: String) async throws -> Data {
        let answer = try await http.execute(HTTPRequest(url: url + path, responseBytesMax: 2 << 30))
        guard answer.status == 200 else {
            throw Failure(description: "the sandbox answered \(answer.status) to \(path)")
        }
        return Data(answer.body)
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: String) async throws {
        let request = HTTPRequest(
            method: method, url: url + path, headers: ["Content-Type": "application/json"], body: Array(body.utf8))
        let answer = try await http.execute(request)
        guard answer.status == 200 else {
            throw Failure(
                description:
                    "the sandbox answered \(answer.status): \(String(decoding: answer.body.prefix(300), as: UTF8.self))"
            )
        }
    }
}
