import Foundation
import Testing

@testable import Connections

@Suite("OAuth 1.0a")
struct OAuth1Tests {
    private func credentials(
        _ key: String, _ secret: String, _ token: String? = nil, _ tokenSecret: String? = nil
    ) -> OAuth1.Credentials {
        .init(
            consumerKey: Secret(key), consumerSecret: Secret(secret), token: token.map(Secret.init),
            tokenSecret: tokenSecret.map(Secret.init))
    }

    private func signature(_ signature: OAuth1.Signature) -> String? {
        signature.parameters.first { $0.name == "oauth_signature" }?.value
    }

    @Test("the base string of RFC 5849, section 3.4.1.1")
    func baseString() throws {
        let request = OAuth1.Request(
            method: "POST", url: "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
            form: [("c2", ""), ("a3", "2 q")])
        let base = try OAuth1.baseString(
            request,
            [
                ("oauth_consumer_key", "9djdj82h48djs9d2"), ("oauth_token", "kkk9d7dh3k39sjv7"),
                ("oauth_signature_method", "HMAC-SHA1"), ("oauth_timestamp", "137131201"),
                ("oauth_nonce", "7d8f3e4a"),
            ])
        #expect(
            base == "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q"
                + "%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_"
                + "key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_m"
                + "ethod%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk" + "9d7dh3k39sjv7")
    }

    @Test("the three requests of RFC 5849, section 1.2, and the one of OAuth Core 1.0, appendix A")
    func published() throws {
        let initiate = try OAuth1.sign(
            .init(method: "POST", url: "https://photos.example.net/initiate"),
            credentials: credentials("dpf43f3p2l4k3l03", "kd94hf93k423kf44"), nonce: "wIjqoS",
            timestamp: 137_131_200, algorithm: .hmacSHA1,
            extra: [("oauth_callback", "http://printer.example.com/ready")], isVersionSent: false)
        #expect(signature(initiate) == "74KNZJeDHnMBp0EMJ9ZHt/XKycU=")
        let token = try OAuth1.sign(
            .init(method: "POST", url: "https://photos.example.net/token"),
            credentials: credentials("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "hh5s93j4hdidpola", "hdhd0244k9j7ao03"),
            nonce: "walatlh", timestamp: 137_131_201, algorithm: .hmacSHA1,
            extra: [("oauth_verifier", "hfdp7dh39dks9884")], isVersionSent: false)
        #expect(signature(token) == "gKgrFCywp7rO0OXSjdot/IHF7IU=")
        let owner = credentials("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")
        let photos = try OAuth1.sign(
            .init(method: "GET", url: "http://photos.example.net/photos?file=vacation.jpg&size=original"),
            credentials: owner, nonce: "chapoH", timestamp: 137_131_202, algorithm: .hmacSHA1, isVersionSent: false)
        #expect(signature(photos) == "MdpQcU8iPSUjWoN/UDMsK2sui9I=")
        let core = try OAuth1.sign(
            .init(
                method: "GET", url: "http://photos.example.net/photos",
                query: [("file", "vacation.jpg"), ("size", "original")]),
            credentials: owner, nonce: "kllo9940pd9333jh", timestamp: 1_191_242_096, algorithm: .hmacSHA1)
        #expect(signature(core) == "tR3+Ty81lMeYAr/Fid0kMTYa/WM=")
        #expect(
            core.header(realm: "http://photos.example.net/")
                == #"OAuth realm="http://photos.example.net/", oauth_consumer_key="dpf43f3p2l4k3l03", "#
                + #"oauth_nonce="kllo9940pd9333jh", oauth_signature_method="HMAC-SHA1", "#
                + #"oauth_timestamp="1191242096", oauth_token="nnch734d00sl2jdk", oauth_version="1.0", "#
                + #"oauth_signature="tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D""#)
    }

    @Test("a form with spaces, signs and an ampersand in it, as Twitter's manual signs it")
    func form() throws {
        let signed = try OAuth1.sign(
            .init(
                method: "post", url: "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
                form: [("status", "Hello Ladies + Gentlemen, a signed OAuth request!")]),
            credentials: credentials(
                "xvz1evFS4wEEPTGEFPHBog", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
                "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"),
            nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", timestamp: 1_318_622_958, algorithm: .hmacSHA1)
        #expect(signature(signed) == "hCtSmYh+iHYCEqBWrE7C7hYmtUk=")
    }

    @Test("Magento's search criteria are encoded once in the parameters and once more in the base string")
    func magento() throws {
        let request = OAuth1.Request(
            method: "GET", url: "https://Shop.Example:443/rest/default/V1/orders",
            query: [
                ("searchCriteria[filter_groups][0][filters][0][field]", "updated_at"),
                ("searchCriteria[filter_groups][0][filters][0][value]", "2026-11-01 00:00:00"),
                ("searchCriteria[filter_groups][0][filters][0][condition_type]", "gteq"),
                ("fields", "items[entity_id,updated_at],total_count"),
            ])
        let base = try OAuth1.baseString(request, [("oauth_token", "t")])
        #expect(
            base == "GET&https%3A%2F%2Fshop.example%2Frest%2Fdefault%2FV1%2Forders&"
                + "fields%3Ditems%255Bentity_id%252Cupdated_at%255D%252Ctotal_count%26oauth_token%3Dt"
                + "%26searchCriteria%255Bfilter_groups%255D%255B0%255D%255Bfilters%255D%255B0%255D%255Bcondition_type%255D%3Dgteq"
                + "%26searchCriteria%255Bfilter_groups%255D%255B0%255D%255Bfilters%255D%255B0%255D%255Bfield%255D%3Dupdated_at"
                + "%26searchCriteria%255Bfilter_groups%255D%255B0%255D%255Bfilters%255D%255B0%255D%255Bvalue%255D%3D"
                + "2026-11-01%252000%253A00%253A00")
        let signed = try OAuth1.sign(
            request, credentials: credentials("ck", "cs", "at", "as"), nonce: "n0nce", timestamp: 1_795_000_000,
            algorithm: .hmacSHA256)
        #expect(signature(signed) == "cV/c10S0GyBClHokGX8Vx2TeqrwNf6nlBScddWUMcs4=")
    }

    @Test("WooCommerce's form: one leg, in the query, the key ends with its ampersand")
    func wooCommerce() throws {
        let signed = try OAuth1.sign(
            .init(
                method: "GET", url: "http://shop.example/wp-json/wc/v3/orders",
                query: [("per_page", "100"), ("include[0]", "7"), ("after", "2026-11-01T00:00:00")]),
            credentials: credentials("ck_0123", "cs_4567"), nonce: "abc123", timestamp: 1_795_000_000,
            algorithm: .hmacSHA256)
        #expect(signature(signed) == "wxs0z1f1iOqWCHCULcayXdq4Nhw55NRfTFqF43Ou85Q=")
        #expect(
            signed.query.hasPrefix(
                "oauth_consumer_key=ck_0123&oauth_nonce=abc123&oauth_signature_method=HMAC-SHA256&oauth_timestamp=1795000000"
            ))
        #expect(signed.query.hasSuffix("oauth_signature=wxs0z1f1iOqWCHCULcayXdq4Nhw55NRfTFqF43Ou85Q%3D"))
        #expect(!signed.parameters.contains { $0.name == "oauth_token" })
        // What is sent after the signature's parameters were put into the URL has the same base string.
        let again = try OAuth1.sign(
            .init(
                method: "GET",
                url:
                    "http://shop.example/wp-json/wc/v3/orders?per_page=100&include%5B0%5D=7&after=2026-11-01T00%3A00%3A00"
            ),
            credentials: credentials("ck_0123", "cs_4567"), nonce: "abc123", timestamp: 1_795_000_000,
            algorithm: .hmacSHA256)
        #expect(signature(again) == signature(signed))
    }

    @Test("scheme, host and port become what the RFC says; the path stays as it was sent")
    func urls() throws {
        func base(_ url: String) throws -> String? {
            try OAuth1.baseString(.init(method: "GET", url: url), []).split(separator: "&").dropFirst().first
                .flatMap { String($0).removingPercentEncoding }
        }
        #expect(try base("http://EXAMPLE.COM:80/r%20v/X?id=123") == "http://example.com/r%20v/X")
        #expect(try base("https://www.example.net:8080/?q=1") == "https://www.example.net:8080/")
        #expect(try base("https://example.com") == "https://example.com/")
        #expect(try base("HTTPS://example.com:443?a=b#c") == "https://example.com/")
        #expect(try base("http://example.com:443/") == "http://example.com:443/")
        #expect(try base("http://[::1]:8080/a") == "http://[::1]:8080/a")
        #expect(try base("http://[2001:DB8::80]/a") == "http://[2001:db8::80]/a")
        for wrong in [
            "example.com/a", "ftp://example.com/", "https://u:p@example.com/", "https:///a", "http://a/?x=%zz",
        ] {
            #expect(throws: OAuth1Error.self, "\(wrong)") { try base(wrong) }
        }
    }

    @Test("parameters are sorted by their encoded bytes, then by value, and every byte but the unreserved is encoded")
    func order() throws {
        let base = try OAuth1.baseString(
            .init(
                method: "GET", url: "https://a.example/",
                query: [
                    ("a.b", "1"), ("a[0]", "2"), ("A", "3"), ("a", "z"), ("a", "ä"), ("a", "+"), ("~", "-._~*'()!"),
                ]), [])
        let normalised = base.split(separator: "&")[2].removingPercentEncoding
        #expect(normalised == "A=3&a=%2B&a=%C3%A4&a=z&a%5B0%5D=2&a.b=1&~=-._~%2A%27%28%29%21")
    }

    @Test("a request that carries a protocol parameter already is refused")
    func twice() {
        for name in ["oauth_nonce", "oauth_signature", "oauth_consumer_key"] {
            let error = #expect(throws: OAuth1Error.self) {
                try OAuth1.sign(
                    .init(method: "GET", url: "https://a.example/?\(name)=x"), credentials: credentials("k", "s"),
                    nonce: "n", timestamp: 1, algorithm: .hmacSHA256)
            }
            #expect(error?.description.contains(name) == true)
        }
    }

    @Test("secrets with reserved characters are encoded into the key")
    func oddSecrets() throws {
        let signed = try OAuth1.sign(
            .init(method: "GET", url: "https://a.example/"), credentials: credentials("k&=", "s&%ü", "t+", "u/"),
            nonce: "n", timestamp: 1, algorithm: .hmacSHA256)
        #expect(signature(signed) == "u3GgEalbE1uALvlZ9SKNc6m6r5tYjOgwKK4125WRfqw=")
        #expect(signed.header(realm: #"a"b\"#).hasPrefix(#"OAuth realm="a\"b\\", oauth_consumer_key="k%26%3D","#))
    }
}
