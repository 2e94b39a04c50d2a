package import RawJSON

/// The members of a platform's records that must never be stored, as a platform declares them: what opens something
/// (Stripe's `client_secret`) or is nobody's business (PrestaShop answers customers with their `passwd`).
///
/// They are cut out of the received bytes before these leave the worker, so neither raw records nor exact bytes nor
/// errors hold them, and the hash of a record is that of what is left.
package struct NeverStored: Sendable {
    package static let nothing = NeverStored()

    /// For errors: an answer is more than a record, so every path may begin at any depth.
    package let inEvidence: JSONCutter?
    private let everywhere: JSONCutter?
    private let byResource: [String: JSONCutter]

    /// - Parameters:
    ///   - everywhere: paths from the top of a record of any resource, as ``JSONCutter`` takes them:
    ///     `last_error.secret`, `lines.data.*.secret` through an array, `**.secret` at any depth.
    ///   - resources: further paths, by the raw resource they hold for; a stream's children have entries of their own.
    package init(everywhere: [String] = [], in resources: [String: [String]] = [:]) {
        self.everywhere = everywhere.isEmpty ? nil : JSONCutter(everywhere)
        byResource = resources.mapValues { JSONCutter(everywhere + $0) }
        let all = everywhere + resources.sorted { $0.key < $1.key }.flatMap(\.value)
        inEvidence = all.isEmpty ? nil : JSONCutter(all.map { $0.hasPrefix("**.") ? $0 : "**." + $0 })
    }

    /// What to cut out of records of a raw resource; nil where nothing is.
    package subscript(resource: String) -> JSONCutter? { byResource[resource] ?? everywhere }

    /// The record without what is never stored, the very same where there is none in it.
    ///
    /// - Returns: nil when the bytes cannot be read and may hold such a member: nothing of them may be kept.
    package func strip(_ record: Record) -> Record? {
        guard let cutter = self[record.resource] else { return record }
        switch record.payload.withUnsafeBytes({ cutter.cut($0) }) {
        case .untouched: return record
        case .cut(let bytes):
            return Record(
                resource: record.resource, id: record.id, updatedAt: record.updatedAt, createdAt: record.createdAt,
                payload: ByteSlice(copying: bytes), fetchedAt: record.fetchedAt)
        case .unreadable: return nil
        }
    }

    /// The error without what is never stored, in the parts of it that are a platform's own words.
    package func strip(_ error: UnifiedError) -> UnifiedError {
        guard let cutter = inEvidence else { return error }
        var error = error
        error.evidence = error.evidence.map { Self.strip($0, cutter) }
        // A sentence may well name a member; only JSON has its value beside the name.
        error.platformMessage = error.platformMessage.map { text in
            let first = text.utf8.first { $0 > 0x20 }
            return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? Self.strip(text, cutter) : text
        }
        return error
    }

    /// Evidence is the beginning of an answer, so it may end anywhere. NULs go first: what is stored has none, and a
    /// name must not appear by their going.
    private static func strip(_ text: String, _ cutter: JSONCutter) -> String {
        let plain = text.utf8.contains(0) ? text.filter { $0 != "\0" } : text
        switch cutter.cut(Array(plain.utf8), mayBeCutShort: true) {
        case .untouched: return plain
        case .cut(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .unreadable:
            return "(\(plain.utf8.count) bytes that are not JSON are withheld: they may hold what is never stored)"
        }
    }
}

extension Platform {
    package var neverStored: NeverStored { .nothing }
}
