import RawJSON
import Testing

@Suite("JSON is looked into without being decoded")
struct JSONDocumentTests {
    private func document(_ text: String) throws -> JSONDocument { try JSONDocument(PaddedBytes(text)) }

    @Test("a value's slice is the received text, byte for byte")
    func slicesAreExact() throws {
        let document = try document(#" {"a": {"n": 1.2300e+2 , "s":"x\u00e9"}, "list": [ {"id":1}, [2 , 3] ,"t" ] } "#)
        #expect(
            document.root.slice.text == #"{"a": {"n": 1.2300e+2 , "s":"x\u00e9"}, "list": [ {"id":1}, [2 , 3] ,"t" ] }"#
        )
        #expect(document.root["a"]?.slice.text == #"{"n": 1.2300e+2 , "s":"x\u00e9"}"#)
        #expect(document.root.at("a", "n")?.slice.text == "1.2300e+2")
        #expect(document.root.at("a", "s")?.string == "xé")
        #expect(try document.root["list"]?.elements().map(\.slice.text) == [#"{"id":1}"#, "[2 , 3]", #""t""#])
    }

    @Test("identifiers beyond 2^53 keep every digit")
    func largeIdentifiers() throws {
        let document = try document(#"{"id": 9007199254740993123, "text": "18446744073709551616"}"#)
        #expect(document.root["id"]?.identifier == "9007199254740993123")
        #expect(document.root["text"]?.identifier == "18446744073709551616")
        #expect(document.root["id"]?.int64 == 9_007_199_254_740_993_123)
        #expect(document.root["text"]?.int64 == nil)
    }

    @Test("several members are found in one walk, in the order asked")
    func membersInOneWalk() throws {
        let root = try document(#"{"b":2,"a":null,"c":"x","a":9}"#).root
        let found = try root.members("a", "b", "missing")
        #expect(found[0]?.isNull == true)
        #expect(found[1]?.int64 == 2)
        #expect(found[2] == nil)
    }

    @Test(
        "a text that ends too early, or goes on after its end, is refused",
        arguments: [
            "", "   ", "{", #"{"a":1"#, #"{"a":"x"#, "[1,2", #"{"a":[1,2}"#, "{}x", "[][]", "<html></html>", "\u{FEFF}",
        ])
    func truncated(_ text: String) {
        #expect(throws: JSONError.self) {
            _ = try document(text).root["a"]?.elements() ?? document(text).root.elements()
        }
    }

    @Test("every proper prefix of a document is refused")
    func prefixes() throws {
        let text = #"{"data":{"orders":{"nodes":[{"id":"1","x":[1,{"y":"}\""}]}],"pageInfo":{"hasNextPage":false}}}}"#
        for length in 0..<text.utf8.count {
            let prefix = String(decoding: Array(text.utf8.prefix(length)), as: UTF8.self)
            #expect(throws: JSONError.self, "prefix of \(length) bytes") { _ = try document(prefix) }
        }
        _ = try document(text)
    }

    @Test("invalid UTF-8 in one record leaves the others readable and its own bytes as received")
    func invalidUTF8() throws {
        var bytes = Array(#"[{"id":"1","n":"a"#.utf8)
        bytes += [0xC3, 0x28, 0xFF]
        bytes += Array(#""},{"id":"2","n":"ok é"}]"#.utf8)
        let document = try JSONDocument(PaddedBytes(bytes))
        #expect(document.hadInvalidUTF8)
        let elements = try document.root.elements()
        #expect(elements.map { $0["id"]?.string } == ["1", "2"])
        #expect(elements[0].slice.array.contains(0xFF))
        #expect(elements[1]["n"]?.string == "ok é")
    }

    @Test("more elements than the first guess are all found")
    func manyElements() throws {
        let text = "[" + (0..<1000).map { #"{"id":\#($0)}"# }.joined(separator: ",") + "]"
        #expect(try document(text).root.elements().map { $0["id"]?.int64 } == (0..<1000).map { Int64($0) })
    }

    @Test("booleans, null and strings are told apart, and wrong kinds give nil")
    func kinds() throws {
        let root = try document(#"{"t":true,"f":false,"z":null,"s":"true","n":-5}"#).root
        #expect(root["t"]?.bool == true)
        #expect(root["f"]?.bool == false)
        #expect(root["s"]?.bool == nil)
        #expect(root["z"]?.isNull == true)
        #expect(root["n"]?.int64 == -5)
        #expect(root["n"]?.string == nil)
        #expect(root["n"]?["x"] == nil)
        #expect(throws: JSONError.self) { try root["n"]?.elements() }
    }

    @Test("nesting far beyond what any record has is walked without recursion")
    func depth() throws {
        let text = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(try document(text).root.elements().first?.slice.count == 199_998)
    }

    @Test("a record of 5 MB is one slice")
    func largeRecord() throws {
        let text = #"[{"id":"big","note":""# + String(repeating: "x", count: 5_000_000) + #""},{"id":"small"}]"#
        let elements = try document(text).root.elements()
        #expect(elements.count == 2)
        #expect(elements[0].slice.count > 5_000_000)
        #expect(elements[1]["id"]?.string == "small")
    }
}
