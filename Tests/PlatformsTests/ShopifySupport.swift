import Foundation
import RawJSON

@testable import Platforms

/// Drives a stream of Shopify against the sandbox without a network, as the worker would.
final class ShopifyDriver {
    struct Stored {
        var updatedAt: Date?
        var fetchedAt: Date
        var payload: [UInt8]
    }

    let platform = ShopifyPlatform()
    let store: any SandboxStore
    let resource: String
    var now: Date
    var cursor: Cursor?
    var records: [String: Stored] = [:]
    var flags: [UnifiedError] = []
    var failures: [UnifiedError] = []
    var degradation: UnifiedError?
    var lessons: [LimitLesson] = []
    var syncedThrough: Date?
    var pages = 0
    var requests: [PlatformRequest] = []
    /// Called after each step, with the driver.
    var afterStep: (ShopifyDriver) -> Void = { _ in }
    var token = "shpat_test"

    init(_ store: any SandboxStore, _ resource: String, now: Date) {
        self.store = store
        self.resource = resource
        self.now = now
    }

    func send(_ request: PlatformRequest) -> Exchange {
        requests.append(request)
        let answer = store.respond(
            to: SandboxRequest(
                method: request.method.rawValue, path: request.path, query: request.query,
                headers: request.headers + [("X-Shopify-Access-Token", token)], body: request.body ?? []), now: now)
        return Exchange(
            request: request,
            response: PlatformResponse(
                status: answer.status, headers: answer.headers, body: PaddedBytes(answer.body), requestedAt: now))
    }

    /// One step. Returns the page, or nil after a failure that says how to go on.
    @discardableResult
    func step(commit: Bool = true) throws -> Page? {
        let read = StreamRead(resource: resource, cursor: cursor, now: now)
        let step = try platform.nextStep(in: read)
        let exchanges = step.requests.map(send)
        // Time passes between question and answer: a page must not depend on the clock.
        now += 0.7
        do throws(ReadFailure) {
            let page = try platform.page(
                from: exchanges, in: StreamRead(resource: resource, cursor: cursor, now: now + 5))
            pages += 1
            lessons += page.lessons
            flags += page.flags
            degradation = page.degradation
            for record in page.records { keep(record) }
            precondition(page.cursor.json.utf8.count <= Cursor.bytesMax)
            if commit {
                cursor = page.cursor
                if page.isCaughtUp { syncedThrough = page.syncedThrough }
            }
            return page
        } catch {
            failures.append(error.error)
            lessons += error.lessons
            if let wait = error.error.retryAfter, error.error.code == .rateLimited {
                now += Double(wait.components.seconds) + 1
                return nil
            }
            guard let next = error.goOnWith else { throw error }
            cursor = next
            return nil
        }
    }

    func keep(_ record: Record) {
        let key = record.resource + " " + record.id
        let stored = Stored(updatedAt: record.updatedAt, fetchedAt: record.fetchedAt, payload: record.payload.array)
        if let old = records[key], (old.updatedAt ?? .distantPast) > (record.updatedAt ?? .distantPast) { return }
        records[key] = stored
    }

    /// Steps until a page is caught up.
    func run(stepsMax: Int = 5000) throws {
        for _ in 0..<stepsMax {
            let page = try step()
            afterStep(self)
            if page?.isCaughtUp == true { return }
        }
        throw UnifiedError(.internalBug, "the stream does not end")
    }

    /// What differs from what a complete sync holds.
    func differences() -> [String] {
        var truth: [String: [UInt8]] = [:]
        for record in store.truth(resource: resource) { truth[record.resource + " " + record.id] = record.payload }
        var differences: [String] = []
        for (key, payload) in truth {
            guard let stored = records[key] else {
                differences.append("missing \(key)")
                continue
            }
            if stored.payload != payload {
                differences.append(
                    "differs \(key)\n  \(String(decoding: stored.payload, as: UTF8.self))\n  \(String(decoding: payload, as: UTF8.self))"
                )
            }
        }
        for key in records.keys where truth[key] == nil { differences.append("too many \(key)") }
        return differences
    }
}

func makeShop(
    seed: UInt64 = 7, orders: Int = 400, products: Int = 90, customers: Int = 150, limitFactor: Double = 1,
    spoiltShare: Double = 0, recordBytes: Int? = nil
) -> any SandboxStore {
    ShopifyPlatform().makeSandboxStore(
        SandboxOptions(
            seed: seed, sizes: ["orders": orders, "products": products, "customers": customers],
            credentials: ["access_token": "shpat_test"], startsAt: shopStart, limitFactor: limitFactor,
            spoiltShare: spoiltShare, recordBytes: recordBytes))
}

let shopStart = Date(timeIntervalSince1970: 1_790_000_000)
