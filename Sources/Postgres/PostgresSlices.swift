/// Many byte ranges that live in somebody else's buffer, such as the records of a received page.
package protocol PostgresByteSlices: Sendable {
    /// How many slices `forEachSlice` yields, NULLs included.
    var count: Int { get }
    /// The total of all slices' bytes, so that the parameter buffer grows once.
    var byteCount: Int { get }
    /// Yields every slice in order; nil stands for NULL. A slice is valid only during its call.
    func forEachSlice(_ body: (UnsafeRawBufferPointer?) -> Void)
}

/// An array parameter whose elements are copied once, straight from where they lie into the parameter buffer.
package struct PostgresSliceArray<Slices: PostgresByteSlices>: PostgresEncodable {
    /// What the slices are to the server.
    package enum Kind: Sendable {
        /// `text[]`: the bytes must be UTF-8 without NUL, or the server refuses the statement (22021).
        case text
        /// `jsonb[]`: the bytes must be one JSON document each, or the server refuses the statement (22P02).
        case jsonb
        /// `bytea[]`: any bytes.
        case bytea
    }

    private let slices: Slices
    private let kind: Kind

    package init(_ slices: Slices, as kind: Kind) {
        self.slices = slices
        self.kind = kind
    }

    package static var postgresType: PostgresType { .inferred }

    private var elementType: PostgresType {
        switch kind {
        case .text: .text
        case .jsonb: .jsonb
        case .bytea: .bytea
        }
    }

    package var parameterType: PostgresType { elementType.arrayType ?? .inferred }
    package var encodedByteCount: Int { BinaryArray.headerByteCount + slices.byteCount + 5 * slices.count }

    package func encode(into bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        BinaryArray.appendHeader(element: elementType, count: slices.count, into: &bytes)
        let prefixCount = kind == .jsonb ? 1 : 0
        var yielded = 0
        var isTooLong = false
        slices.forEachSlice { slice in
            yielded += 1
            guard let slice else { return bytes.appendInteger(BinaryArray.nullLength) }
            guard let length = Int32(exactly: slice.count + prefixCount) else { return isTooLong = true }
            bytes.appendInteger(length)
            if prefixCount == 1 { bytes.append(PostgresJSON.version) }
            bytes.append(contentsOf: slice)
        }
        guard !isTooLong else { throw PostgresError(.encode, "a slice exceeds 2 GB") }
        guard yielded == slices.count else {
            throw PostgresError(.encode, "\(yielded) slices were yielded where \(slices.count) were announced")
        }
        return true
    }
}

/// Ranges of one byte array, for instance the records of a page within the response's body.
package struct PostgresByteRanges: PostgresByteSlices {
    private let bytes: [UInt8]
    private let ranges: [Range<Int>?]

    /// `ranges` must lie within `bytes`; nil is NULL.
    package init(of bytes: [UInt8], _ ranges: [Range<Int>?]) {
        precondition(
            ranges.allSatisfy {
                $0.map { bytes.indices.contains($0) || ($0.isEmpty && $0.lowerBound <= bytes.count) } ?? true
            },
            "every range must lie within the bytes")
        self.bytes = bytes
        self.ranges = ranges
    }

    package var count: Int { ranges.count }
    package var byteCount: Int { ranges.reduce(0) { $0 + ($1?.count ?? 0) } }

    package func forEachSlice(_ body: (UnsafeRawBufferPointer?) -> Void) {
        bytes.withUnsafeBytes { buffer in
            for range in ranges {
                body(range.map { UnsafeRawBufferPointer(rebasing: buffer[$0]) })
            }
        }
    }
}
