import Foundation
import RawJSON

@testable import Platforms

/// What was asked and answered while every stream of a simulated merchant was read twice, with an hour and many changes
/// in between.
struct ConformanceTranscript: Sendable {
    struct Step: Sendable {
        let read: StreamRead
        let exchanges: [Exchange]

        var answerBytes: Int { exchanges.reduce(0) { $0 + $1.response.body.count } }
    }

    let steps: [Step]
    /// Identifiers of the records that were read.
    let ids: Set<String>

    /// Made once, because it takes a while and is only looked at.
    private static let all = Dictionary(
        uniqueKeysWithValues: allPlatforms.map { platform in
            (platform.key, Result { try ConformanceTranscript(platform) })
        })

    static func of(_ platform: any Platform) throws -> ConformanceTranscript {
        guard let transcript = all[platform.key] else { throw ConformanceWalk.Failure.unknown(platform.key) }
        return try transcript.get()
    }

    private init(_ platform: any Platform) throws {
        let walk = ConformanceWalk(platform)
        for resource in platform.resources { try walk.run(resource.name) }
        walk.change(count: 400)
        for resource in platform.resources { try walk.run(resource.name) }
        steps = walk.steps
        ids = Set(
            walk.held.keys.flatMap { $0.split(separator: " ").last?.split(separator: "/") ?? [] }.map(String.init))
    }

    var requests: [PlatformRequest] { steps.flatMap { $0.exchanges.map(\.request) } }

    /// One step of each resource for everything a request is made for: the one with the shortest answers.
    var distinctSteps: [Step] {
        let kinds = Dictionary(grouping: steps) { step in
            let request = step.exchanges.first?.request
            return "\(step.read.resource) \(request?.route ?? "") \(request?.purpose ?? "") \(step.read.cursor == nil)"
        }
        return kinds.sorted { $0.key < $1.key }.compactMap { kind in
            kind.value.min { $0.answerBytes < $1.answerBytes }
        }
    }
}

/// Reads a simulated merchant of any platform and keeps what was asked and answered.
final class ConformanceWalk {
    enum Failure: Error { case doesNotEnd(String), unknown(String), unreadable(String) }

    let platform: any Platform
    let store: any SandboxStore
    private(set) var now = ConformanceWalk.start
    private(set) var steps: [ConformanceTranscript.Step] = []
    private(set) var held: [String: [UInt8]] = [:]
    private(set) var names: Set<String> = []
    private(set) var syncedThrough: Date?
    private var cursors: [String: Cursor] = [:]

    static let start = Date(timeIntervalSince1970: 1_790_000_000)

    init(_ platform: any Platform, sizes: [String: Int] = ConformanceWalk.sizes) {
        self.platform = platform
        let credentials = platform.authentication.methods[0].fields.map { ($0.name, "test_" + $0.name) }
        store = platform.makeSandboxStore(
            SandboxOptions(
                seed: 21, sizes: sizes, credentials: Dictionary(uniqueKeysWithValues: credentials),
                startsAt: Self.start, limitFactor: 1_000_000))
    }

    private static let sizes = [
        "orders": 220, "products": 30, "customers": 130, "invoices": 130, "subscriptions": 110, "charges": 120,
        "refunds": 40, "balance_transactions": 130, "payment_intents": 40, "prices": 20, "plans": 20,
    ]

    static func read(_ resource: String, _ cursor: Cursor?) -> StreamRead {
        StreamRead(resource: resource, cursor: cursor, now: start)
    }

    func run(_ resource: String, stepsMax: Int = 3000) throws {
        for _ in 0..<stepsMax {
            let read = StreamRead(resource: resource, cursor: cursors[resource], now: now)
            let exchanges = try platform.nextStep(in: read).requests.map(send)
            now += 0.5
            let page: Page
            switch platform.meaning(of: exchanges, in: read.later(by: 0.5)) {
            case .success(let found): page = found
            case .failure(let failure):
                guard let next = failure.goOnWith else { throw failure }
                cursors[resource] = next
                continue
            }
            steps.append(ConformanceTranscript.Step(read: read, exchanges: exchanges))
            for record in page.records {
                guard let stored = platform.neverStored.strip(record) else { throw Failure.unreadable(record.id) }
                held["\(record.resource) \(record.id)"] = stored.payload.array
                names.insert(record.resource)
            }
            for deletion in page.deletions { held["\(deletion.resource) \(deletion.id)"] = nil }
            cursors[resource] = page.cursor
            if page.isCaughtUp {
                syncedThrough = page.syncedThrough
                return
            }
        }
        throw Failure.doesNotEnd(resource)
    }

    /// An hour passes, the merchant's records change, and a minute passes.
    func change(count: Int) {
        now += 3600
        store.change(count: count, now: now)
        now += 60
    }

    func truth(_ resource: String) -> [String: [UInt8]] {
        Dictionary(
            store.truth(resource: resource).map { ("\($0.resource) \($0.id)", $0.payload) }, uniquingKeysWith: { $1 })
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

    // MARK: - In words, to compare

    static func words(_ request: PlatformRequest) -> String {
        let query = request.query.map { "\($0.name)=\($0.value)" }
        return "\(request.method) \(request.path) \(query) \(String(decoding: request.body ?? [], as: UTF8.self))"
    }

    static func words(_ record: Record) -> String {
        "\(record.resource) \(record.id) \(record.updatedAt?.description ?? "") \(record.fetchedAt) \(record.payload.text)"
    }
}

extension StreamRead {
    fileprivate func with(_ cursor: Cursor?, at now: Date) -> StreamRead {
        StreamRead(resource: resource, cursor: cursor, settings: settings, now: now)
    }

    func later(by seconds: Double) -> StreamRead { with(cursor, at: now + seconds) }
    func going(on cursor: Cursor) -> StreamRead { with(cursor, at: now) }
}

extension Platform {
    /// ``page(from:in:)`` as a value, failures included.
    func meaning(of exchanges: [Exchange], in read: StreamRead) -> Result<Page, ReadFailure> {
        do throws(ReadFailure) { return .success(try page(from: exchanges, in: read)) } catch { return .failure(error) }
    }
}

extension Exchange {
    func answered(
        _ status: Int, _ body: [UInt8],
        headers: [(name: String, value: String)] = [("Content-Type", "application/json")]
    ) -> Exchange {
        Exchange(
            request: request,
            response: PlatformResponse(
                status: status, headers: headers, body: PaddedBytes(body), requestedAt: response.requestedAt))
    }
}
