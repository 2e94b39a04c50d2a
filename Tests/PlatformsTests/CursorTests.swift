import Testing

@testable import Platforms

/// What stands in a cursor comes from the platform in part.
@Suite("Cursors")
struct CursorTests {
    private struct Mark: Codable, Equatable { var after: String }

    @Test(
        "what can be stored comes back as it was",
        arguments: [
            "", "abc", "a\\u0000b", "\\\\u0000", "\\", "\"", "é😀\u{1}\n", String(repeating: "x", count: 60_000),
        ])
    func storable(_ text: String) throws {
        let cursor = try Cursor(encoding: Mark(after: text))
        #expect(cursor.decode(Mark.self) == Mark(after: text))
    }

    @Test(
        "what jsonb cannot hold, or is too long, is the page's failure and ends no worker",
        arguments: [
            "\0", "a\0b", "\\\0", "\\\\\0", String(repeating: "x", count: 70_000),
            String(repeating: "\u{1}", count: 20_000),
        ])
    func refused(_ text: String) {
        let failure = #expect(throws: ReadFailure.self) { try Cursor(encoding: Mark(after: text)) }
        #expect(failure?.error.code == .dataMalformed)
    }

    @Test("a cursor of another version is no cursor", arguments: ["", "[]", "null", "{", "{\"after\": 5}", "{}"])
    func foreign(_ json: String) {
        #expect(Cursor(json: json).decode(Mark.self) == nil)
    }
}
