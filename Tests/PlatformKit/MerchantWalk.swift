internal import Connections
package import Foundation
package import Platforms
internal import RawJSON

/// Reads a simulated merchant of any platform as a worker and its database would, and keeps what came of it: the one
/// driver behind the tests that hold for every platform and those of the views.
///
/// It signs requests by the platform's first method, follows documents, waits, sweeps and what is found out about the
/// server. Time is its own.
package final class MerchantWalk {
    package enum Failure: Error { case doesNotEnd(String), unknown(String), unreadable(String) }

    /// What was asked at one cursor, and answered.
    package struct Step: Sendable {
        package let read: StreamRead
        package let exchanges: [Exchange]

        package init(read: StreamRead, exchanges: [Exchange]) {
            self.read = read
            self.exchanges = exchanges
        }

        package var answerBytes: Int { exchanges.reduce(0) { $0 + $1.response.body.count } }
    }

    /// A stream, or what is read of its past.
    private struct Place: Hashable {
        let resource: String
        let isPast: Bool
    }

    package let platform: any Platform
    package let store: any SandboxStore
    package private(set) var now = MerchantWalk.start
    package private(set) var steps: [Step] = []
    /// What a store would hold, as stored: by resource and identifier, a space between.
    package private(set) var records: [String: Record] = [:]
    /// The resources that records came under.
    package private(set) var names: Set<String> = []
    package private(set) var flags: [UnifiedError] = []
    package private(set) var coverage: [Coverage] = []
    package private(set) var syncedThrough: Date?
    package private(set) var settings: [String: String]
    /// What the window that was begun last has brought.
    package private(set) var pastRecords: [String: Record] = [:]
    /// A page of a window spoke of a sweep, which is a stream's affair.
    package private(set) var pastSwept = false
    private var cursors: [Place: Cursor] = [:]
    /// What the sweep that is under way has seen, by resource.
    private var sweeps: [String: (startedAt: Date, seen: Set<String>)] = [:]
    private let method: Authentication.Method

    package static let start = Date(timeIntervalSince1970: 1_790_000_000)

    /// Sizes that make every list more than a page.
    package static let sizes = [
        "orders": 220, "products": 30, "customers": 130, "invoices": 130, "subscriptions": 110, "charges": 120,
        "refunds": 40, "balance_transactions": 130, "payment_intents": 40, "prices": 20, "plans": 20,
    ]

    package init(
        _ platform: any Platform, seed: UInt64 = 21, sizes: [String: Int] = MerchantWalk.sizes,
        spoiltShare: Double = 0, quirks: [String: String] = [:]
    ) {
        self.platform = platform
        method = platform.authentication.methods[0]
        settings = Self.settings(of: platform)
        let credentials = method.fields.map { ($0.name, "test_" + $0.name) }
        store = platform.makeSandboxStore(
            SandboxOptions(
                seed: seed, sizes: sizes, credentials: Dictionary(uniqueKeysWithValues: credentials),
                startsAt: Self.start, limitFactor: 1_000_000, spoiltShare: spoiltShare, quirks: quirks))
    }

    /// Another reader of the same merchant, who has read nothing yet.
    package init(beside other: MerchantWalk) {
        (platform, method, store) = (other.platform, other.method, other.store)
        (settings, now) = (other.settings, other.now)
    }

    /// What a person has to say, said.
    package static func settings(of platform: any Platform) -> [String: String] {
        let said = platform.settings.filter { $0.standard == nil }.map { ($0.name, $0.example) }
        return Dictionary(uniqueKeysWithValues: said)
    }

    /// The payloads of ``records``.
    package var held: [String: [UInt8]] { records.mapValues(\.payload.array) }

    /// What a complete and correct sync holds now.
    package func truth(_ resource: String) -> [String: [UInt8]] {
        Dictionary(
            store.truth(resource: resource).map { ("\($0.resource) \($0.id)", $0.payload) }, uniquingKeysWith: { $1 })
    }

    /// An hour passes, the merchant's records change, and a minute passes.
    package func change(count: Int) {
        now += 3600
        store.change(count: count, now: now)
        now += 60
    }

    package func pass(_ seconds: Double) { now += seconds }

    /// Reads a stream until it is caught up.
    package func run(_ resource: String, stepsMax: Int = 5000) throws {
        for _ in 0..<stepsMax { if try step(resource) { return } }
        throw Failure.doesNotEnd(resource)
    }

    /// Asks once. Says whether the stream is caught up.
    ///
    /// - Throws: a ``ReadFailure`` that says no way to go on.
    package func step(_ resource: String) throws -> Bool {
        try step(Place(resource: resource, isPast: false))
    }

    private func step(_ place: Place) throws -> Bool {
        let read = read(place)
        let step = try platform.nextStep(in: read)
        let exchanges = try step.requests.map(send)
        now += 0.5
        if let reader = step.reader, exchanges[0].response.status == 200 {
            return try download(exchanges[0].response, reader, place)
        }
        let later = StreamRead(resource: place.resource, cursor: read.cursor, settings: settings, now: now)
        let page: Page
        do throws(ReadFailure) {
            page = try platform.page(from: exchanges, in: later)
        } catch {
            guard let next = error.goOnWith else { throw error }
            flags.append(error.error)
            cursors[place] = next
            return false
        }
        // Only what is held and given to the platform as a whole can be given to it again, spoilt.
        if step.reader == nil { steps.append(Step(read: read, exchanges: exchanges)) }
        try keep(page, place)
        return page.isCaughtUp
    }

    // MARK: - The past

    /// Begins the stream at a time, as though all that is older had been read.
    package func start(_ resource: String, at start: Date) throws {
        let place = Place(resource: resource, isPast: false)
        cursors[place] = try platform.cursor(startingAt: start, in: read(place))
    }

    /// Begins the read of a window, beside the stream's own.
    package func begin(_ window: Window, of resource: String) throws {
        let stream = read(Place(resource: resource, isPast: false))
        let cursor = try platform.cursor(reading: window, in: stream)
        cursors[Place(resource: resource, isPast: true)] = cursor
        pastRecords = [:]
    }

    /// Asks once for the window that was begun. Says whether it was read to its end.
    package func stepPast(_ resource: String) throws -> Bool {
        try step(Place(resource: resource, isPast: true))
    }

    /// The same, but the worker ends before it can store what came; the request was made all the same.
    package func stepPastInVain(_ resource: String) throws {
        let place = Place(resource: resource, isPast: true)
        for request in try platform.nextStep(in: read(place)).requests { _ = try send(request) }
        now += 0.5
    }

    package func run(_ window: Window, of resource: String, stepsMax: Int = 5000) throws {
        try begin(window, of: resource)
        for _ in 0..<stepsMax { if try stepPast(resource) { return } }
        throw Failure.doesNotEnd("\(resource) from \(window.from?.description ?? "ever") to \(window.to)")
    }

    private func read(_ place: Place) -> StreamRead {
        StreamRead(resource: place.resource, cursor: cursors[place], settings: settings, now: now)
    }

    /// In pieces that have nothing to do with what is in them.
    private func download(
        _ answer: PlatformResponse, _ first: any DocumentReader, _ place: Place
    ) throws -> Bool {
        var reader = first
        try reader.begin(
            PlatformResponse(
                status: answer.status, headers: answer.headers, body: PaddedBytes([]), requestedAt: answer.requestedAt))
        var isCaughtUp = false
        func drain() throws {
            while let page = reader.nextPage() {
                try keep(page, place)
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

    private func keep(_ page: Page, _ place: Place) throws {
        for record in page.records {
            guard let stored = platform.neverStored.strip(record) else { throw Failure.unreadable(record.id) }
            records["\(record.resource) \(record.id)"] = stored
            names.insert(record.resource)
            if place.isPast { pastRecords["\(record.resource) \(record.id)"] = stored }
        }
        for deletion in page.deletions { records["\(deletion.resource) \(deletion.id)"] = nil }
        if let sweep = page.sweep {
            if place.isPast { pastSwept = true } else { keep(sweep, page) }
        }
        flags += page.flags
        coverage += page.coverage
        settings.merge(page.discoveries) { $1 }
        cursors[place] = page.cursor
        if let next = page.resumeAt { now = max(now, next) }
        if page.isCaughtUp, !place.isPast { syncedThrough = page.syncedThrough }
    }

    /// As the database does it: what was there before the sweep began, and was not seen by it, is gone.
    private func keep(_ sweep: SweepPart, _ page: Page) {
        for resource in sweep.resources {
            var seen = sweeps[resource].flatMap { $0.startedAt == sweep.startedAt ? $0.seen : nil } ?? []
            seen.formUnion(page.records.filter { $0.resource == resource }.map(\.id))
            seen.formUnion(sweep.seen.filter { $0.resource == resource }.map(\.id))
            sweeps[resource] = (sweep.startedAt, seen)
            guard sweep.isComplete else { continue }
            for (key, record) in records where record.resource == resource {
                if record.fetchedAt < sweep.startedAt, !seen.contains(record.id) { records[key] = nil }
            }
            sweeps[resource] = nil
        }
    }

    // MARK: - Requests

    private func send(_ request: PlatformRequest) throws -> Exchange {
        let answer = store.respond(to: try outgoing(request), now: now)
        return Exchange(
            request: request,
            response: PlatformResponse(
                status: answer.status, headers: answer.headers, body: PaddedBytes(answer.body), requestedAt: now))
    }

    private func outgoing(_ request: PlatformRequest) throws -> SandboxRequest {
        if let url = request.url {
            guard let parts = URLComponents(string: url) else { throw Failure.unknown(url) }
            let query = (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }
            return SandboxRequest(method: "GET", path: parts.path, query: query, headers: request.headers)
        }
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
}
