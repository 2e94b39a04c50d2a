import Foundation
import RawJSON
import Testing

@testable import Platforms

@Suite("Shopify reads a shop")
struct ShopifyPlatformTests {
    @Test("a first read holds every record, nested pages included", arguments: ["orders", "products", "customers"])
    func firstRead(resource: String) throws {
        let driver = ShopifyDriver(makeShop(), resource, now: shopStart)
        try driver.run()
        #expect(driver.differences() == [])
        #expect(driver.flags.isEmpty)
        #expect(driver.syncedThrough == shopStart)
        if resource != "customers" { #expect(driver.records.keys.contains { $0.contains("/0001") }) }
    }
}
