import Foundation
import RawJSON

@testable import Platforms

/// What a correct store would hold after a read: newest fetch wins, deletions take away.
struct StripeHeld {
    var payloads: [String: [UInt8]] = [:]
    var deleted: [String: Deletion.Source] = [:]
    var flags: [UnifiedError] = []
    var degradation: UnifiedError?
    var syncedThrough: Date?
    var pages = 0
    var requests = 0
    var cursorBytesMax = 0
    var routes: [String: Int] = [:]

    static func key(_ resource: String, _ id: String) -> String { "\(resource) \(id)" }

    mutating func apply(_ page: Page) {
        for record in page.records.compactMap({ StripePlatform().neverStored.strip($0) }) {
            let key = Self.key(record.resource, record.id)
            payloads[key] = record.payload.array
            deleted[key] = nil
        }
        for deletion in page.deletions {
            let key = Self.key(deletion.resource, deletion.id)
            if payloads.removeValue(forKey: key) != nil { deleted[key] = deletion.source }
        }
        flags += page.flags
        degradation = page.degradation
        if let through = page.syncedThrough { syncedThrough = through }
        pages += 1
    }
}

/// Reads streams of a simulated account: next step, answers, page, until caught up.
final class StripeDriver {
    let platform = StripePlatform()
    let store: StripeSandboxStore
    var now: Date
    var held: [String: StripeHeld] = [:]
    var cursors: [String: Cursor] = [:]
    var key: String
    /// Time that passes with each step.
    var stepSeconds = 0.5
    /// Called before each request is answered.
    var onRequest: ((Int) -> Void)?
    /// Takes the place of the store's answer where it gives one.
    var intercept: ((PlatformRequest) -> SandboxResponse?)?
    private var requestCount = 0

    init(
        seed: UInt64 = 7, sizes: [String: Int] = [:], spoiltShare: Double = 0, startsAt: Date = StripeDriver.start,
        credentials: [String: String] = ["api_key": "rk_test_driver"]
    ) {
        store = StripeSandboxStore(
            SandboxOptions(
                seed: seed, sizes: sizes, credentials: credentials, startsAt: startsAt, spoiltShare: spoiltShare))
        now = startsAt
        key = credentials["api_key"] ?? ""
    }

    static let start = Date(timeIntervalSince1970: 1_780_000_000)

    func answer(_ request: PlatformRequest) -> Exchange {
        requestCount += 1
        onRequest?(requestCount)
        let sandboxRequest = SandboxRequest(
            method: request.method.rawValue, path: request.path, query: request.query,
            headers: request.headers + [("Authorization", "Bearer \(key)")])
        let response = intercept?(request) ?? store.respond(to: sandboxRequest, now: now)
        return Exchange(
            request: request,
            response: PlatformResponse(
                status: response.status, headers: response.headers, body: PaddedBytes(response.body), requestedAt: now))
    }

    /// One step from a cursor. Nothing is kept.
    func page(_ resource: String, _ cursor: Cursor?) throws -> (page: Page, requests: [PlatformRequest]) {
        let read = StreamRead(resource: resource, cursor: cursor, now: now)
        let step = try platform.nextStep(in: read)
        let exchanges = step.requests.map(answer)
        now += stepSeconds
        // The clock goes on between question and answer.
        let later = StreamRead(resource: resource, cursor: cursor, now: now)
        return (try platform.page(from: exchanges, in: later), step.requests)
    }

    /// Reads until caught up; at most `pagesMax` pages.
    @discardableResult
    func sync(_ resource: String, pagesMax: Int = 20_000, repeatingPages: Bool = false) throws -> StripeHeld {
        var held = held[resource] ?? StripeHeld()
        held.flags = []
        held.requests = 0
        held.pages = 0
        held.routes = [:]
        defer { self.held[resource] = held }
        for _ in 0..<pagesMax {
            let cursor = cursors[resource].map { Cursor(json: String($0.json)) }
            if repeatingPages { held.apply(try page(resource, cursor).page) }
            let (page, requests) = try page(resource, cursor)
            held.requests += requests.count
            for request in requests { held.routes[request.route, default: 0] += 1 }
            held.apply(page)
            held.cursorBytesMax = max(held.cursorBytesMax, page.cursor.json.utf8.count)
            cursors[resource] = page.cursor
            if page.isCaughtUp { return held }
        }
        throw DriverError.neverCaughtUp(resource)
    }

    enum DriverError: Error { case neverCaughtUp(String) }

    /// Where what is held differs from what there is, in words; empty when all is well.
    func differences(_ resource: String) -> [String] {
        var truth: [String: [UInt8]] = [:]
        for record in store.truth(resource: resource) {
            truth[StripeHeld.key(record.resource, record.id)] = record.payload
        }
        let have = held[resource]?.payloads ?? [:]
        var found: [String] = []
        for (key, payload) in truth {
            guard let own = have[key] else { found.append("missing \(key)"); continue }
            if own != payload { found.append("stale \(key)") }
        }
        for key in have.keys where truth[key] == nil { found.append("too many \(key)") }
        return found.sorted()
    }
}
