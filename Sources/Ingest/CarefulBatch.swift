internal import Crypto
internal import FoundationEssentials
internal import Platforms
internal import RawJSON

/// A batch that PostgreSQL refused, taken apart: what can be stored (cleaned where it must be), what is kept byte for
/// byte, and a flag for each record that is not stored as received.
struct CarefulBatch {
    private(set) var storable: RecordBatch
    private(set) var exact: [(record: Record, reason: String)] = []
    private(set) var flags: [UnifiedError] = []
    /// The records as received, in the order of `storable.records` before any was rejected.
    private let received: [Record]

    init(_ batch: RecordBatch) {
        received = batch.records.filter { Self.isUsable($0.id) }
        var cleaned: [Record] = []
        var sanitised: [Bool] = []
        for record in received {
            let copy = record.payload.withUnsafeBytes { JSONSanitiser.clean($0) }
            sanitised.append(copy != nil)
            cleaned.append(copy.map { record.replacing(id: record.id, payload: ByteSlice(copying: $0)) } ?? record)
        }
        storable = RecordBatch(unique: cleaned, hashedBytes: received, sanitised: sanitised)
        for record in batch.records where !Self.isUsable(record.id) { setAside(record) }
    }

    /// Longer ones do not fit an index, and text cannot hold a NUL.
    static func isUsable(_ id: String) -> Bool { id.utf8.count <= 1000 && !id.utf8.contains(0) }

    /// A record that has no identifier to be stored under is kept under the hash of its bytes.
    private mutating func setAside(_ record: Record) {
        let hash = record.payload.withUnsafeBytes { SHA256.hash(data: $0) }
        let id = "sha256:" + hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let kept = record.replacing(id: id, payload: record.payload)
        exact.append((kept, "its identifier is too long or holds a NUL"))
        flags.append(
            flag(.dataRecordRejected, kept, "has an identifier that cannot be stored; its bytes are in raw_exact"))
    }

    /// Takes out the records that cannot be stored even cleaned.
    ///
    /// - Parameter problems: for each record of `storable`, why jsonb does not take it; nil where it does.
    mutating func reject(_ problems: [String?]) {
        var kept: [Int] = []
        for (index, record) in received.enumerated() {
            if let problem = index < problems.count ? problems[index] : nil {
                exact.append((record, "not stored as JSON: \(problem)"))
                flags.append(flag(.dataRecordRejected, record, "cannot be stored as JSON; its bytes are in raw_exact"))
            } else {
                kept.append(index)
                guard storable.sanitised[index] else { continue }
                exact.append((record, "a cleaned copy is stored"))
                flags.append(
                    flag(
                        .dataSanitised, record,
                        "held characters that jsonb cannot; a cleaned copy is stored, its bytes are in raw_exact"))
            }
        }
        storable = RecordBatch(
            unique: kept.map { storable.records[$0] }, hashedBytes: kept.map { received[$0] },
            sanitised: kept.map { storable.sanitised[$0] })
    }

    private func flag(_ code: ErrorCode, _ record: Record, _ what: String) -> UnifiedError {
        UnifiedError(code, "a record of \(record.resource) \(what)", externalID: record.id)
    }
}

extension Record {
    fileprivate func replacing(id: String, payload: ByteSlice) -> Record {
        Record(
            resource: resource, id: id, updatedAt: updatedAt, createdAt: createdAt, payload: payload,
            fetchedAt: fetchedAt)
    }
}
