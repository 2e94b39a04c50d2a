import Foundation
import PlatformKit
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
    enum Failure: Error { case differsFromTruth(String) }

    private let walk: MerchantWalk

    init(_ platform: any Platform, seed: UInt64, sizes: [String: Int], spoiltShare: Double) {
        walk = MerchantWalk(platform, seed: seed, sizes: sizes, spoiltShare: spoiltShare)
    }

    /// Every record of every stream, compared with what the store says is true.
    func records() throws -> [StoredRecord] {
        for resource in walk.platform.resources {
            try walk.run(resource.name)
            let found = walk.held
            let truth = walk.truth(resource.name)
            guard truth.allSatisfy({ found[$0.key] == $0.value }) else { throw Failure.differsFromTruth(resource.name) }
        }
        return walk.records.values.sorted { ($0.resource, $0.id) < ($1.resource, $1.id) }.map {
            StoredRecord(
                resource: $0.resource, id: $0.id, updatedAt: $0.updatedAt, createdAt: $0.createdAt,
                payload: $0.payload.array)
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
        guard let id = (root["id"] ?? root["AmazonOrderId"])?.identifier?.split(separator: "/").last else { return nil }
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
