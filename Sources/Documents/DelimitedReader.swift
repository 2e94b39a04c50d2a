internal import Glibc

/// Rows of a delimited text of any size, encoding and packing, as it arrives.
///
/// Bytes are fed with ``feed(_:)``; ``next(_:)`` gives a row at a time until more is needed. What is held is the piece
/// fed last, one unpacked chunk and one row.
///
/// **Thread**: confined to whoever reads the document; it is handed on, never shared.
// Its parts are not Sendable by themselves; nobody else has them.
package final class DelimitedReader: @unchecked Sendable {
    /// What separates and quotes values.
    package struct Dialect: Sendable {
        package let separator: UInt8
        /// A value may stand in quotation marks, and may then hold separators and line ends; a mark is written twice.
        package let hasQuotes: Bool

        package init(separator: UInt8, hasQuotes: Bool) {
            self.separator = separator
            self.hasQuotes = hasQuotes
        }

        /// Tabs, and a quotation mark is a character like any other.
        package static let tabs = Dialect(separator: 9, hasQuotes: false)
        package static let quotedTabs = Dialect(separator: 9, hasQuotes: true)
        package static let commas = Dialect(separator: 44, hasQuotes: true)
    }

    /// A longer row is no row.
    package static let rowBytesMax = 16 * 1024 * 1024

    package let dialect: Dialect
    package let gunzip = GunzipStream()
    package let charset: CharsetStream

    private var text: [UInt8] = []
    /// Where the next row begins, and how far the text was looked through for its end.
    private var start = 0
    private var looked = 0
    private var isInQuotes = false
    private var isFinished = false
    private var isDecoded = false
    private var unquoted: [UInt8] = []
    private var fields: [Range<Int>] = []

    package init(_ dialect: Dialect = .tabs, charset: Charset?) {
        self.dialect = dialect
        self.charset = CharsetStream(declared: charset)
    }

    /// The next bytes as received.
    package func feed(_ bytes: [UInt8]) { gunzip.feed(bytes) }

    /// Nothing follows: what is left is the last row, with or without a line end.
    package func finish() {
        isFinished = true
        gunzip.finish()
    }

    /// Calls `body` with the next row that is not blank: its text and where in it the values are.
    ///
    /// - Returns: what `body` returned; nil when more has to be fed, or at the end.
    package func next<Result>(
        _ body: (UnsafeBufferPointer<UInt8>, [Range<Int>]) -> Result
    ) throws(DocumentError) -> Result? {
        while true {
            guard let end = try rowEnd() else { return nil }
            let from = start
            // A row's end is at a line feed, or where the text ends.
            start = min(end + 1, text.count)
            looked = start
            var last = end
            if last > from, text[last - 1] == 13 { last -= 1 }
            if last == from { continue }
            if dialect.hasQuotes, text[from..<last].contains(34) {
                unquote(from..<last)
                return unquoted.withUnsafeBufferPointer { body($0, fields) }
            }
            return text.withUnsafeBufferPointer { text in
                split(text, from..<last)
                return body(text, fields)
            }
        }
    }

    // MARK: - Rows

    private func rowEnd() throws(DocumentError) -> Int? {
        while true {
            if let end = lineFeed() { return end }
            if text.count - start > Self.rowBytesMax { throw .rowTooLong }
            guard try fill() else { break }
        }
        guard isFinished, start < text.count else { return nil }
        return text.count
    }

    /// The first line feed of the row that is not inside quotes; remembers how far it looked.
    private func lineFeed() -> Int? {
        text.withUnsafeBufferPointer { text in
            guard dialect.hasQuotes else {
                guard looked < text.count, let base = text.baseAddress,
                    let found = memchr(base + looked, 10, text.count - looked)
                else {
                    looked = text.count
                    return nil
                }
                return UnsafeRawPointer(found) - UnsafeRawPointer(base)
            }
            while looked < text.count {
                let byte = text[looked]
                if byte == 34 { isInQuotes.toggle() }
                if byte == 10, !isInQuotes { return looked }
                looked += 1
            }
            return nil
        }
    }

    /// Brings the next chunk of text; false when there is none yet.
    private func fill() throws(DocumentError) -> Bool {
        if start > 0 {
            text.removeFirst(start)
            looked -= start
            start = 0
        }
        guard let chunk = try gunzip.next() else {
            guard isFinished, !isDecoded else { return false }
            isDecoded = true
            let before = text.count
            charset.finish(into: &text)
            return text.count > before
        }
        charset.decode(chunk, into: &text)
        return true
    }

    // MARK: - Values

    private func split(_ text: UnsafeBufferPointer<UInt8>, _ row: Range<Int>) {
        fields.removeAll(keepingCapacity: true)
        guard let base = text.baseAddress else { return }
        var from = row.lowerBound
        while let found = memchr(base + from, Int32(dialect.separator), row.upperBound - from) {
            let end = UnsafeRawPointer(found) - UnsafeRawPointer(base)
            fields.append(from..<end)
            from = end + 1
        }
        fields.append(from..<row.upperBound)
    }

    private func unquote(_ row: Range<Int>) {
        fields.removeAll(keepingCapacity: true)
        unquoted.removeAll(keepingCapacity: true)
        var from = 0
        var isQuoted = false
        var index = row.lowerBound
        while index < row.upperBound {
            let byte = text[index]
            if byte == 34 {
                if isQuoted, index + 1 < row.upperBound, text[index + 1] == 34 {
                    unquoted.append(34)
                    index += 1
                } else {
                    isQuoted.toggle()
                }
            } else if byte == dialect.separator, !isQuoted {
                fields.append(from..<unquoted.count)
                from = unquoted.count
            } else {
                unquoted.append(byte)
            }
            index += 1
        }
        fields.append(from..<unquoted.count)
    }
}
