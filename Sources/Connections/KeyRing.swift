internal import Crypto
internal import FoundationEssentials

/// The keys that credentials are sealed with: the first seals, all of them open.
///
/// A key is 32 bytes. Its id, the first 16 hexadecimal digits of its SHA-256, is stored beside what it sealed.
struct KeyRing: Sendable, CustomStringConvertible, CustomReflectable {
    struct Key: Sendable {
        let id: String
        let key: SymmetricKey
    }

    /// Rotation needs two. More than a few are a mistake in the file.
    static let keysMax = 16

    let keys: [Key]
    var first: Key { keys[0] }
    var ids: [String] { keys.map(\.id) }

    /// Reads keys separated by commas or line ends; from `#` to the end of the line is comment.
    ///
    /// - Parameters:
    ///   - text: each key as base64 or as 64 hexadecimal digits; white space in and around a key is ignored.
    ///   - source: what it was read from, for errors: a variable or a file.
    /// - Throws: ``VaultError`` that names the source and which key is wrong, never its text.
    init(parsing text: Secret, from source: String) throws(VaultError) {
        var entries: [String] = []
        for line in text.reveal().split(whereSeparator: \.isNewline) {
            entries += line.prefix { $0 != "#" }.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        }
        entries.removeAll(where: \.isEmpty)
        guard !entries.isEmpty else { throw VaultError("\(source) holds no key; \(Self.hint)") }
        guard entries.count <= Self.keysMax else {
            throw VaultError("\(source) holds \(entries.count) keys; it may hold \(Self.keysMax)")
        }
        var keys: [Key] = []
        for (index, entry) in entries.enumerated() {
            let which = entries.count == 1 ? source : "key \(index + 1) of \(source)"
            guard let bytes = Self.bytes(entry) else { throw VaultError("\(which) must be \(Self.form); \(Self.hint)") }
            guard Set(bytes).count > 1 else {
                throw VaultError("\(which) is one byte over and over; \(Self.hint)")
            }
            let key = Key(id: Self.id(of: bytes), key: SymmetricKey(data: bytes))
            if keys.contains(where: { $0.id == key.id }) {
                throw VaultError("\(which) stands there twice: \(key.id)")
            }
            keys.append(key)
        }
        self.keys = keys
    }

    func key(_ id: String) -> Key? { keys.first { $0.id == id } }

    var description: String { "keys \(ids.joined(separator: ", "))" }
    var customMirror: Mirror { Mirror(self, children: []) }

    private static let form = "32 bytes, as base64 or as 64 hexadecimal digits"
    private static let hint = "make one with: portolan keys make (or openssl rand -base64 32)"

    private static func id(of bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let bytes = hexBytes(text) ?? Data(base64Encoded: text).map(Array.init)
        return bytes?.count == 32 ? bytes : nil
    }

    private static func hexBytes(_ text: String) -> [UInt8]? {
        guard text.utf8.count == 64, text.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else {
            return nil
        }
        let digits = Array(text)
        return stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }
}
