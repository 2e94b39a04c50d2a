import Platforms
import Testing

@Suite("What is kept of an answer is harmless")
struct RedactionTests {
    private static let secrets: [(text: String, secret: String)] = [
        (#"{"access_token":"abc.DEF-123","scope":"read"}"#, "abc.DEF-123"),
        (#"{"refresh_token": "hunter2"}"#, "hunter2"), (#"{"clientSecret":"s3cr3t"}"#, "s3cr3t"),
        (#"{\"password\":\"p\\\"w\"}"#, "p\\"), ("consumer_secret=cs_0123456789abcdef&page=2", "0123456789abcdef"),
        ("Authorization: Bearer abcdefghij.klmno", "abcdefghij"), ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("sent Bearer abcdefghij", "abcdefghij"), ("the key sk_live_51AbcDEF9876 is wrong", "51AbcDEF9876"),
        ("shpat_0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ("APP_USR-12345-abcdef", "12345-abcdef"), ("token Atza|IwEBIJ_abc", "IwEBIJ"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc_123-x", "eyJzdWIi"),
        ("signed a3f5c9d2e1b47788990011aabbccddeeff00112233445566 ok", "a3f5c9d2e1b4"),
        ("mail jane.doe+x@example.co.uk now", "jane.doe"), ("mail jane@example.com", "example.com"),
        ("j%40example.com wrote jöran@exämple.de", "exämple"),
        ("call +49 171 234 5678 today", "234 5678"), ("call (555) 123-4567 now", "123-4567"),
        ("card 4242 4242 4242 4242 declined", "4242"), ("card 4242424242424242", "4242424242"),
        ("order 450789469012 not found", "450789469012"), (#"{"phone":"12345","first_name":"Jane"}"#, "Jane"),
        (#"{"email":"x"}"#, "\"x\""), ("ws_key=ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOP"),
        ("X-Api-Key: abcdef", "abcdef"), ("Set-Cookie: session=abcdef; path=/", "abcdef"),
    ]

    @Test("secrets and what is about a person are masked", arguments: secrets)
    func masked(text: String, secret: String) {
        let result = Redaction.sanitised(text)
        #expect(!result.contains(secret), "\(result)")
        #expect(result.contains("***"))
    }

    @Test(
        "what a rule is written from stays",
        arguments: [
            "Query cost is 1382, which exceeds the single query max cost limit (1000).",
            #"{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"currentlyAvailable":212}"#,
            "2026-01-02 03:04:05 GMT", "2026-01-02T03:04:05Z", "at 192.168.100.200 port 8080",
            "woocommerce_rest_shop_order_invalid_id",
            "wp-content/plugins/woo-commerce/includes/class-wc-order.php line 117",
            "Désolé, vous ne pouvez pas lister les ressources.", "price 1234567.89 EUR", "Error 1016 | Cloudflare",
            "429 Too Many Requests", "limit 40/40 (2 a second)", "ids 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
        ])
    func kept(text: String) {
        #expect(Redaction.sanitised(text) == text)
    }

    @Test("the result is bounded, is UTF-8, and has no NUL")
    func bounded() {
        let long = String(repeating: "é€😀 ", count: 3000)
        let cut = Redaction.sanitised(long)
        #expect(cut.utf8.count <= 2048 && cut.utf8.count > 2030 && long.hasPrefix(cut))
        let broken: [UInt8] = [0xFF, 0x61, 0x00, 0x62, 0xC3]
        let text = Redaction.sanitised(broken)
        #expect(!text.contains("\0") && text.contains("ab"))
    }

    @Test("a secret that is cut in two at the end of what is looked at is gone as a whole")
    func cutSecret() {
        let filler = String(repeating: "word ", count: 16 * 1024 / 5 - 2)
        let text = filler + "sk_live_51AbcDEF9876543210"
        #expect(!Redaction.sanitised(text, bytesMax: 20_000).contains("51Abc"))
    }

    @Test("whatever bytes come, the masking ends, and doing it twice changes nothing of note")
    func random() {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &generator)
        var random = Seeded(state: seed)
        let alphabet = Array("aZ09@.+-_=:\"'/ \\{}[]|&;,()%é\0\n".utf8) + Array("tokensecretBearer ".utf8)
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            let once = Redaction.sanitised(bytes)
            #expect(once.utf8.count <= 2048 && !once.contains("\0"), "seed \(seed)")
        }
    }
}

/// Numbers that follow from a seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
