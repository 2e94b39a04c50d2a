import Foundation
import Postgres
import Testing

/// The commands about the keys that credentials are sealed with.
@Suite("The keys commands")
struct KeysCommandTests {
    /// A new key, as the program makes it.
    private static func makeKey(_ harness: CommandHarness) async throws -> String {
        let answer = try await harness.portolan("keys", "make")
        #expect(answer.status == 0 && answer.lines.count == 1, "\(answer.errors)")
        #expect(Data(base64Encoded: answer.output)?.count == 32)
        return answer.output
    }

    private static func keys(
        _ harness: CommandHarness, _ arguments: String..., ring: [String]
    ) async throws -> CommandHarness.Answer {
        try await harness.portolan(
            ["keys"] + arguments, environment: ["PORTOLAN_MASTER_KEY": ring.joined(separator: ",")])
    }

    /// Adds a merchant whose credentials the ring's first key seals.
    private static func add(_ harness: CommandHarness, _ name: String, ring: [String]) async throws {
        let answer = try await harness.portolan(
            ["connections", "add", "stripe", name], environment: ["PORTOLAN_MASTER_KEY": ring.joined(separator: ",")],
            input: "api_key=sk_live_\(name)\n")
        #expect(answer.status == 0, "\(answer.errors)")
    }

