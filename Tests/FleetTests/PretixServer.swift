import Foundation
import HTTP
import LocalServers
import TestKit

/// pretix: a real ticket shop, used by real merchants, spoken to through its own interface.
struct PretixServer {
    /// The address of the shop.
    let url: String
    /// The token of its REST interface.
    let token: String
    /// The organizer's short name, part of every path.
    let organizer: String
    /// The events' short names; the last sells nothing.
    let events: [String]
    private let process: ChildProcess
    private let folder: TemporaryFolder
    private let controlURL: String
    private let http: HTTPClient

    struct Failure: Error, CustomStringConvertible { let description: String }

    /// What a run of random edits did, by the edit's name.
    struct Edits: Decodable {
        /// How often each was made.
        let done: [String: Int]
        /// How often each was refused by pretix, as not fitting the state of its object.
        let refused: [String: Int]
    }

    /// Where the test command installs it; nil when it or its empty database is not there.
    static var python: String? {
        let path = Places.package + "/.portolan/venv-pretix/bin/python3"
        let template = Places.package + "/.portolan/pretix-template/db.sqlite3"
        return [path, template].allSatisfy(FileManager.default.fileExists(atPath:)) ? path : nil
    }

    /// Starts a shop of its own that has products, but neither customers nor orders.
    static func start() async throws -> PretixServer {
        guard let python else { throw Failure(description: "pretix is not installed: run scripts/setup.sh --tests") }
        let folder = try TemporaryFolder(prefix: "portolan-pretix-")
        let errors = folder.path + "/errors.log"
        let process = try await ChildProcess.start(
            Command(
                python, [Places.package + "/Tests/Support/pretix_server.py", "0", folder.path + "/data"],
                output: .lines, errors: .file(errors)))
        for await line in process.outputLines {
            guard let ready = try? JSONDecoder().decode(Ready.self, from: Data(line.utf8)) else { continue }
            return PretixServer(
                url: "http://127.0.0.1:\(ready.port)", token: ready.token, organizer: ready.organizer,
                events: ready.events, process: process, folder: folder,
                controlURL: "http://127.0.0.1:\(ready.controlPort)", http: try HTTPClient(HTTPClientConfiguration()))
        }
        let said = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
        throw Failure(description: "pretix ended before it listened: \(said.suffix(1000))")
    }

    /// Ends the shop and removes all it held.
    func stop() async {
        process.kill()
        _ = await process.waitForExit()
        await http.shutdown(within: .seconds(1))
        try? await folder.remove()
    }

    /// Makes customers and orders; the same seed makes the same ones in a new shop.
    func fill(seed: UInt64, customers: Int, orders: Int) async throws {
        _ = try await control("fill", ["seed": seed, "customers": customers, "orders": orders])
    }

    /// Makes random edits: orders made, paid, refunded, cancelled, deleted; customers and products changed.
    func edit(seed: UInt64, edits: Int) async throws -> Edits {
        try JSONDecoder().decode(Edits.self, from: try await control("edit", ["seed": seed, "edits": edits]))
    }

    /// Gives the orders modified last one equal time of modification: now. Returns their codes.
    func tie(orders: Int) async throws -> [String] {
        let answer = try JSONSerialization.jsonObject(with: try await control("tie", ["orders": orders]))
        return (answer as? [String: Any])?["codes"] as? [String] ?? []
    }

    /// One call of the shop's REST interface; the path goes on from the organizer's.
    @discardableResult
    func call(_ method: HTTPMethod, _ path: String, _ body: [String: Any]? = nil) async throws -> Data {
        var arguments: [String: Any] = ["method": method.rawValue, "path": path]
        if let body { arguments["body"] = body }
        return try await control("call", arguments)
    }

    /// Everything in the shop as pretix itself shows it: by kind (`orders`, `items`, `customers`, ...), then by id.
    ///
    /// - Parameter query: goes along with each request for orders and order positions.
    func list(_ query: String = "include_canceled_positions=true&include_canceled_fees=true") async throws
        -> [String: [String: Data]]
    {
        var all: [String: [String: Data]] = [:]
        for line in try await control("list?" + query, nil).split(separator: UInt8(ascii: "\n")) {
            guard let found = try JSONSerialization.jsonObject(with: line) as? [String: Any],
                let kind = found["kind"] as? String, let id = found["id"] as? String, let object = found["object"]
            else { throw Failure(description: "a line of the list is not what it should be") }
            all[kind, default: [:]][id] = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
        }
        return all
    }

    private struct Ready: Decodable {
        let port: Int
        let controlPort: Int
        let token: String
        let organizer: String
        let events: [String]

        enum CodingKeys: String, CodingKey {
            case port, token, organizer, events
            case controlPort = "control_port"
        }
    }

    /// A call of the control port: with arguments it does something, without it asks.
    private func control(_ name: String, _ arguments: [String: Any]?) async throws -> Data {
        let body = try arguments.map { Array(try JSONSerialization.data(withJSONObject: $0)) }
        let answer = try await http.execute(
            HTTPRequest(
                method: body == nil ? .get : .post, url: "\(controlURL)/\(name)", body: body,
                // Hundreds of orders take minutes, and the answer comes at the end.
                limits: HTTPTimeLimits(firstByte: .seconds(600), total: .seconds(600)), sendsOnce: true))
        guard answer.status == 200 else {
            throw Failure(description: "\(name): \(String(decoding: answer.body.suffix(1000), as: UTF8.self))")
        }
        return Data(answer.body)
    }
}
