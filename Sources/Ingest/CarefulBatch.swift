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
        received = batch.records
        var cleaned: [Record] = []
        var sanitised: [Bool] = []
        for record in batch.records {
            let copy = record.payload.withUnsafeBytes { JSONSanitiser.clean($0) }
            sanitised.append(copy != nil)
            cleaned.append(copy.map { record.replacingPayload(with: $0) } ?? record)
        }
        storable = RecordBatch(unique: cleaned, hashedBytes: received, sanitised: sanitised)
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
    fileprivate func replacingPayload(with bytes: [UInt8]) -> Record {
        Record(
            resource: resource, id: id, updatedAt: updatedAt, createdAt: createdAt, payload: ByteSlice(copying: bytes),
            fetchedAt: fetchedAt)
    }
}
