internal import Crypto

/// One-time passwords by counter (RFC 4226).
package struct HOTP: Sendable {
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha1 = "SHA1"
        case sha256 = "SHA256"
        case sha512 = "SHA512"
    }

    private let key: SymmetricKey
    package let algorithm: Algorithm
    package let digits: Int

    /// - Parameters:
    ///   - key: the shared secret's bytes.
    ///   - digits: 6 to 8.
    init(key: [UInt8], algorithm: Algorithm = .sha1, digits: Int = 6) throws(OneTimePasswordError) {
        guard (6...8).contains(digits) else { throw OneTimePasswordError("a code has 6 to 8 digits, not \(digits)") }
        self.key = SymmetricKey(data: key)
        self.algorithm = algorithm
        self.digits = digits
    }

    /// The code of a counter, with leading zeros.
    package func code(counter: UInt64) -> Secret {
        let message = withUnsafeBytes(of: counter.bigEndian, Array.init)
        let hash: [UInt8] =
            switch algorithm {
            case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: key))
            case .sha256: Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
            case .sha512: Array(HMAC<SHA512>.authenticationCode(for: message, using: key))
            }
        let offset = Int(hash[hash.count - 1] & 15)
        let number = hash[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let text = String(number % [1_000_000, 10_000_000, 100_000_000][digits - 6])
        return Secret(String(repeating: "0", count: digits - text.count) + text)
    }
}

/// Why a shared secret cannot make codes. Never holds any part of it.
package struct OneTimePasswordError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
