import Foundation
import Testing

@testable import Connections

@Suite("The key ring")
struct KeyRingTests {
    private let credentials = ["token": Secret("tok-1234567890")]
    private let one = Vault.makeMasterKey()
    private let two = Vault.makeMasterKey()
    private let three = Vault.makeMasterKey()

    private func ring(_ keys: Secret...) throws -> Vault {
        try Vault(masterKey: Secret(keys.map { $0.reveal() }.joined(separator: ",")))
    }

    /// A folder that is gone afterwards, with the path of a file in it.
    private func withFile(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portolan-keys-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appending(path: "keys").path)
    }

    private func write(_ text: String, to path: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test("the first key seals, and every key of the ring opens")
    func ring() throws {
        let (old, both) = (try ring(one), try ring(two, one))
        let before = try old.seal(credentials, for: 7)
        #expect(before.keyID == old.keyID && both.keyIDs.count == 2 && both.keyIDs[1] == old.keyID)
        let opened = try both.open(before.bytes, keyID: before.keyID, connectionID: 7)
        #expect(opened["token"]?.reveal() == "tok-1234567890")
        let after = try both.seal(credentials, for: 7)
        #expect(after.keyID == both.keyIDs[0] && after.keyID != old.keyID)
        // A worker whose ring is the other way round opens it, too.
        #expect(try ring(one, two).open(after.bytes, keyID: after.keyID, connectionID: 7).count == 1)
    }

    @Test("a key that the ring lacks is named, with those it has and what to do")
    func unknownKey() throws {
        let sealed = try ring(three).seal(credentials, for: 7)
        let vault = try ring(one, two)
        let error = #expect(throws: VaultError.self) {
            try vault.open(sealed.bytes, keyID: sealed.keyID, connectionID: 7)
        }
        #expect(error?.isKeyMissing == true)
        let text = error?.description ?? ""
        for word in [sealed.keyID, "PORTOLAN_MASTER_KEY", "connections renew", "connection 7"] + vault.keyIDs {
            #expect(text.contains(word), "\(text)")
        }
    }

    @Test("sealing anew changes the key and not what is sealed, and does nothing where the key is right")
    func reseal() throws {
        let sealed = try ring(one).seal(credentials, for: 7)
        let vault = try ring(two, one)
        let anew = try #require(try vault.reseal(sealed.bytes, keyID: sealed.keyID, connectionID: 7))
        #expect(anew.keyID == vault.keyID && anew.bytes != sealed.bytes)
        #expect(try vault.open(anew.bytes, keyID: anew.keyID, connectionID: 7)["token"]?.reveal() == "tok-1234567890")
        #expect(try vault.reseal(anew.bytes, keyID: anew.keyID, connectionID: 7) == nil)
        let altered = #expect(throws: VaultError.self) {
            try vault.reseal(sealed.bytes, keyID: sealed.keyID, connectionID: 8)
        }
        #expect(altered?.isKeyMissing == false)
    }

    @Test("keys are separated by commas or lines; comments, blank lines and white space do not count")
    func forms() throws {
        let keys = [one, two, three].map { $0.reveal() }
        let ids = try ring(one, two, three).keyIDs
        for text in [
            keys.joined(separator: ","), keys.joined(separator: "\n"), " \(keys[0]) ,\n\(keys[1]),\(keys[2]),\n",
            "# the first seals\r\n\(keys[0]) # since May\r\n\r\n\(keys[1])\r\n#\(keys[0])\r\n\(keys[2])",
        ] {
            #expect(try Vault(masterKey: Secret(text)).keyIDs == ids)
        }
    }

    @Test("what is wrong in a ring is told by its place, never by its text")
    func errors() throws {
        let key = one.reveal()
        let cases = [
            ("", "no key"), ("# nothing\n", "no key"), ("\(key),short-but-secret", "key 2 of"),
            ("\(key)\n\(two.reveal())\n\(key)", "key 3 of"), (String(repeating: "0", count: 64), "over and over"),
            ("+" + String(repeating: "1", count: 63), "32 bytes"),
            ((0..<17).map { _ in Vault.makeMasterKey().reveal() }.joined(separator: ","), "may hold 16"),
        ]
        for (text, words) in cases {
            let error = #expect(throws: VaultError.self) { try Vault(masterKey: Secret(text)) }
            let description = error?.description ?? ""
            #expect(description.contains(words), "\(description)")
            #expect(!description.contains(key) && !description.contains("short-but-secret"))
        }
    }

    @Test("a file of keys is read again when it changes, and the ring of before stays while it is not in order")
    func file() throws {
        try withFile { path in
            try write("# keys\n\(one.reveal())\n", to: path)
            let vault = try Vault(keyFile: path)
            let sealed = try vault.seal(credentials, for: 7)
            let ids = vault.keyIDs
            #expect(ids == (try ring(one).keyIDs) && vault.problem == nil)

            try write("\(one.reveal())\n\(two.reveal())\n", to: path)
            #expect(vault.keyIDs == (try ring(one, two).keyIDs) && vault.keyID == sealed.keyID)
            try write("\(two.reveal())\n\(one.reveal())\n", to: path)
            #expect(try vault.seal(credentials, for: 7).keyID == ring(two).keyID)
            #expect(try vault.open(sealed.bytes, keyID: sealed.keyID, connectionID: 7).count == 1)

            for broken in ["", "half-a-k"] {
                try write(broken, to: path)
                #expect(vault.keyIDs == (try ring(two, one).keyIDs))
                #expect(vault.problem?.contains(path) == true)
            }
            try FileManager.default.removeItem(atPath: path)
            #expect(try vault.open(sealed.bytes, keyID: sealed.keyID, connectionID: 7).count == 1)
            #expect(vault.problem?.contains("No such file") == true)
            // And an error that the file may be behind says so.
            let foreign = try ring(three).seal(credentials, for: 7)
            let error = #expect(throws: VaultError.self) {
                try vault.open(foreign.bytes, keyID: foreign.keyID, connectionID: 7)
            }
            #expect(error?.description.contains("No such file") == true)

            try write(two.reveal(), to: path)
            #expect(vault.keyIDs == (try ring(two).keyIDs) && vault.problem == nil)
            #expect(throws: VaultError.self) { try vault.open(sealed.bytes, keyID: sealed.keyID, connectionID: 7) }
        }
    }

    @Test("a file that others may read or write is refused, and so is what is no file")
    func permissions() throws {
        try withFile { path in
            for mode in [0o644, 0o640, 0o604, 0o620, 0o602] {
                try write(one.reveal(), to: path, mode: mode)
                let error = #expect(throws: VaultError.self, "\(String(mode, radix: 8))") { try Vault(keyFile: path) }
                #expect(error?.description.contains("chmod 600") == true)
            }
            for mode in [0o600, 0o400] {
                try write(one.reveal(), to: path, mode: mode)
                #expect(try Vault(keyFile: path).keyIDs.count == 1)
            }
        }
        #expect(throws: VaultError.self) { try Vault(keyFile: "/tmp") }
        #expect(throws: VaultError.self) { try Vault(keyFile: "/dev/zero") }
        #expect(throws: VaultError.self) { try Vault(keyFile: "/nowhere/keys") }
    }

    @Test("root's file that everybody may read is a container's secret to others than root, and to root in memory only")
    func access() {
        func isRefused(_ mode: mode_t, owner: uid_t, user: uid_t, memory: Bool = false) -> Bool {
            KeyFile.Access(mode: mode, owner: owner, isInMemory: memory).problem(for: user) != nil
        }
        #expect(!isRefused(0o600, owner: 10, user: 10) && !isRefused(0o400, owner: 0, user: 0))
        #expect(!isRefused(0o444, owner: 0, user: 10) && !isRefused(0o640, owner: 0, user: 10))
        #expect(!isRefused(0o444, owner: 0, user: 0, memory: true))
        #expect(isRefused(0o444, owner: 0, user: 0) && isRefused(0o440, owner: 10, user: 10))
        #expect(isRefused(0o644, owner: 10, user: 10, memory: true))
        #expect(isRefused(0o600, owner: 11, user: 10) && isRefused(0o600, owner: 10, user: 0))
        #expect(isRefused(0o666, owner: 0, user: 10) && isRefused(0o464, owner: 0, user: 0, memory: true))
    }

    @Test("a vault shows its keys' ids and nothing else of them")
    func printing() throws {
        let vault = try ring(one, two)
        var dumped = ""
        dump(vault, to: &dumped)
        for text in ["\(vault)", String(reflecting: vault), dumped] {
            #expect(!text.contains(one.reveal()) && !text.contains(two.reveal()))
        }
        #expect("\(vault)".contains(vault.keyIDs[1]))
    }
}
