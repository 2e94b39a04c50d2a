internal import Crypto
internal import FoundationEssentials
internal import Platforms
internal import Postgres
internal import RawJSON

/// A page's records in the form the database takes them: each once, sorted by resource and id, with their hashes.
///
/// The order is what keeps two writers from deadlocking; of two versions of one record the newer one stays.
struct RecordBatch {
    var records: [Record]
    /// SHA-256 of each record's bytes as received.
    var hashes: PostgresSliceArray<PostgresByteRanges>
    var sanitised: [Bool]

    var isEmpty: Bool { records.isEmpty }

    init(_ received: [Record]) {
        let ordered = received.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.resource != b.resource { return a.resource.utf8.lexicographicallyPrecedes(b.resource.utf8) }
            if a.id != b.id { return a.id.utf8.lexicographicallyPrecedes(b.id.utf8) }
            let (ageA, ageB) = (a.updatedAt ?? .distantPast, b.updatedAt ?? .distantPast)
            if ageA != ageB { return ageA > ageB }
            return left.offset > right.offset
        }
        var unique: [Record] = []
        unique.reserveCapacity(ordered.count)
        for (_, record) in ordered {
            if let last = unique.last, last.id == record.id, last.resource == record.resource { continue }
            unique.append(record)
        }
        self.init(unique: unique, hashedBytes: unique, sanitised: Array(repeating: false, count: unique.count))
    }

    /// - Parameter hashedBytes: the records as received, where `unique` holds cleaned copies.
    init(unique: [Record], hashedBytes: [Record], sanitised: [Bool]) {
        records = unique
        self.sanitised = sanitised
        var all: [UInt8] = []
        all.reserveCapacity(hashedBytes.count * SHA256.byteCount)
        for record in hashedBytes {
            record.payload.withUnsafeBytes { all.append(contentsOf: SHA256.hash(data: $0)) }
        }
        let ranges = hashedBytes.indices.map { ($0 * SHA256.byteCount)..<(($0 + 1) * SHA256.byteCount) }
        hashes = PostgresSliceArray(PostgresByteRanges(of: all, ranges), as: .bytea)
    }
}

/// The payloads of records, for a parameter that copies them straight from the received body.
struct RecordSlices: PostgresByteSlices {
    private let records: [Record]

    init(_ records: [Record]) { self.records = records }

    var count: Int { records.count }
    var byteCount: Int { records.reduce(0) { $0 + $1.payload.count } }

    func forEachSlice(_ body: (UnsafeRawBufferPointer?) -> Void) {
        for record in records { record.payload.withUnsafeBytes { body($0) } }
    }
}
