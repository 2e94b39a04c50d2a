import FoundationEssentials
import Jobs
import Platforms
import Postgres
import RawJSON
import TestKit
import Testing

@testable import Ingest

/// A record that PostgreSQL does not take as it is, or that only looks so.
struct OddRecord: CustomTestStringConvertible, Sendable {
    enum Fate { case asReceived, cleaned, rejected }

    let name: String
    let bytes: [UInt8]
    let fate: Fate
    /// The stored payload as text, where it is worth looking at.
    var stored: String?

    var testDescription: String { name }

    init(_ name: String, _ json: String, _ fate: Fate, stored: String? = nil) {
        self.init(name, Array(json.utf8), fate, stored: stored)
    }

    init(_ name: String, _ bytes: [UInt8], _ fate: Fate, stored: String? = nil) {
        self.name = name
        self.bytes = bytes
        self.fate = fate
        self.stored = stored
    }

    private static func string(_ bytes: [UInt8]) -> [UInt8] { Array(#"{"t": ""#.utf8) + bytes + Array(#""}"#.utf8) }

    static let all: [OddRecord] = [
        OddRecord("the escape for NUL", #"{"t": "a\u0000b"}"#, .cleaned, stored: #"{"t": "a\#u{FFFD}b"}"#),
        OddRecord(
            "an escaped backslash before u0000", #"{"t": "a\\u0000b"}"#, .asReceived, stored: #"{"t": "a\\u0000b"}"#),
        OddRecord("half a surrogate pair, high", #"{"t": "a\ud83db"}"#, .cleaned, stored: #"{"t": "a\#u{FFFD}b"}"#),
        OddRecord("half a surrogate pair, low", #"{"t": "a\udE00b"}"#, .cleaned, stored: #"{"t": "a\#u{FFFD}b"}"#),
        OddRecord("a whole surrogate pair", #"{"t": "\ud83d\ude00"}"#, .asReceived, stored: #"{"t": "😀"}"#),
        OddRecord(
            "bytes that are not UTF-8", string([0x61, 0xFF, 0xC3, 0x62]), .cleaned,
            stored: #"{"t": "a\#u{FFFD}\#u{FFFD}b"}"#),
        OddRecord("an overlong NUL", string([0xC0, 0x80]), .cleaned),
        OddRecord("a surrogate in UTF-8", string([0xED, 0xA0, 0x80]), .cleaned),
        OddRecord(
            "raw control characters", string([0x61, 0x01, 0x0A, 0x09, 0x62]), .cleaned,
            stored: #"{"t": "a\u0001\n\tb"}"#),
        OddRecord("a raw NUL", string([0x61, 0x00, 0x62]), .cleaned, stored: #"{"t": "a\#u{FFFD}b"}"#),
        OddRecord(
            "a control character between values", [0x7B, 0x0B] + Array(#""t": 1}"#.utf8), .cleaned, stored: #"{"t": 1}"#
        ),
        OddRecord(
            "a backslash before a byte that is not UTF-8", string([0x61, 0x5C, 0xFF, 0x62]), .cleaned,
            stored: #"{"t": "a\#u{FFFD}b"}"#),
        OddRecord("a backslash before a raw NUL", string([0x5C, 0x00]), .cleaned),
        OddRecord(
            "an identifier beyond 2^53", #"{"id": 9007199254740993}"#, .asReceived, stored: #"{"id": 9007199254740993}"#
        ),
        OddRecord("a number with 200,000 digits", #"{"n": 1\#(String(repeating: "0", count: 200_000))}"#, .rejected),
        OddRecord("a number with a huge exponent", #"{"n": 1e999999999}"#, .rejected),
        OddRecord(
            "nesting 100,000 deep", String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000),
            .rejected),
        OddRecord("no JSON", "<html>Please sign in</html>", .rejected),
        OddRecord("JSON that breaks off", #"{"t": "a"#, .rejected),
        OddRecord("nothing", "", .rejected),
        OddRecord("5 MB", #"{"t": "\#(String(repeating: "Zoë ", count: 1_050_000))"}"#, .asReceived),
    ]
}

@Suite("Pages with records that jsonb does not take", .serialized)
struct BadPageTests {
    @Test(
        "the rest of the page is stored, the bytes are kept exactly, and one flag is raised", arguments: OddRecord.all)
    func odd(_ odd: OddRecord) async throws {
        try await LeasedStream.with { stream in
            let answer = try await stream.commit(
                [record("z", #"{"v": 1}"#), record("odd", odd.bytes), record("a", #"{"v": 2}"#)], cursor: #"{"n": 9}"#)
            #expect(answer.isHeld && answer.inserted == (odd.fate == .rejected ? 2 : 3))
            #expect(try await stream.payload("a") == #"{"v": 2}"#)
            #expect(try await stream.payload("z") == #"{"v": 1}"#)
            #expect(try await stream.value("select cursor->>'n' from portolan.streams") == "9")
            let exact: [UInt8]? = try await stream.pool.query(
                "select bytes from portolan.raw_exact where external_id = 'odd'"
            ).first?
            .decode(at: 0)
            let flags = try await stream.flags("odd")
            switch odd.fate {
            case .asReceived:
                #expect(exact == nil && flags.isEmpty)
            case .cleaned:
                #expect(exact == odd.bytes && flags == ["data.sanitised"])
                #expect(
                    try await stream.value("select sanitised from portolan.raw_records where external_id = 'odd'")
                        == true)
            case .rejected:
                #expect(exact == odd.bytes && flags == ["data.record_rejected"])
                #expect(try await stream.payload("odd") == nil)
            }
            if let stored = odd.stored { #expect(try await stream.payload("odd") == stored) }
            #expect(
                try await stream.value("select count(*) from portolan.errors", as: Int64.self) == Int64(flags.count))
        }
    }

    /// Too long for an index also after PostgreSQL has compressed it.
    private static let incompressible = (0..<4000).map { String($0 * 2_654_435_761 % 1_000_003, radix: 36) }.joined()

    @Test(
        "a record whose identifier cannot be stored is kept under its hash, and the rest of the page is stored",
        arguments: ["a\0b", "\0", incompressible, String(repeating: "x", count: 5_000_000)])
    func oddIdentifier(_ id: String) async throws {
        try await LeasedStream.with { stream in
            let answer = try await stream.commit(
                [record("a", #"{"v": 1}"#), record(id, #"{"v": 2}"#), record("z", #"{"v": 3}"#)], cursor: #"{"n": 9}"#)
            #expect(answer.isHeld && answer.inserted == 2)
            #expect(try await stream.payload("a") == #"{"v": 1}"#)
            #expect(try await stream.payload("z") == #"{"v": 3}"#)
            let kept = try #require(
                try await stream.pool.query("select external_id, bytes, reason from portolan.raw_exact").first)
            let (key, bytes, reason) = try kept.decode(String.self, [UInt8].self, String.self)
            #expect(key.hasPrefix("sha256:") && key.utf8.count == 71)
            #expect(bytes == Array(#"{"v": 2}"#.utf8))
            #expect(reason.contains("identifier"))
            #expect(try await stream.flags(key) == ["data.record_rejected"])
        }
    }

    @Test("a page of nothing but odd records comes through as a whole, and again without a change")
    func all() async throws {
        try await LeasedStream.with { stream in
            let records = OddRecord.all.enumerated().map { record("odd\($0)", $1.bytes) }
            let storable = OddRecord.all.filter { $0.fate != .rejected }.count
            let first = try await stream.commit(records)
            #expect(first.inserted == storable)
            let kept = OddRecord.all.filter { $0.fate != .asReceived }.count
            #expect(try await stream.value("select count(*) from portolan.raw_exact", as: Int64.self) == Int64(kept))
            #expect(
                try await stream.commit(records).counts == [0, 0, storable, 0, 0], "hashes are of the bytes as received"
            )
        }
    }

    @Test("flags never quote the record")
    func quiet() async throws {
        try await LeasedStream.with { stream in
            try await stream.commit([record("odd", #"{"password_hash": "hunter2", "broken": hunter2}"#)])
            let quotes: Int64 = try await stream.value(
                "select count(*) from portolan.errors e where e::text like '%hunter2%'")
            #expect(quotes == 0)
            #expect(try await stream.flags("odd") == ["data.record_rejected"])
        }
    }

    @Test("what has been wrong and is sent well-formed later is stored as received")
    func mended() async throws {
        try await LeasedStream.with { stream in
            try await stream.commit([record("a", #"{"t": "\u0000"}"#, fetched: 100)])
            #expect(try await stream.commit([record("a", #"{"t": "x"}"#, fetched: 200)]).changed == 1)
            #expect(try await stream.value("select sanitised from portolan.raw_records") == false)
        }
    }
}
