import Documents
import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// A simulated seller, and what the connector makes of it: every step by hand.
final class AmazonSeller {
    enum Failure: Error { case doesNotEnd }

    let platform = AmazonPlatform()
    let store: AmazonSandboxStore
    var now = MerchantWalk.start
    var settings: [String: String] = [:]
    var cursors: [String: Cursor] = [:]
    private(set) var held: [String: Record] = [:]
    private(set) var flags: [UnifiedError] = []
    private(set) var failures: [UnifiedError] = []
    private(set) var pages: [Page] = []
    private(set) var requests: [PlatformRequest] = []
    /// Puts something in the place of an answer.
    var spoil: (PlatformRequest, PlatformResponse) -> PlatformResponse = { $1 }
    /// Documents end after so many bytes, as when a connection breaks.
    var cutAfter: Int?

    static let credentials = [
        "client_id": "test_id", "client_secret": "test_secret", "refresh_token": "test_refresh",
    ]

    init(
        orders: Int = 60, sizes: [String: Int] = [:], quirks: [String: String] = [:], limitFactor: Double = 1_000_000
    ) {
        store = AmazonSandboxStore(
            SandboxOptions(
                seed: 7, sizes: ["orders": orders].merging(sizes) { $1 }, credentials: Self.credentials,
                startsAt: MerchantWalk.start, limitFactor: limitFactor, quirks: quirks))
    }

    /// Reads a stream until it is caught up.
    func run(_ resource: String, stepsMax: Int = 3000) throws {
        for _ in 0..<stepsMax { if try step(resource) { return } }
        throw Failure.doesNotEnd
    }

    /// One step; says whether the stream is caught up.
    @discardableResult func step(_ resource: String) throws -> Bool {
        let read = StreamRead(resource: resource, cursor: cursors[resource], settings: settings, now: now)
        let step = try platform.nextStep(in: read)
        requests += step.requests
        let exchanges = step.requests.map { Exchange(request: $0, response: spoil($0, send($0))) }
        now += 0.3
        if let reader = step.reader, exchanges[0].response.status == 200 {
            return try download(reader, exchanges[0].response, resource)
        }
        do throws(ReadFailure) {
            let page = try platform.page(from: exchanges, in: read)
            keep(page, resource)
            return page.isCaughtUp
        } catch {
            failures.append(error.error)
            guard let next = error.goOnWith else { throw error }
            cursors[resource] = next
            return false
        }
    }

    private func download(
        _ first: any DocumentReader, _ answer: PlatformResponse, _ resource: String
    ) throws -> Bool {
        var reader = first
        var isCaughtUp = false
        try reader.begin(
            PlatformResponse(
                status: 200, headers: answer.headers, body: PaddedBytes([]), requestedAt: answer.requestedAt))
        let bytes = answer.body.bytes.prefix(cutAfter ?? .max)
        for start in stride(from: 0, to: bytes.count, by: 100) {
            try reader.take(Array(bytes[start..<min(start + 100, bytes.count)]))
            while let page = reader.nextPage() {
                keep(page, resource)
                isCaughtUp = page.isCaughtUp
            }
        }
        // A broken connection is no end of a document.
        if cutAfter != nil { return false }
        try reader.finish()
        while let page = reader.nextPage() {
            keep(page, resource)
            isCaughtUp = page.isCaughtUp
        }
        return isCaughtUp
    }

    private func keep(_ page: Page, _ resource: String) {
        pages.append(page)
        for record in page.records { held["\(record.resource) \(record.id)"] = record }
        if let sweep = page.sweep, sweep.isComplete {
            for (key, record) in held where record.resource == resource && record.fetchedAt < sweep.startedAt {
                held[key] = nil
            }
        }
        flags += page.flags
        settings.merge(page.discoveries) { $1 }
        cursors[resource] = page.cursor
        if let next = page.resumeAt { now = max(now, next) }
    }

    private func send(_ request: PlatformRequest) -> PlatformResponse {
        var headers = request.headers
        var path = request.path
        var query = request.query
        if let url = request.url {
            let parts = URLComponents(string: url)
            path = parts?.path ?? ""
            query = (parts?.queryItems ?? []).map { ($0.name, $0.value ?? "") }
        } else {
            headers.append((AmazonAuthentication.header, store.tokens?.authorise(now: now).access ?? ""))
        }
        let answer = store.respond(
            to: SandboxRequest(
                method: request.method.rawValue, path: path, query: query, headers: headers, body: request.body ?? []),
            now: now)
        return PlatformResponse(
            status: answer.status, headers: answer.headers, body: PaddedBytes(answer.body), requestedAt: now)
    }

    /// Whether what is held of a resource is what is true.
    func isTrue(_ resource: String) -> Bool {
        let truth = Dictionary(
            store.truth(resource: resource).map { ("\($0.resource) \($0.id)", $0.payload) }, uniquingKeysWith: { $1 })
        let names = Set(truth.keys.map { $0.prefix { $0 != " " } }).union([resource[...]])
        let mine = held.filter { names.contains($0.key.prefix { $0 != " " }) }.mapValues(\.payload.array)
        return mine == truth
    }

    func count(_ resource: String) -> Int { held.keys.count { $0.hasPrefix(resource + " ") } }

    func asked(_ operation: AmazonOperation) -> Int {
        requests.count { $0.demands.first?.bucket == operation.rawValue }
    }
}

func answer(
    _ status: Int, _ body: String, _ headers: [(name: String, value: String)] = [], at: Date = MerchantWalk.start
) -> PlatformResponse {
    PlatformResponse(status: status, headers: headers, body: PaddedBytes(Array(body.utf8)), requestedAt: at)
}
