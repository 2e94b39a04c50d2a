package import FoundationEssentials
internal import Platforms

/// One-time passwords by the clock (RFC 6238), for admin logins with a second factor.
///
/// The time is passed in. A server takes a code once and for its step only: ask ``turn(at:margin:after:)`` when to log
/// in, and remember the step of the code that was used.
package struct TOTP: Sendable {
    private let hotp: HOTP
    /// Length of a step, in seconds.
    package let period: Int64

    /// A code and how long it is good for.
    package struct Code: Sendable {
        package let value: Secret
        /// Number of its step since 1970; the next code has the next.
        package let step: UInt64
        package let validFrom: Date
        /// The first instant at which it is not valid any more.
        package let validUntil: Date
    }

    /// - Parameters:
    ///   - secret: base32 as platforms show it (small letters, spaces, dashes and missing padding are understood), or
    ///     the whole `otpauth://totp/…` address behind the QR code, which may say algorithm, digits and period.
    /// - Throws: ``OneTimePasswordError`` that says what is wrong and does not repeat the secret.
    package init(
        _ secret: Secret, algorithm: HOTP.Algorithm = .sha1, digits: Int = 6, period: Int64 = 30
    ) throws(OneTimePasswordError) {
        var (text, algorithm, digits, period) = (secret.reveal(), algorithm, digits, period)
        if text.lowercased().contains("otpauth:") {
            let fields = try Self.fields(of: text)
            text = fields["secret"] ?? ""
            if let word = fields["algorithm"] {
                let plain = word.uppercased().filter { $0 != "-" }
                guard let known = HOTP.Algorithm(rawValue: plain) else {
                    throw OneTimePasswordError("the algorithm of the address is none of SHA1, SHA256 and SHA512")
                }
                algorithm = known
            }
            if let count = fields["digits"] { digits = Int(count) ?? 0 }
            if let length = fields["period"] { period = Int64(length) ?? 0 }
        }
        guard let key = Base32.decode(text) else {
            throw OneTimePasswordError(
                "the secret is not base32: it is made of the letters A to Z and the digits 2 to 7")
        }
        guard key.count >= 10 else {
            throw OneTimePasswordError("the secret has \(key.count) bytes; whole ones have 10 at least")
        }
        try self.init(key: key, algorithm: algorithm, digits: digits, period: period)
    }

    init(
        key: [UInt8], algorithm: HOTP.Algorithm = .sha1, digits: Int = 6, period: Int64 = 30
    ) throws(OneTimePasswordError) {
        guard (1...3600).contains(period) else {
            throw OneTimePasswordError("a step has 1 to 3600 seconds, not \(period)")
        }
        hotp = try HOTP(key: key, algorithm: algorithm, digits: digits)
        self.period = period
    }

    /// The code of an instant.
    package func code(at now: Date) -> Code { code(step: step(at: now)) }

    /// The code to log in with, and how long to wait before it is sent.
    ///
    /// - Parameters:
    ///   - margin: how long it has to stay valid: a login takes its time, and clocks differ.
    ///   - used: step of the last code that was sent: no server takes it again.
    package func turn(
        at now: Date, margin: Duration = .seconds(5), after used: UInt64? = nil
    ) -> (code: Code, wait: Duration) {
        var step = step(at: now)
        if let used, step <= used { step = used + 1 }
        // A margin longer than a step asks for what there cannot be: a whole step is the most there is.
        let needed = min(Self.seconds(margin), Double(period))
        if code(step: step).validUntil.timeIntervalSince(now) < needed { step += 1 }
        let code = code(step: step)
        let wait = code.validFrom.timeIntervalSince(now)
        return (code, wait > 0 ? .milliseconds(Int64((wait * 1000).rounded(.up))) : .zero)
    }

    private func code(step: UInt64) -> Code {
        let start = Date(timeIntervalSince1970: Double(step) * Double(period))
        return Code(
            value: hotp.code(counter: step), step: step, validFrom: start, validUntil: start + Double(period))
    }

    private func step(at now: Date) -> UInt64 {
        UInt64(max(0, (now.timeIntervalSince1970 / Double(period)).rounded(.down)))
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private static func fields(of address: String) throws(OneTimePasswordError) -> [String: String] {
        let trimmed = address.filter { !$0.isWhitespace }
        guard trimmed.lowercased().hasPrefix("otpauth://totp/") else {
            throw OneTimePasswordError("only addresses that begin with otpauth://totp/ give codes by the clock")
        }
        var fields: [String: String] = [:]
        for pair in trimmed.drop(while: { $0 != "?" }).dropFirst().split(separator: "&") {
            let name = pair.prefix { $0 != "=" }
            fields[name.lowercased()] = PercentEncoding.decodeForm(pair.dropFirst(name.count + 1))
        }
        return fields
    }
}
