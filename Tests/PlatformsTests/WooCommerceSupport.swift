import Connections
import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// A shop of the sandbox, read by the platform.
struct WooCommerceShop {
    let walk: MerchantWalk
    let store: WooCommerceSandboxStore

    static let resources = WooCommerceStream.all.map(\.resource.name)
    static let sizes = ["orders": 260, "products": 24, "customers": 120, "refunds": 60]

    init(_ quirks: [String: String] = [:], seed: UInt64 = 7, sizes: [String: Int] = sizes) throws {
        walk = MerchantWalk(WooCommercePlatform(), seed: seed, sizes: sizes, quirks: quirks)
        store = try #require(walk.store as? WooCommerceSandboxStore)
    }

    func read(_ resources: [String] = resources) throws {
        for resource in resources { try walk.run(resource) }
    }

    /// What is held of a resource, and is not true; and what is true, and not held.
    func difference(_ resource: String) -> (wrong: [String], missing: [String]) {
        let truth = walk.truth(resource)
        let held = walk.held.filter { $0.key.hasPrefix(resource + " ") }
        let wrong = held.filter { truth[$0.key] != $0.value }.keys.sorted()
        return (wrong, truth.keys.filter { held[$0] == nil }.sorted())
    }

    func expectTruth(_ resources: [String] = resources, place: String = "") {
        for resource in resources {
            let (wrong, missing) = difference(resource)
            #expect(wrong.isEmpty && missing.isEmpty, "\(resource) \(place): wrong \(wrong), missing \(missing)")
        }
    }

    /// The very records that there are, whatever is in them.
    func expectIdentifiers(_ resource: String) {
        let held = Set(walk.held.keys.filter { $0.hasPrefix(resource + " ") })
        let truth = Set(walk.truth(resource).keys)
        #expect(held == truth, "\(resource): \(held.symmetricDifference(truth))")
    }

    var ids: [Int] { store.shelves[.orders]?.items.map(\.id) ?? [] }
    var seconds: Int { Int(walk.now.timeIntervalSince1970) }
    var codes: [String] { walk.flags.map(\.code.name) }
}

extension Result where Success == Void, Failure == any Error {
    /// The unified code of a failure; nil for a success.
    var code: String? {
        guard case .failure(let error) = self else { return nil }
        return (error as? ReadFailure)?.error.code.name ?? "\(error)"
    }
}

/// Reads a shop whose address matters: over TLS or not, and where it sends us.
final class WooCommerceVisitor {
    let platform = WooCommercePlatform()
    let store: any SandboxStore
    var base: String
    var credentials = ["consumer_key": "test_consumer_key", "consumer_secret": "test_consumer_secret"]
    /// Whether an address that was found out is taken.
    var takesBase = true
    private(set) var settings: [String: String] = [:]
    private(set) var ids: Set<String> = []
    private(set) var sent: [SandboxRequest] = []
    private var cursors: [String: Cursor] = [:]
    private var now = MerchantWalk.start

    init(_ quirks: [String: String], base: String, sizes: [String: Int] = WooCommerceShop.sizes) {
        self.base = base
        store = WooCommercePlatform().makeSandboxStore(
            SandboxOptions(
                seed: 7, sizes: sizes, credentials: credentials, startsAt: MerchantWalk.start, limitFactor: 1,
                quirks: quirks))
    }

    func run(_ resource: String) throws {
        for _ in 0..<400 {
            let read = StreamRead(resource: resource, cursor: cursors[resource], settings: settings, now: now)
            let exchanges = try platform.nextStep(in: read).requests.map(send)
            now += 1
            switch platform.meaning(of: exchanges, in: read) {
            case .success(let page):
                ids.formUnion(page.records.map(\.id))
                settings.merge(page.discoveries) { $1 }
                if takesBase, let found = page.discoveries["base_url"] { base = found }
                cursors[resource] = page.cursor
                if page.isCaughtUp { return }
            case .failure(let failure):
                guard let next = failure.goOnWith else { throw failure }
                cursors[resource] = next
            }
        }
        throw MerchantWalk.Failure.doesNotEnd(resource)
    }

    private func send(_ request: PlatformRequest) throws -> Exchange {
        let method = platform.authentication.methods[0]
        let placement = request.placement.flatMap { method.alternatives[$0] } ?? method.placement
        let addition = try Authorizer(placement, values: credentials.mapValues { Secret($0) }).authorize(
            Authorizer.Request(
                method: request.method.rawValue, url: base + request.path, query: request.query),
            nonce: "n\(sent.count)", now: now)
        let address = try #require(URLComponents(string: base))
        let port = address.port.map { ":\($0)" } ?? ""
        let outgoing = SandboxRequest(
            method: "GET", path: request.path, query: request.query + addition.query,
            headers: request.headers + addition.headers + [
                ("Host", "\(address.host ?? "")\(port)"), ("X-Forwarded-Proto", address.scheme ?? ""),
                ("X-Forwarded-Prefix", address.path),
            ])
        sent.append(outgoing)
        let answer = store.respond(to: outgoing, now: now)
        return Exchange(
            request: request,
            response: PlatformResponse(
                status: answer.status, headers: answer.headers, body: PaddedBytes(answer.body), requestedAt: now))
    }
}
