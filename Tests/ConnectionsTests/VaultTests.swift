import FoundationEssentials
import Testing

@testable import Connections

@Suite("The vault")
struct VaultTests {
    private let credentials = ["token": Secret("tok-Ünïcode-1"), "other": Secret("o")]

    @Test("what was sealed opens with the same key for the same connection")
    func roundTrip() throws {
        let key = Vault.makeMasterKey()
        let sealed = try Vault(masterKey: key).seal(credentials, connectionID: 7)
        let again = try Vault(masterKey: key)
        let opened = try again.open(sealed, keyID: again.keyID, connectionID: 7)
        #expect(opened.mapValues { $0.reveal() } == ["token": "tok-Ünïcode-1", "other": "o"])
    }

    @Test("sealing twice gives different bytes, and neither shows the secret")
    func nonce() throws {
        let vault = try Vault(masterKey: Vault.makeMasterKey())
        let (one, two) = (try vault.seal(credentials, connectionID: 7), try vault.seal(credentials, connectionID: 7))
        #expect(one != two)
        #expect(!String(decoding: one, as: UTF8.self).contains("tok-"))
    }

    @Test("another key does not open it, and the error names both keys by their ids only")
    func wrongKey() throws {
        let key = Vault.makeMasterKey()
        let (vault, other) = (try Vault(masterKey: key), try Vault(masterKey: Vault.makeMasterKey()))
        let sealed = try vault.seal(credentials, connectionID: 7)
        let error = #expect(throws: VaultError.self) { try other.open(sealed, keyID: vault.keyID, connectionID: 7) }
        #expect(error?.description.contains(vault.keyID) == true && error?.description.contains(other.keyID) == true)
        #expect(error?.description.contains(key.reveal()) == false)
        // Even under a wrong label the key decides.
        #expect(throws: VaultError.self) { try other.open(sealed, keyID: other.keyID, connectionID: 7) }
    }

    @Test("credentials copied to another connection do not open")
    func wrongConnection() throws {
        let vault = try Vault(masterKey: Vault.makeMasterKey())
        let sealed = try vault.seal(credentials, connectionID: 7)
        #expect(throws: VaultError.self) { try vault.open(sealed, keyID: vault.keyID, connectionID: 8) }
    }

    @Test("no tampered byte, no missing byte and no additional byte goes unnoticed")
    func tampered() throws {
        let vault = try Vault(masterKey: Vault.makeMasterKey())
        let sealed = try vault.seal(credentials, connectionID: 7)
        for index in sealed.indices {
            var bytes = sealed
            bytes[index] ^= 1
            #expect(throws: VaultError.self) { try vault.open(bytes, keyID: vault.keyID, connectionID: 7) }
            #expect(throws: VaultError.self) {
                try vault.open(Array(sealed[..<index]), keyID: vault.keyID, connectionID: 7)
            }
        }
        #expect(throws: VaultError.self) { try vault.open(sealed + [0], keyID: vault.keyID, connectionID: 7) }
    }

    @Test(
        "a key is 32 bytes, as base64 or hexadecimal, white space ignored; anything else is refused without repeating it"
    )
    func keys() throws {
        let bytes = [UInt8](0..<32)
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let base64 = Data(bytes).base64EncodedString()
        let ids = try [hex, hex.uppercased(), base64, " \(base64)\n"].map { try Vault(masterKey: Secret($0)).keyID }
        #expect(Set(ids).count == 1 && ids[0].count == 16)
        for wrong in [
            "", "short", String(hex.dropLast()), hex + "00", Data(bytes.dropLast()).base64EncodedString(),
            String(repeating: "zz", count: 32),
        ] {
            let error = #expect(throws: VaultError.self) { try Vault(masterKey: Secret(wrong)) }
            #expect(error?.description.contains("openssl rand -base64 32") == true)
            #expect(wrong.isEmpty || error?.description.contains(wrong) == false)
        }
    }
}
