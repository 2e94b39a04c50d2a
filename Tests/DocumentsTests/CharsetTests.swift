import Documents
import Foundation
import Testing

/// Texts of any encoding, cut anywhere.
@Suite("Charset") struct CharsetTests {
    private static let seed =
        ProcessInfo.processInfo.environment["DOCUMENTS_SEED"].flatMap(UInt64.init) ?? 20_261_123

    /// SplitMix64.
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private func decode(_ pieces: [[UInt8]], _ label: String?) -> (text: [UInt8], invalid: Int) {
        let stream = CharsetStream(declared: label.flatMap { Charset(label: $0) })
        var text: [UInt8] = []
        for piece in pieces { stream.decode(piece, into: &text) }
        stream.finish(into: &text)
        return (text, stream.invalidCount)
    }

    private static let samples: [(label: String?, bytes: [UInt8], text: String)] = [
        ("Cp1252", [0x63, 0x61, 0x66, 0xE9, 0x20, 0x80, 0x35, 0x92], "café €5’"),
        ("windows-1252", [0x47, 0xFC, 0x72], "Gür"),
        ("ISO-8859-1", [0x80], "€"),
        // The second byte of ソ is a backslash's.
        ("Shift_JIS", [0x83, 0x5C, 0x83, 0x74, 0x83, 0x40, 0x0A, 0x41], "ソファ\nA"),
        ("cp932", [0x87, 0x40, 0xB1], "①ｱ"),
        ("UTF-8", Array("日本 naïve 🦊".utf8), "日本 naïve 🦊"),
        ("Cp1252", [0xEF, 0xBB, 0xBF] + Array("Größe".utf8), "Größe"),
        (nil, Array("Größe".utf8), "Größe"),
        (nil, [0x47, 0x72, 0xF6, 0xDF, 0x65], "Größe"),
        ("UTF-16LE", [0x41, 0x00, 0xE9, 0x00], "Aé"),
        ("UTF-8", [0xFF, 0xFE, 0x41, 0x00, 0xE9, 0x00], "Aé"),
        ("Cp1252", [0xFE, 0xFF, 0x00, 0x41, 0x00, 0xE9], "Aé"),
    ]

    @Test("each encoding, whole, a byte at a time and cut in two anywhere")
    func samples() {
        for (label, bytes, text) in Self.samples {
            let expected = Array(text.utf8)
            #expect(decode([bytes], label) == (expected, 0), "\(label ?? "none"): \(text)")
            // What is not declared is told by the first piece.
            if label == nil { continue }
            #expect(decode(bytes.map { [$0] }, label) == (expected, 0), "\(label ?? "none"): \(text)")
            for cut in 0...bytes.count {
                let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
                #expect(decode(pieces, label) == (expected, 0), "\(label ?? "none") cut at \(cut)")
            }
        }
    }

    @Test("bytes that mean nothing are replaced and counted, wherever the text is cut")
    func invalid() {
        let cases: [(label: String, bytes: [UInt8])] = [
            ("UTF-8", [0x41, 0xFF, 0x42, 0xC3, 0x28, 0xE2, 0x82, 0x42, 0xED, 0xA0, 0x80, 0xF4, 0x90, 0x80, 0x80]),
            ("UTF-8", [0x41, 0x42, 0x43, 0xE2, 0x82]), ("Cp1252", [0x41, 0x81, 0x42, 0x9D, 0xE9]),
            ("Shift_JIS", [0x83, 0x5C, 0xFF, 0x41, 0x85, 0x20, 0x42]), ("Shift_JIS", [0x41, 0x42, 0x43, 0x83]),
        ]
        for (label, bytes) in cases {
            let whole = decode([bytes], label)
            #expect(whole.invalid > 0, "\(label)")
            #expect(String(validating: whole.text, as: UTF8.self) != nil, "\(label)")
            #expect(whole.text.first == bytes[0] || label == "Shift_JIS")
            for cut in 0...bytes.count {
                #expect(decode([Array(bytes[..<cut]), Array(bytes[cut...])], label) == whole, "\(label) at \(cut)")
            }
            #expect(decode(bytes.map { [$0] }, label) == whole, "\(label)")
        }
    }

    @Test("random bytes in random pieces are what they are whole, and always UTF-8")
    func random() {
        print("charsets with DOCUMENTS_SEED=\(Self.seed)")
        var random = Random(state: Self.seed)
        for round in 0..<400 {
            let label = ["UTF-8", "Cp1252", "Shift_JIS", "EUC-JP", "GB18030", "UTF-16LE"][round % 6]
            // Mostly plain text with something else here and there, so that sequences begin and end.
            let bytes = [UInt8](unsafeUninitializedCapacity: 300) { buffer, count in
                for index in 0..<300 {
                    buffer[index] = random.next() % 3 == 0 ? UInt8(random.next() % 256) : UInt8(32 + random.next() % 90)
                }
                count = Int(random.next() % 300)
            }
            let whole = decode([bytes], label)
            #expect(String(validating: whole.text, as: UTF8.self) != nil, "\(label)")
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let length = Int(random.next() % 9)
                pieces.append(Array(rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
            #expect(decode(pieces, label) == whole, "\(label) in round \(round)")
        }
    }

    @Test("a name that is none, or that nobody knows, is read as what the bytes look like")
    func unknownNames() {
        #expect(Charset(label: "") == nil)
        #expect(Charset(label: "x y;z\u{0}") == nil)
        #expect(Charset(contentType: "text/plain") == nil)
        #expect(Charset(contentType: "text/plain;charset=\"Cp1252\"") == .windows1252)
        #expect(Charset(contentType: "text/plain; Charset = shift_jis") == .windows932)
        let stream = CharsetStream(declared: Charset(label: "KLINGON"))
        var text: [UInt8] = []
        stream.decode(Array("Größe".utf8), into: &text)
        stream.finish(into: &text)
        #expect(stream.isUnknown && text == Array("Größe".utf8))
    }
}
