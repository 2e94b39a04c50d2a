import Testing

@testable import Connections

@Suite("A site that has moved")
struct MovedSiteTests {
    @Test(
        "stays the same site with another path, with TLS, with or without www",
        arguments: [
            ("https://shop.example", "https://www.shop.example"), ("https://www.shop.example", "https://shop.example"),
            ("http://shop.example", "https://shop.example/"), ("https://shop.example", "https://SHOP.example/store"),
            ("http://shop.example:8080", "https://shop.example"),
            ("http://shop.example:8080", "http://shop.example:8080/a"),
        ])
    func same(given: String, found: String) {
        let expected = found.hasSuffix("/") ? String(found.dropLast()) : found
        #expect(MovedSite.address(found, of: given) == expected)
    }

    @Test(
        "credentials do not follow to another host, to a port of its own, without TLS, or with somebody's name",
        arguments: [
            ("https://shop.example", "https://shop.example.evil.test"), ("https://shop.example", "http://shop.example"),
            ("https://shop.example", "https://shop.example:8443"), ("https://shop.example", "https://other.example"),
            ("https://shop.example", "https://user@shop.example"), ("https://shop.example", "ftp://shop.example"),
            ("https://shop.example", "https://shop.example/?a=b"), ("https://shop.example", "//shop.example"),
            ("https://shop.example", "https://www.www.shop.example"), ("https://shop.example", ""),
        ])
    func other(given: String, found: String) { #expect(MovedSite.address(found, of: given) == nil) }
}
