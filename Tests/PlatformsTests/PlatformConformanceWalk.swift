import Foundation
import PlatformKit
import RawJSON

@testable import Platforms

/// What was asked and answered while every stream of a simulated merchant was read twice, with an hour and many changes
/// in between, and a window of its past.
struct ConformanceTranscript: Sendable {
    typealias Step = MerchantWalk.Step

    let steps: [Step]
    /// Identifiers of the records that were read.
    let ids: Set<String>

    /// Made once, because it takes a while and is only looked at.
    private static let all = Dictionary(
        uniqueKeysWithValues: PlatformConformanceTests.platforms.map { platform in
            (platform.key, Result { try ConformanceTranscript(platform) })
        })

    static func of(_ platform: any Platform) throws -> ConformanceTranscript {
        guard let transcript = all[platform.key] else { throw MerchantWalk.Failure.unknown(platform.key) }
        return try transcript.get()
    }

    private init(_ platform: any Platform) throws {
        let walk = ConformanceWalk(platform)
        for resource in platform.resources { try walk.run(resource.name) }
        walk.change(count: 400)
        for resource in platform.resources { try walk.run(resource.name) }
        for resource in platform.resources where resource.history != nil {
            let to = walk.now.addingTimeInterval(-86_400)
            try walk.run(Window(from: to.addingTimeInterval(-20 * 86_400), to: to), of: resource.name)
        }
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

typealias ConformanceWalk = MerchantWalk

extension MerchantWalk {
    static func read(_ platform: any Platform, _ resource: String, _ cursor: Cursor?) -> StreamRead {
        StreamRead(resource: resource, cursor: cursor, settings: settings(of: platform), now: start)
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
    private func with(_ cursor: Cursor?, at now: Date) -> StreamRead {
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
