import Connections
import Foundation
import RawJSON
import Testing

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
    private var settings: [String: String] = [:]
    /// What the sweep that is under way has seen, by resource, and the pages that were read since it began.
    private var sweeps: [String: (startedAt: Date, seen: Set<String>)] = [:]
    private var fetchedAt: [String: Date] = [:]

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
            let read = StreamRead(resource: resource, cursor: cursors[resource], settings: settings, now: now)
            let step = try platform.nextStep(in: read)
            let exchanges = try step.requests.map(send)
            now += 0.5
            if let reader = step.reader, exchanges[0].response.status == 200 {
                if try download(exchanges[0].response, reader, resource) { return }
                continue
            }
            let page: Page
            switch platform.meaning(of: exchanges, in: read.later(by: 0.5)) {
            case .success(let found): page = found
            case .failure(let failure):
                guard let next = failure.goOnWith else { throw failure }
                cursors[resource] = next
                continue
            }
            // Only what is held and given to the platform as a whole can be given to it again, spoilt.
            if step.reader == nil { steps.append(ConformanceTranscript.Step(read: read, exchanges: exchanges)) }
            try keep(page, resource)
            if page.isCaughtUp { return }
        }
        throw Failure.doesNotEnd(resource)
    }

    /// In pieces that have nothing to do with what is in them. Says whether the stream is caught up.
    private func download(
        _ answer: PlatformResponse, _ first: any DocumentReader, _ resource: String
    ) throws -> Bool {
        var reader = first
        try reader.begin(
            PlatformResponse(
                status: answer.status, headers: answer.headers, body: PaddedBytes([]), requestedAt: answer.requestedAt))
        var isCaughtUp = false
        func drain() throws {
            while let page = reader.nextPage() {
                try keep(page, resource)
                isCaughtUp = page.isCaughtUp
            }
        }
        let bytes = [UInt8](answer.body.bytes)
        for start in stride(from: 0, to: bytes.count, by: 777) {
            try reader.take(Array(bytes[start..<min(start + 777, bytes.count)]))
            try drain()
        }
        try reader.finish()
        try drain()
        return isCaughtUp
    }

    private func keep(_ page: Page, _ resource: String) throws {
        for record in page.records {
            guard let stored = platform.neverStored.strip(record) else { throw Failure.unreadable(record.id) }
            held["\(record.resource) \(record.id)"] = stored.payload.array
            fetchedAt["\(record.resource) \(record.id)"] = record.fetchedAt
            names.insert(record.resource)
        }
        for deletion in page.deletions { held["\(deletion.resource) \(deletion.id)"] = nil }
        if let sweep = page.sweep { keep(sweep, page) }
        settings.merge(page.discoveries) { $1 }
        cursors[resource] = page.cursor
        if let next = page.resumeAt { now = max(now, next) }
        if page.isCaughtUp { syncedThrough = page.syncedThrough }
    }

    /// As the database does it: what was there before the sweep began, and was not seen by it, is gone.
    private func keep(_ sweep: SweepPart, _ page: Page) {
        for resource in sweep.resources {
            var seen = sweeps[resource].flatMap { $0.startedAt == sweep.startedAt ? $0.seen : nil } ?? []
            seen.formUnion(page.records.filter { $0.resource == resource }.map(\.id))
            seen.formUnion(sweep.seen.filter { $0.resource == resource }.map(\.id))
            sweeps[resource] = (sweep.startedAt, seen)
            guard sweep.isComplete else { continue }
            for key in held.keys where key.hasPrefix(resource + " ") {
                let isOld = fetchedAt[key].map { $0 < sweep.startedAt } ?? true
                if isOld, !seen.contains(String(key.dropFirst(resource.count + 1))) { held[key] = nil }
            }
            sweeps[resource] = nil
        }
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

    private func send(_ request: PlatformRequest) throws -> Exchange {
        let answer = store.respond(to: try outgoing(request), now: now)
        return Exchange(
            request: request,
            response: PlatformResponse(
                status: answer.status, headers: answer.headers, body: PaddedBytes(answer.body), requestedAt: now))
    }

    private func outgoing(_ request: PlatformRequest) throws -> SandboxRequest {
        if let url = request.url {
            let parts = try #require(URLComponents(string: url))
            let query = (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }
            return SandboxRequest(method: "GET", path: parts.path, query: query, headers: request.headers)
        }
        let method = platform.authentication.methods[0]
        var values = Dictionary(uniqueKeysWithValues: method.fields.map { ($0.name, Secret("test_" + $0.name)) })
        if method.grant != nil, let token = store.tokens?.authorise(now: now).access {
            values[TokenGrant.tokenField] = Secret(token)
        }
        let placement = request.placement.flatMap { method.alternatives[$0] } ?? method.placement
        let addition = try Authorizer(placement, values: values).authorize(
            Authorizer.Request(
                method: request.method.rawValue, url: "https://sandbox.invalid" + request.path, query: request.query),
            nonce: "\(steps.count)", now: now)
        return SandboxRequest(
            method: request.method.rawValue, path: request.path, query: request.query + addition.query,
            headers: request.headers + addition.headers, body: request.body ?? [])
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
