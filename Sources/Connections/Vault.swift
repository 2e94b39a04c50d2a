internal import Crypto
internal import FoundationEssentials

/// A value that must not be printed: it shows itself as dots, everywhere but where it is revealed by name.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    package init(_ value: String) { self.value = value }

    /// The value itself, for the request it belongs in.
    package func reveal() -> String { value }

    package var description: String { "•••" }
    package var debugDescription: String { "•••" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Seals and opens credentials with AES-GCM (NIST SP 800-38D), under a key that never reaches the database.
///
/// The connection's id is authenticated with the ciphertext: credentials copied from one connection's row to
/// another's do not open.
package struct Vault: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: SymmetricKey
    /// First 16 hexadecimal digits of the key's SHA-256; stored beside what was sealed with it.
    package let keyID: String

    /// - Parameter text: 32 bytes as base64 or as 64 hexadecimal digits; white space around it is ignored.
    package init(masterKey text: Secret) throws(VaultError) {
        let trimmed = text.reveal().filter { !$0.isWhitespace }
        guard let bytes = Self.hexBytes(trimmed) ?? Data(base64Encoded: trimmed).map(Array.init), bytes.count == 32
        else {
            throw VaultError(
                "PORTOLAN_MASTER_KEY must be 32 bytes, as base64 or as 64 hexadecimal digits; "
                    + "make one with: openssl rand -base64 32")
        }
        key = SymmetricKey(data: bytes)
        keyID = SHA256.hash(data: bytes).prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    package var description: String { "vault with key \(keyID)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// A new random key as base64.
    package static func makeMasterKey() -> Secret {
        Secret(SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() })
    }

    /// Nonce, ciphertext and tag of the credentials as a JSON object.
    package func seal(_ credentials: [String: Secret], connectionID: Int64) throws(VaultError) -> [UInt8] {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let plain = try encoder.encode(credentials.mapValues { $0.reveal() })
            let box = try AES.GCM.seal(plain, using: key, authenticating: Self.context(connectionID))
            guard let combined = box.combined else { throw VaultError("the credentials could not be sealed") }
            return Array(combined)
        } catch let error as VaultError {
            throw error
        } catch {
            throw VaultError("the credentials could not be sealed")
        }
    }

    package func open(_ sealed: [UInt8], keyID: String, connectionID: Int64) throws(VaultError) -> [String: Secret] {
        guard keyID == self.keyID else {
            throw VaultError(
                "these credentials were sealed with key \(keyID); PORTOLAN_MASTER_KEY is key \(self.keyID)")
        }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            let plain = try AES.GCM.open(box, using: key, authenticating: Self.context(connectionID))
            return try JSONDecoder().decode([String: String].self, from: plain).mapValues(Secret.init)
        } catch {
            throw VaultError(
                "the credentials of connection \(connectionID) do not open: they were altered, or are another's")
        }
    }

    private static func context(_ connectionID: Int64) -> Data { Data("portolan:connection:\(connectionID)".utf8) }

    private static func hexBytes(_ text: String) -> [UInt8]? {
        guard text.utf8.count == 64 else { return nil }
        let digits = Array(text)
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let byte = UInt8(String(digits[index...index + 1]), radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}

/// Why credentials could not be sealed or opened. Never holds any part of them.
package struct VaultError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
