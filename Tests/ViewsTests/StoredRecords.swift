import Foundation
import Platforms
import RawJSON

/// A record as the store would hold it: what a worker lifts out of it, and its JSON.
struct StoredRecord: Sendable {
    var resource: String
    var id: String
    var updatedAt: Date?
    var createdAt: Date?
    var payload: [UInt8]

    /// Identifier of the record it belongs to, for a page of a list that is inside another record.
    var parentID: String? { id.contains("/") ? String(id.split(separator: "/")[0]) : nil }
}

/// What a complete read of a simulated merchant brings, read by the platform's own connector.
struct SandboxWalk {
    enum Failure: Error { case doesNotEnd(String), differsFromTruth(String) }

    let platform: any Platform
    let store: any SandboxStore
    private var now = Self.start

    static let start = Date(timeIntervalSince1970: 1_790_000_000)

    init(_ platform: any Platform, seed: UInt64, sizes: [String: Int], spoiltShare: Double) {
        self.platform = platform
        let credentials = platform.authentication.methods[0].fields.map { ($0.name, "test_" + $0.name) }
        store = platform.makeSandboxStore(
            SandboxOptions(
                seed: seed, sizes: sizes, credentials: Dictionary(uniqueKeysWithValues: credentials),
                startsAt: Self.start, limitFactor: 1_000_000, spoiltShare: spoiltShare))
    }

    /// Every record of every stream, compared with what the store says is true.
    mutating func records() throws -> [StoredRecord] {
        try platform.resources.flatMap { try records(of: $0.name) }
    }

    private mutating func records(of resource: String) throws -> [StoredRecord] {
        var found: [String: StoredRecord] = [:]
        var cursor: Cursor?
        for _ in 0..<5000 {
            let step = try platform.nextStep(in: StreamRead(resource: resource, cursor: cursor, now: now))
            let exchanges = step.requests.map(send)
            now += 1
            let page: Page
            do {
                page = try platform.page(
                    from: exchanges, in: StreamRead(resource: resource, cursor: cursor, now: now))
            } catch let failure {
                guard let next = failure.goOnWith else { throw failure.error }
                cursor = next
                continue
            }
            for record in page.records.compactMap({ platform.neverStored.strip($0) }) {
                found["\(record.resource) \(record.id)"] = StoredRecord(
                    resource: record.resource, id: record.id, updatedAt: record.updatedAt,
                    createdAt: record.createdAt, payload: record.payload.array)
            }
            cursor = page.cursor
            if page.isCaughtUp { return try checked(found, against: store.truth(resource: resource)) }
        }
        throw Failure.doesNotEnd(resource)
    }

    private func checked(
        _ found: [String: StoredRecord], against truth: [SandboxRecord]
    ) throws -> [StoredRecord] {
        let expected = Dictionary(truth.map { ("\($0.resource) \($0.id)", $0.payload) }, uniquingKeysWith: { $1 })
        guard expected.count == found.count, expected.allSatisfy({ found[$0.key]?.payload == $0.value }) else {
            throw Failure.differsFromTruth(truth.first?.resource ?? platform.key)
        }
        return found.values.sorted { ($0.resource, $0.id) < ($1.resource, $1.id) }
    }

    private func send(_ request: PlatformRequest) -> Exchange {
        let answer = store.respond(
            to: SandboxRequest(
                method: request.method.rawValue, path: request.path, query: request.query,
                headers: request.headers + [credentialHeader], body: request.body ?? []), now: now)
        return Exchange(
            request: request,
            response: PlatformResponse(
                status: answer.status, headers: answer.headers, body: PaddedBytes(answer.body), requestedAt: now))
    }

    private var credentialHeader: (name: String, value: String) {
        switch platform.authentication.methods[0].placement {
        case .header(let name, let field): return (name, "test_" + field)
        case .bearer(let field): return ("Authorization", "Bearer test_" + field)
        case .basic(let user, let password):
            let pair = "test_\(user):" + (password.map { "test_" + $0 } ?? "")
            return ("Authorization", "Basic " + Data(pair.utf8).base64EncodedString())
        case .scheme, .query, .oauth1, .byScheme: preconditionFailure("the walk does not sign in that way")
        }
    }
}

/// Sizes that give every resource some records, with long inner lists among them, in little time.
let smallSizes = [
    "orders": 160, "products": 24, "customers": 60, "invoices": 120, "subscriptions": 80, "charges": 90,
    "payment_intents": 60, "refunds": 40, "balance_transactions": 90, "prices": 30, "plans": 20,
]

/// The fixtures of a platform's folder that are one record each: `order.json` is one of the resource `orders`.
func fixtureRecords(of platform: any Platform) throws -> [StoredRecord] {
    let folder = platformFolder(of: platform).appending(path: "Fixtures")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().compactMap { file in
        guard file.hasSuffix(".json") else { return nil }
        let resource = file.dropLast(".json".count) + "s"
        guard platform.resource(String(resource)) != nil else { return nil }
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: file)))
        let root = try JSONDocument(PaddedBytes(bytes)).root
        guard let id = root["id"]?.identifier?.split(separator: "/").last else { return nil }
        return StoredRecord(resource: String(resource), id: String(id), payload: bytes)
    }
}

/// The folder a platform's files stand in, found by its views.
func platformFolder(of platform: any Platform) -> URL {
    let name = platformViewFiles.compactMap { $0.path.split(separator: "/").first }
        .first { $0.lowercased() == platform.key }
    return URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/Platforms/\(name.map(String.init) ?? platform.key)")
}
