import Documents
import Foundation
import Testing

/// Rows of texts, cut anywhere.
@Suite("Rows") struct DelimitedTests {
    private func rows(
        _ pieces: [[UInt8]], _ dialect: DelimitedReader.Dialect = .tabs, charset: Charset? = .utf8
    ) throws -> [[String]] {
        let reader = DelimitedReader(dialect, charset: charset)
        var rows: [[String]] = []
        func drain() throws {
            while let row = try reader.next({ text, fields in fields.map { String(decoding: text[$0], as: UTF8.self) } }
            ) {
                rows.append(row)
            }
        }
        for piece in pieces {
            reader.feed(piece)
            try drain()
        }
        reader.finish()
        try drain()
        return rows
    }

    @Test("line ends of both kinds, blank lines, ragged rows, a last row without an end; quotation marks are data")
    func tabs() throws {
        let text = "a\tb\tc\r\n1\t\"2\t3\n\n4\r\n\t\t\r\n\"5\"\t6\t7\t8"
        let expected = [["a", "b", "c"], ["1", "\"2", "3"], ["4"], ["", "", ""], ["\"5\"", "6", "7", "8"]]
        let bytes = Array(text.utf8)
        #expect(try rows([bytes]) == expected)
        #expect(try rows(bytes.map { [$0] }) == expected)
        for cut in 0...bytes.count {
            #expect(try rows([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "cut at \(cut)")
        }
        #expect(try rows([]).isEmpty)
    }

    @Test("where values may be quoted, they hold separators and line ends, and marks twice")
    func quoted() throws {
        let text = "a,b\r\n\"1,\n2\",\"say \"\"no\"\"\"\r\nplain,\"\"\n\"open,end"
        let expected = [["a", "b"], ["1,\n2", "say \"no\""], ["plain", ""], ["open,end"]]
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            #expect(try rows([Array(bytes[..<cut]), Array(bytes[cut...])], .commas) == expected, "cut at \(cut)")
        }
    }

    @Test("a packed document in another encoding, cut at any byte, has the same rows")
    func packed() throws {
        let text: [UInt8] = Array("name\tprice\r\n".utf8) + [0x83, 0x5C, 0x83, 0x74, 9] + Array("5\r\n".utf8)
        let packed = GzipWriter.pack(text)
        let expected = [["name", "price"], ["ソフ", "5"]]
        for cut in 0...packed.count {
            let pieces = [Array(packed[..<cut]), Array(packed[cut...])]
            #expect(try rows(pieces, charset: .windows932) == expected, "cut at \(cut)")
        }
    }

    @Test("a row without an end is refused before it fills the memory")
    func endless() throws {
        let reader = DelimitedReader(.tabs, charset: .utf8)
        #expect(throws: DocumentError.rowTooLong) {
            for _ in 0..<400 {
                reader.feed([UInt8](repeating: 65, count: 64 * 1024))
                _ = try reader.next { _, _ in true }
            }
        }
    }

    @Test("header names become keys, rows become objects that a JSON parser reads back")
    func objects() throws {
        let header = RowHeader(["Order ID", "SKU", "", "sku", "Preis\u{A0}netto"], aliases: ["preis-netto": "price"])
        #expect(header.keys == ["order-id", "sku", "column-3", "sku-2", "price"])
        let values = ["1", "say \"no\"", "back\\slash", "\u{1}\u{1F}\t", "Größe", "more"]
        var text: [UInt8] = []
        let fields = values.map { value in
            let start = text.count
            text += Array(value.utf8)
            return start..<text.count
        }
        for count in 0...values.count {
            var json: [UInt8] = []
            text.withUnsafeBufferPointer { header.append($0, Array(fields.prefix(count)), to: &json) }
            let object = try JSONSerialization.jsonObject(with: Data(json)) as? [String: String]
            let keys = header.keys + ["column-6"]
            #expect(object == Dictionary(uniqueKeysWithValues: zip(keys, values.prefix(count))))
        }
    }
}
