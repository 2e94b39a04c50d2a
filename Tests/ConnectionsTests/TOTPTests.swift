import Foundation
import Testing

@testable import Connections

@Suite("One-time passwords")
struct TOTPTests {
    private let seed = Array("12345678901234567890".utf8)
    /// The same in base32.
    private let pasted = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    @Test("the ten codes by counter of RFC 4226, appendix D")
    func counters() throws {
        let hotp = try HOTP(key: seed)
        let codes = (0..<10).map { hotp.code(counter: $0).reveal() }
        #expect(
            codes == [
                "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
            ])
    }

    @Test("the eighteen codes by the clock of RFC 6238, appendix B")
    func clock() throws {
        let table: [(Int64, String, String, String)] = [
            (59, "94287082", "46119246", "90693936"), (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"), (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"), (20_000_000_000, "65353130", "77737706", "47863826"),
        ]
        func seed(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(ascii: "0") + UInt8(($0 + 1) % 10) } }
        for (time, sha1, sha256, sha512) in table {
            let now = Date(timeIntervalSince1970: Double(time))
            for (algorithm, count, code) in [
                (HOTP.Algorithm.sha1, 20, sha1), (.sha256, 32, sha256), (.sha512, 64, sha512),
            ] {
                let totp = try TOTP(key: seed(count), algorithm: algorithm, digits: 8)
                #expect(totp.code(at: now).value.reveal() == code, "\(time) \(algorithm)")
            }
        }
    }

    @Test("the test values of RFC 4648 decode, and what is cut off or no base32 does not")
    func base32() {
        for (text, plain) in [
            ("", ""), ("MY======", "f"), ("MZXQ====", "fo"), ("MZXW6===", "foo"), ("MZXW6YQ=", "foob"),
            ("MZXW6YTB", "fooba"), ("MZXW6YTBOI======", "foobar"), ("mzxw 6ytb-oi", "foobar"),
        ] {
            #expect(Base32.decode(text) == Array(plain.utf8), "\(text)")
        }
        for wrong in [
            "M", "MZX", "MZXW6Y", "MZ", "MZXW0YTB", "MZXW1YTB", "MZXW8YTB", "MZ=XW6YT", "MZXWäYTB", "MY==========",
        ] {
            #expect(Base32.decode(wrong) == nil, "\(wrong)")
        }
    }

    @Test(
        "secrets are taken as people paste them",
        arguments: [
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n",
            "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ",
            "otpauth://totp/Shop:ann@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Shop",
            " OTPAUTH://TOTP/x?digits=6&period=30&algorithm=SHA1&SECRET=gezdgnbvgy3tqojqgezdgnbvgy3tqojq ",
        ])
    func pasting(_ text: String) throws {
        #expect(try TOTP(Secret(text)).code(at: Date(timeIntervalSince1970: 59)).value.reveal() == "287082")
    }

    @Test("an address may say algorithm, digits and period")
    func address() throws {
        let text = "otpauth://totp/x?secret=\(pasted)&algorithm=SHA256&digits=8&period=60"
        let totp = try TOTP(Secret(text))
        let same = try TOTP(key: seed, algorithm: .sha256, digits: 8, period: 60)
        let now = Date(timeIntervalSince1970: 1_234_567_890)
        #expect(totp.period == 60 && totp.code(at: now).value.matches(same.code(at: now).value))
    }

    @Test(
        "what is no secret is refused in words, and not repeated",
        arguments: [
            ("GEZDGNBVGY3TQ0JQ", "A to Z"), ("GEZDGNBV", "10 at least"), ("", "10 at least"),
            ("otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQ&counter=1", "otpauth://totp/"),
            ("otpauth://totp/x?issuer=GEZDGNBVGY3TQOJQ", "10 at least"),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&algorithm=MD5", "SHA256"),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&digits=9", "6 to 8"),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&period=0", "3600"),
        ])
    func refused(_ text: String, _ words: String) {
        let error = #expect(throws: OneTimePasswordError.self) { try TOTP(Secret(text)) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("GEZDG") == false)
    }

    @Test("a code says from when and until when it is valid")
    func validity() throws {
        let totp = try TOTP(Secret(pasted))
        let code = totp.code(at: Date(timeIntervalSince1970: 89.999))
        #expect(
            code.step == 2 && code.validFrom.timeIntervalSince1970 == 60 && code.validUntil.timeIntervalSince1970 == 90)
        #expect(totp.code(at: Date(timeIntervalSince1970: 90)).step == 3)
        #expect(totp.code(at: Date(timeIntervalSince1970: -1)).step == 0)
    }

    @Test("a login just before the turn waits for it, and one after a used code waits for the next")
    func turns() throws {
        let totp = try TOTP(Secret(pasted))
        func turn(_ now: Double, margin: Duration = .seconds(5), after used: UInt64? = nil) -> (UInt64, Duration) {
            let turn = totp.turn(at: Date(timeIntervalSince1970: now), margin: margin, after: used)
            return (turn.code.step, turn.wait)
        }
        #expect(turn(60) == (2, .zero))
        #expect(turn(85) == (2, .zero))
        #expect(turn(85.5) == (3, .milliseconds(4500)))
        #expect(turn(89.75) == (3, .milliseconds(250)))
        #expect(turn(61, after: 2) == (3, .seconds(29)))
        #expect(turn(61, after: 1) == (2, .zero))
        #expect(turn(61, after: 4) == (5, .seconds(89)))
        #expect(turn(60, margin: .seconds(100)) == (2, .zero))
        #expect(turn(61, margin: .seconds(100)) == (3, .seconds(29)))
        #expect(turn(89.5, margin: .zero) == (2, .zero))
    }
}