    @Test("list shows the ring in its order, what each key sealed, and whether a key is needed any more")
    func list() async throws {
        try await CommandHarness.with { harness in
            let (old, new) = (try await Self.makeKey(harness), try await Self.makeKey(harness))
            #expect(old != new)
            for name in ["a", "b", "c"] { try await Self.add(harness, name, ring: [old]) }
            let one = try await Self.keys(harness, "list", ring: [old])
            #expect(one.status == 0, "\(one.errors)")
            #expect(one.lines.count == 2)
            #expect(one.lines[0].split(separator: " ", omittingEmptySubsequences: true).first == "KEY")
            let id = try #require(one.lines[1].split(separator: " ").first.map(String.init))
            #expect(one.lines[1].split(separator: " ") == [Substring(id), "1", "3", "seals"])

            let both = try await Self.keys(harness, "list", ring: [new, old])
            #expect(both.status == 0)
            #expect(both.lines[1].split(separator: " ").dropFirst() == ["1", "0", "seals"], "\(both.output)")
            #expect(both.lines[2].hasPrefix(id) && both.lines[2].hasSuffix("opens; then: portolan keys rotate"))
            let objects = try await Self.keys(harness, "list", "--json", ring: [new, old]).json(
                as: [[String: Any]].self)
            #expect(objects.map { $0["position"] as? Int } == [1, 2])
            #expect(objects.map { $0["sealed_count"] as? Int } == [0, 3])
            #expect(objects[1]["key_id"] as? String == id)

            // What a ring cannot open is a failure.
            let lost = try await Self.keys(harness, "list", ring: [new])
            #expect(lost.status == 1)
            #expect(lost.lines.last?.hasPrefix(id) == true)
            #expect(lost.lines.last?.hasSuffix("add it, or renew what it sealed") == true, "\(lost.output)")
            let gaps = try await Self.keys(harness, "list", "--json", ring: [new])
            #expect(gaps.status == 1)
            #expect(try gaps.json(as: [[String: Any]].self).last?["position"] is NSNull)
            for answer in [one, both, lost, gaps] {
                for key in [old, new] { #expect(!(answer.output + answer.errors).contains(key)) }
            }
        }
    }

    @Test("rotate seals everything anew, and the old key is needed until nothing is left")
    func rotate() async throws {
        try await CommandHarness.with { harness in
            let (old, new) = (try await Self.makeKey(harness), try await Self.makeKey(harness))
            for name in ["a", "b", "c"] { try await Self.add(harness, name, ring: [old]) }
            // Without the old key nothing can be done, and nothing is harmed.
            let early = try await Self.keys(harness, "rotate", ring: [new])
            #expect(early.status == 1)
            #expect(early.lines.last?.hasPrefix("3 left that key ") == true, "\(early.output)")
            #expect(early.errors.split(separator: "\n").count == 3)
            #expect(early.errors.contains("portolan.connection_credentials: "), "\(early.errors)")
            let refused = try await Self.keys(harness, "rotate", "--json", ring: [new])
            #expect(refused.status == 1)
            let outcome = try refused.json(as: [String: Any].self)
            #expect(outcome["left_count"] as? Int == 3 && outcome["resealed_count"] as? Int == 0)
            #expect((outcome["refused"] as? [[String: Any]])?.count == 3)

            // The ring has both, in the wrong order: the old one still seals.
            #expect(try await Self.keys(harness, "rotate", ring: [old, new]).status == 0)
            #expect(try await Self.keys(harness, "list", ring: [old]).status == 0)

            let done = try await Self.keys(harness, "rotate", "--batch", "2", ring: [new, old])
            #expect(done.status == 0, "\(done.errors)")
            #expect(done.lines.prefix(2) == ["sealed anew 2, left 1", "sealed anew 3, left 0"])
            #expect(done.lines.last?.hasPrefix("0 left that key ") == true)
            let list = try await Self.keys(harness, "list", ring: [new, old])
            #expect(list.lines[1].split(separator: " ").dropFirst() == ["1", "3", "seals"], "\(list.output)")
            #expect(list.lines[2].hasSuffix("not needed any more"))
            #expect(try await Self.keys(harness, "list", ring: [new]).status == 0, "the old key may leave")
            #expect(try await Self.keys(harness, "list", ring: [old]).status == 1, "and is of no use any more")

            let again = try await Self.keys(harness, "rotate", "--json", ring: [new]).json(as: [String: Any].self)
            #expect(again["resealed_count"] as? Int == 0 && again["left_count"] as? Int == 0)
            // What was added with the old ring meanwhile is found by the next run.
            try await Self.add(harness, "d", ring: [old])
            let late = try await Self.keys(harness, "rotate", ring: [new, old])
            #expect(late.status == 0 && late.lines.first == "sealed anew 1, left 0", "\(late.output)")
        }
    }

    @Test("keys in a file: the first seals, a comment is none, and others may not read it")
    func file() async throws {
        try await CommandHarness.with { harness in
            let (old, new) = (try await Self.makeKey(harness), try await Self.makeKey(harness))
            let path = NSTemporaryDirectory() + "portolan-keys-\(UInt64.random(in: 0...UInt64.max))"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try Data("# of this year\n\(new)\n\(old)  # of last year\n".utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            let list = try await harness.portolan(
                ["keys", "list"], environment: ["PORTOLAN_MASTER_KEY_FILE": path])
            #expect(list.status == 0 && list.lines.count == 3, "\(list.output)\(list.errors)")
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            let open = try await harness.portolan(
                ["keys", "list"], environment: ["PORTOLAN_MASTER_KEY_FILE": path])
            #expect(open.status == 1 && open.errors.contains(path), "\(open.errors)")
            #expect(!open.errors.contains(new))
        }
    }

    @Test(
        "a ring that is none is one line that says what a key is, and never the key",
        arguments: [
            ([:], "no master key: set PORTOLAN_MASTER_KEY or PORTOLAN_MASTER_KEY_FILE; make one with: portolan keys"),
            (["PORTOLAN_MASTER_KEY": "hush-hush"], "PORTOLAN_MASTER_KEY must be 32 bytes"),
            (["PORTOLAN_MASTER_KEY": ",,"], "PORTOLAN_MASTER_KEY holds no key"),
            (["PORTOLAN_MASTER_KEY_FILE": "/nowhere/keys"], "/nowhere/keys"),
        ])
    func refusals(_ environment: [String: String], _ line: String) async throws {
        try await CommandHarness.with { harness in
            for command in ["list", "rotate"] {
                let answer = try await harness.portolan(["keys", command], environment: environment)
                #expect(answer.status == 1)
                #expect(answer.output.isEmpty)
                #expect(answer.errors.contains(line), "\(answer.errors)")
                #expect(!answer.errors.contains("\n") && !answer.errors.contains("hush"))
            }
        }
    }

    @Test(
        "a wrong call ends with 64",
        arguments: [
            ["keys", "rotate", "--batch", "0"], ["keys", "rotate", "--batch", "10001"],
            ["keys", "rotate", "--batch", "x"], ["keys", "list", "all"], ["keys", "make", "2"], ["keys", "burn"],
        ])
    func usage(_ arguments: [String]) async throws {
        try await CommandHarness.with { harness in
            let answer = try await harness.portolan(arguments)
            #expect(answer.status == 64, "\(answer.output) \(answer.errors)")
        }
    }
}
