internal import Crypto
internal import FoundationEssentials

/// Seals and opens credentials with AES-GCM (NIST SP 800-38D), under keys that never reach the database.
///
/// The first key of the ring seals, every key of it opens. The connection's id is authenticated with the ciphertext:
/// credentials copied from one connection's row to another's do not open.
package struct Vault: Sendable, CustomStringConvertible, CustomReflectable {
    private enum Source {
        case fixed(KeyRing)
        case file(KeyFile)
    }

    private let source: Source

    /// - Parameter text: one key, or several separated by commas; each is 32 bytes as base64 or as 64 hexadecimal
    ///   digits.
    package init(masterKey text: Secret) throws(VaultError) {
        source = .fixed(try KeyRing(parsing: text, from: "PORTOLAN_MASTER_KEY"))
    }

    /// - Parameter keyFile: a file with a key a line and `#` comments, which is read again at every use.
    /// - Throws: ``VaultError``, also when others may read the file.
    package init(keyFile path: String) throws(VaultError) {
        source = .file(try KeyFile(path: path))
    }

    /// Something sealed, with the id of the key that did it: they are stored together.
    package struct Sealed: Sendable, Equatable {
        package let keyID: String
        package let bytes: [UInt8]
    }

    private var ring: KeyRing {
        switch source {
        case .fixed(let ring): ring
        case .file(let file): file.ring()
        }
    }

    /// Ids of the ring's keys; the first one seals.
    package var keyIDs: [String] { ring.ids }
    /// Id of the key that seals. What was sealed a moment ago may have another one: a file of keys can change at any
    /// time. Store what ``seal(_:for:)`` says.
    package var keyID: String { ring.first.id }
    /// Why the file of keys could not be read again; nil when all is well.
    package var problem: String? {
        guard case .file(let file) = source else { return nil }
        _ = file.ring()
        return file.problem
    }

    package var description: String { "vault with \(ring)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// A new random key as base64.
    package static func makeMasterKey() -> Secret {
        Secret(SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() })
    }

    /// Nonce, ciphertext and tag of the credentials as a JSON object, and which key sealed them.
    package func seal(_ credentials: [String: Secret], for connectionID: Int64) throws(VaultError) -> Sealed {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let plain = try? encoder.encode(credentials.mapValues { $0.reveal() }) else {
            throw VaultError("the credentials could not be sealed")
        }
        return try Self.seal(plain, with: ring.first, connectionID)
    }

    /// As ``seal(_:for:)``, without the key's id. Only for a ring that does not change meanwhile.
    package func seal(_ credentials: [String: Secret], connectionID: Int64) throws(VaultError) -> [UInt8] {
        try seal(credentials, for: connectionID).bytes
    }

    package func open(_ sealed: [UInt8], keyID: String, connectionID: Int64) throws(VaultError) -> [String: Secret] {
        let plain = try plain(sealed, keyID, connectionID, ring)
        guard let values = try? JSONDecoder().decode([String: String].self, from: plain) else {
            throw VaultError("the credentials of connection \(connectionID) are no credentials")
        }
        return values.mapValues(Secret.init)
    }

    /// The same, sealed anew with the first key; nil when it was that key already.
    package func reseal(_ sealed: [UInt8], keyID: String, connectionID: Int64) throws(VaultError) -> Sealed? {
        let ring = ring
        if ring.first.id == keyID { return nil }
        return try Self.seal(try plain(sealed, keyID, connectionID, ring), with: ring.first, connectionID)
    }

    private static func seal(_ plain: Data, with key: KeyRing.Key, _ connectionID: Int64) throws(VaultError) -> Sealed {
        guard let box = try? AES.GCM.seal(plain, using: key.key, authenticating: context(connectionID)),
            let combined = box.combined
        else { throw VaultError("the credentials could not be sealed") }
        return Sealed(keyID: key.id, bytes: Array(combined))
    }

    private func plain(
        _ sealed: [UInt8], _ keyID: String, _ connectionID: Int64, _ ring: KeyRing
    ) throws(VaultError) -> Data {
        guard let key = ring.key(keyID) else { throw unknownKey(keyID, connectionID, ring) }
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let plain = try? AES.GCM.open(box, using: key.key, authenticating: Self.context(connectionID))
        else {
            throw VaultError(
                "the credentials of connection \(connectionID) do not open: they were altered, or are another's")
        }
        return plain
    }

    private func unknownKey(_ keyID: String, _ connectionID: Int64, _ ring: KeyRing) -> VaultError {
        var text =
            "the credentials of connection \(connectionID) were sealed with key \(keyID), which is none of "
            + "\(ring.ids.joined(separator: ", ")); add that key to PORTOLAN_MASTER_KEY or its file, or set the "
            + "credentials again with: portolan connections renew"
        if case .file(let file) = source, let problem = file.problem { text += " (\(problem))" }
        return VaultError(text, isKeyMissing: true)
    }

    private static func context(_ connectionID: Int64) -> Data { Data("portolan:connection:\(connectionID)".utf8) }
}

/// Why credentials could not be sealed or opened. Never holds any part of them.
package struct VaultError: Error, CustomStringConvertible {
    package let description: String
    /// The ring lacks the key: once somebody has added it, the same credentials open. Nothing is wrong with them.
    package let isKeyMissing: Bool

    init(_ description: String, isKeyMissing: Bool = false) {
        self.description = description
        self.isKeyMissing = isKeyMissing
    }
}
