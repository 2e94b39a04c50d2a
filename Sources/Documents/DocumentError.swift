/// Why a document cannot be read any further. Carries nothing of the document.
package enum DocumentError: Error, Equatable, CustomStringConvertible {
    /// The compressed bytes are damaged.
    case damaged
    /// The compressed bytes end before they should.
    case cutShort
    /// A row is longer than ``DelimitedReader/rowBytesMax``.
    case rowTooLong

    package var description: String {
        switch self {
        case .damaged: "the compressed document is damaged"
        case .cutShort: "the compressed document ends too early"
        case .rowTooLong: "a row of the document has no end"
        }
    }
}
