import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// Where a shop's interface is, and how keys get there.
@Suite("WooCommerce: address and keys") struct WooCommerceAddressTests {
    private func count(_ visitor: WooCommerceVisitor, _ resource: String = "orders") -> Int {
        visitor.store.truth(resource: resource).count
    }

    @Test("without TLS requests are signed; the keys themselves are never sent")
    func withoutTLS() throws {
        let visitor = WooCommerceVisitor(["http_only": "yes"], base: "http://127.0.0.1:8080/mount")
        for resource in WooCommerceShop.resources { try visitor.run(resource) }
        #expect(visitor.ids.count == WooCommerceShop.resources.reduce(0) { $0 + count(visitor, $1) })
        for request in visitor.sent {
            let words = request.query.map(\.value) + request.headers.map(\.value)
            #expect(!words.contains { $0.contains("test_consumer_secret") })
            #expect(!words.contains { $0.hasPrefix("Basic ") })
        }
    }

    @Test("keys sent as they are, without TLS, are nobody's")
    func basicWithoutTLS() throws {
        let shop = try WooCommerceShop(["http_only": "yes"])
        #expect(Result { try shop.walk.run("orders") }.code == "auth.credentials_invalid")
    }

    @Test("a server that drops the header gets the keys in the query, found out once for all streams")
    func strippedHeader() throws {
        let shop = try WooCommerceShop(["strips_authorization": "yes"])
        try shop.read()
        shop.expectTruth()
        #expect(shop.walk.settings["auth"] == "query")
        let tried = shop.walk.steps.filter { $0.exchanges.contains { $0.response.status == 401 } }
        #expect(tried.count == 1)
    }

    @Test("the index is asked without a key, which WordPress would refuse there")
    func indexWithoutKey() throws {
        let visitor = WooCommerceVisitor([:], base: "https://shop.example")
        try visitor.run("orders")
        let index = try #require(visitor.sent.first)
        #expect(index.path == "/wp-json/" && index.header("Authorization") == nil)
        #expect(visitor.sent.dropFirst().allSatisfy { $0.header("Authorization") != nil })
    }

    @Test("a wrong key and a wrong secret are told apart, and neither is asked about for ever")
    func wrongKeys() throws {
        let unknown = WooCommerceVisitor([:], base: "https://shop.example")
        unknown.credentials["consumer_key"] = "ck_other"
        #expect(Result { try unknown.run("orders") }.code == "auth.credentials_invalid")
        #expect(unknown.sent.count < 10)
        let secret = WooCommerceVisitor([:], base: "https://shop.example")
        secret.credentials["consumer_secret"] = "cs_other"
        #expect(Result { try secret.run("orders") }.code == "auth.credentials_invalid")
        #expect(secret.settings["auth"] == "header")
    }

    @Test(
        "sent to another form of its address, the connection goes there",
        arguments: [
            ("https", "http://shop.example", "https://shop.example"),
            ("www", "https://shop.example", "https://www.shop.example"),
            ("www", "https://shop.example/sub", "https://www.shop.example/sub"),
        ])
    func redirects(word: String, base: String, expected: String) throws {
        let visitor = WooCommerceVisitor(["redirect": word], base: base)
        try visitor.run("orders")
        #expect(visitor.settings["base_url"] == expected)
        #expect(visitor.ids.count == count(visitor))
        // No key goes to an address nobody has agreed to.
        for request in visitor.sent where !visitor.base.contains(request.header("Host") ?? "?") {
            #expect(request.header("Authorization") == nil)
        }
    }

    @Test("sent to another site, it is told which; sent in circles, too")
    func redirectAway() throws {
        let visitor = WooCommerceVisitor(["redirect": "elsewhere"], base: "https://shop.example")
        visitor.takesBase = false
        do {
            try visitor.run("orders")
            Issue.record("it was read")
        } catch let failure as ReadFailure {
            #expect(failure.error.code == .redirectRefused)
            #expect(failure.error.message.contains("other.example"))
        }
        #expect(visitor.sent.allSatisfy { $0.header("Authorization") == nil })
        let circle = WooCommerceVisitor(["redirect": "loop"], base: "http://shop.example")
        #expect(
            ["redirect.refused", "redirect.loop", "store.api_missing"].contains(
                Result { try circle.run("orders") }.code))
    }

    @Test("an interface in a folder, and one without readable addresses that takes keys")
    func elsewhere() throws {
        let folder = try WooCommerceShop(["subfolder": "/shop"])
        try folder.read(["orders"])
        #expect(folder.walk.settings["api_root"] == "/shop/wp-json")
        let plain = try WooCommerceShop(["permalinks": "plain_keys"])
        try plain.read()
        plain.expectTruth()
        #expect(plain.walk.settings["api_root"] == "/index.php")
    }

    @Test("what was found out is found out once; the plugin switched off and on again is found, too")
    func again() throws {
        let shop = try WooCommerceShop(["time_zone": "Europe/Paris", "currency": "GBP"])
        try shop.read()
        #expect(shop.walk.steps.count { $0.exchanges[0].request.purpose == "index" } == 1)
        let settings = shop.walk.settings
        #expect(settings["time_zone"] == "Europe/Paris" && settings["currency"] == "GBP")
        #expect(settings["gmt_offset"] == "1.0" && settings["price_decimals"] == "2")
    }

    @Test(
        "addresses as headers give them",
        arguments: [
            ("https://shop.example/wp-json/", "https://shop.example", "/wp-json"),
            ("HTTPS://Shop.Example:8443/a/?x=1#y", "https://shop.example:8443", "/a"),
            ("/fr/wp-json/", nil, "/fr/wp-json"), ("https://shop.example", "https://shop.example", ""),
        ])
    func addresses(text: String, base: String?, path: String) throws {
        let address = try #require(WooCommerceAddress(text))
        #expect(address.base == base && address.pathWithoutSlash == path)
    }

    @Test(
        "what is no address",
        arguments: ["", "shop", "//shop.example/", "https://", "https://user@host/", "ftp://x/", "a b"])
    func noAddresses(text: String) { #expect(WooCommerceAddress(text) == nil) }
}
