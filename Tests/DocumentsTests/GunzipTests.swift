import Documents
import Testing

/// Documents of any packing, cut anywhere.
@Suite("Gunzip") struct GunzipTests {
    private func unpack(_ pieces: [[UInt8]]) throws -> [UInt8] {
        let stream = GunzipStream()
        var plain: [UInt8] = []
        for piece in pieces {
            stream.feed(piece)
            while let chunk = try stream.next() { plain += chunk }
        }
        stream.finish()
        while let chunk = try stream.next() { plain += chunk }
        return plain
    }

    private let text =
        Array("a line of text, and another one; ".utf8) + Array(repeating: UInt8(ascii: "x"), count: 5000)

    @Test("a packed document cut in two at any byte is the document")
    func cutAnywhere() throws {
        let packed = GzipWriter.pack(text)
        for cut in 0...packed.count {
            #expect(try unpack([Array(packed[..<cut]), Array(packed[cut...])]) == text, "cut at \(cut)")
        }
        #expect(try unpack(packed.map { [$0] }) == text)
    }

    @Test("what is not packed is left as it is, one byte or none among it")
    func plain() throws {
        for document in [text, [0x1F], [], Array("\u{1F}plain".utf8)] {
            #expect(try unpack([document]) == document)
            #expect(try unpack(document.map { [$0] }) == document)
        }
    }

    @Test("members that follow one another are one document; padding behind them is none")
    func members() throws {
        let packed = GzipWriter.pack(text) + GzipWriter.pack(Array("second".utf8))
        #expect(try unpack([packed + [0, 0, 0]]) == text + Array("second".utf8))
        #expect(try unpack((packed + [0, 0]).map { [$0] }) == text + Array("second".utf8))
    }

    @Test("a document that ends too early or is damaged says so")
    func broken() throws {
        let packed = GzipWriter.pack(text)
        for end in 2..<packed.count {
            #expect(throws: DocumentError.cutShort, "end at \(end)") { try unpack([Array(packed[..<end])]) }
        }
        var damaged = packed
        damaged[packed.count - 6] ^= 0xFF
        #expect(throws: DocumentError.damaged) { try unpack([damaged]) }
        #expect(throws: DocumentError.damaged) { try unpack([[0x1F, 0x8B, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1]]) }
    }

    @Test("a piece that unpacks to a thousand times its size comes out in chunks")
    func bomb() throws {
        let stream = GunzipStream()
        stream.feed(GzipWriter.pack([UInt8](repeating: 0, count: 20_000_000), level: 9))
        stream.finish()
        var total = 0
        while let chunk = try stream.next() {
            #expect(chunk.count <= GunzipStream.chunkBytes)
            total += chunk.count
        }
        #expect(total == 20_000_000)
    }
}
