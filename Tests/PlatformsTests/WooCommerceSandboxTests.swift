import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// The simulated shop is as unkind as the ones that were measured.
@Suite("WooCommerce: sandbox") struct WooCommerceSandboxTests {
    private let key = Data("test_consumer_key:test_consumer_secret".utf8).base64EncodedString()

    private func ask(
        _ shop: WooCommerceShop, _ path: String, _ query: KeyValuePairs<String, String> = [:]
    ) throws -> (status: Int, ids: [Int], answer: SandboxResponse) {
        let answer = shop.store.respond(
            to: SandboxRequest(
                method: "GET", path: "/wp-json/wc/v3" + path, query: query.map { ($0.key, $0.value) },
                headers: [("Authorization", "Basic " + key)]), now: shop.walk.now)
        let rows = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]] ?? []
        return (answer.status, rows.compactMap { $0["id"] as? Int }, answer)
    }

    private func total(_ answer: SandboxResponse) -> String? {
        answer.headers.first { $0.name == "X-WP-Total" }?.value
    }

    @Test("pages in the order of change lose rows that share a second, without a word", arguments: [7, 10, 13, 25])
    func unstableOrder(size: Int) throws {
        let shop = try WooCommerceShop(["ties": "60"], sizes: ["orders": 60])
        var seen: [Int] = []
        for page in 1...((60 + size - 1) / size) {
            let answer = try ask(
                shop, "/orders", ["orderby": "modified", "order": "asc", "per_page": "\(size)", "page": "\(page)"])
            #expect(total(answer.answer) == "60")
            seen += answer.ids
        }
        #expect(seen.count == 60 && Set(seen).count < 60)
        let whole = try ask(shop, "/orders", ["orderby": "modified", "per_page": "100"])
        #expect(Set(whole.ids).count == 60)
        var byID: Set<Int> = []
        for page in 1...((60 + size - 1) / size) {
            byID.formUnion(
                try ask(shop, "/orders", ["orderby": "id", "per_page": "\(size)", "page": "\(page)"]).ids)
        }
        #expect(byID.count == 60)
    }

    @Test("behind its end the list of orders forgets its length; others, and older versions, do not")
    func behindTheEnd() throws {
        let query: KeyValuePairs = ["per_page": "100", "page": "9"]
        let new = try WooCommerceShop()
        #expect(total(try ask(new, "/orders", query).answer) == "0")
        #expect(total(try ask(new, "/products", query).answer) == "24")
        let old = try WooCommerceShop(["version": "8.0.0"])
        #expect(total(try ask(old, "/orders", query).answer) == "260")
    }

    @Test("a hundred rows at most; a date is a date and a time; a link repeats the keys")
    func parameters() throws {
        let shop = try WooCommerceShop()
        #expect(try ask(shop, "/orders", ["per_page": "101"]).status == 400)
        #expect(try ask(shop, "/orders", ["modified_after": "2026-01-01"]).status == 400)
        #expect(try ask(shop, "/orders", ["modified_after": "1767225600"]).status == 400)
        #expect(try ask(shop, "/orders", ["modfied_after": "2099-01-01T00:00:00"]).ids.count == 10)
        let answer = shop.store.respond(
            to: SandboxRequest(
                method: "GET", path: "/wp-json/wc/v3/orders",
                query: [("consumer_key", "test_consumer_key"), ("consumer_secret", "test_consumer_secret")]),
            now: shop.walk.now)
        let link = answer.headers.first { $0.name == "Link" }?.value ?? ""
        #expect(link.contains("consumer_secret=") && link.contains("rel=\"next\"") && !link.contains("rel=\"last\""))
    }

    @Test("times without zone are the shop's; with one, and as UTC, they are what they say")
    func zones() throws {
        let shop = try WooCommerceShop(["time_zone": "Europe/Paris", "version": "8.0.0"], sizes: ["orders": 40])
        let item = try #require(shop.store.shelves[.orders]?.items[20])
        func found(_ after: String, _ isGMT: Bool) throws -> Bool {
            let id = "\(item.id)"
            let gmt: KeyValuePairs = ["include": id, "modified_after": after, "dates_are_gmt": "true"]
            return try !ask(shop, "/orders", isGMT ? gmt : ["include": id, "modified_after": after]).ids.isEmpty
        }
        let utc = WooCommerceTime.format(seconds: item.modified - 1)
        let behind = WooCommerceTime.format(seconds: item.modified)
        let offset = shop.store.quirks.zone.offset(at: item.modified)
        let local = WooCommerceTime.format(seconds: item.modified + offset)
        #expect(try found(utc, true) && !found(behind, true))
        #expect(try found(utc + "Z", false) && !found(behind + "Z", false))
        #expect(try found(utc, false) && !found(local, false))
        #expect(try found("\(WooCommerceTime.format(seconds: item.modified - 1 + 7200))+02:00", false))
    }

    @Test("clocks of Paris and New York change on their days")
    func clocks() throws {
        let paris = WooCommerceSandboxZone("Europe/Paris")
        let newYork = WooCommerceSandboxZone("America/New_York")
        func at(_ text: String) throws -> Int { try #require(WooCommerceTime.seconds(in: text)) }
        #expect(paris.offset(at: try at("2026-03-29T00:59:59")) == 3600)
        #expect(paris.offset(at: try at("2026-03-29T01:00:00")) == 7200)
        #expect(paris.offset(at: try at("2026-10-25T00:59:59")) == 7200)
        #expect(paris.offset(at: try at("2026-10-25T01:00:00")) == 3600)
        #expect(newYork.offset(at: try at("2026-03-08T06:59:59")) == -18_000)
        #expect(newYork.offset(at: try at("2026-03-08T07:00:00")) == -14_400)
        #expect(newYork.offset(at: try at("2026-11-01T06:00:00")) == -18_000)
    }

    @Test("trash is in no list but its own; what is deleted is nowhere")
    func trash() throws {
        let shop = try WooCommerceShop()
        let (trashed, deleted) = (shop.ids[3], shop.ids[4])
        shop.store.trash(trashed, .orders, at: shop.seconds)
        shop.store.delete(.orders, deleted)
        let every = try ask(shop, "/orders", ["per_page": "100", "orderby": "id", "order": "asc", "status": "any"]).ids
        #expect(!every.contains(trashed) && !every.contains(deleted))
        #expect(try ask(shop, "/orders", ["status": "trash"]).ids == [trashed])
        #expect(try ask(shop, "/orders/\(deleted)").status == 404)
        #expect(try ask(shop, "/orders/\(deleted)/refunds").status == 500)
    }

    @Test("the hash is the one that the standard gives")
    func hash() {
        func hex(_ bytes: [UInt8]) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(
            hex(WooCommerceSandboxHash.digest(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        // RFC 4231, cases 1 and 6.
        #expect(
            hex(WooCommerceSandboxHash.hmac(Array("Hi There".utf8), key: [UInt8](repeating: 0x0b, count: 20)))
                == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        #expect(
            hex(
                WooCommerceSandboxHash.hmac(
                    Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                    key: [UInt8](repeating: 0xaa, count: 131)))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test("the same seed makes the same shop")
    func determinism() throws {
        let (one, two) = (try WooCommerceShop(), try WooCommerceShop())
        one.walk.change(count: 50)
        two.walk.change(count: 50)
        for resource in WooCommerceShop.resources { #expect(one.walk.truth(resource) == two.walk.truth(resource)) }
    }
}
