extension ShopifySandboxRecords {
    /// How many variants a product has: mostly a few, some more than a page.
    static func variantCount(_ product: Int, _ random: inout ShopifySandboxDice) -> Int {
        if product % 41 == 7 { return 60 + random.below(500) }
        return random.happens(35) ? 1 : 2 + random.below(7)
    }

    func product(_ number: Int, version: Int, created: Int, updated: Int) -> ShopifySandboxObject {
        var random = self.random(3, number)
        var edit = self.random(4, number, version)
        let id = Self.productID(number)
        let count = Self.variantCount(number, &random)
        let price = 199 + random.below(400) * 50
        let status = edit.pick(["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "DRAFT", "ARCHIVED", "UNLISTED"])
        let variants = (0..<count).map { index in
            variant(number, index, count: count, price: price + index * 50, created, updated, &edit)
        }
        let images = (0..<(number % 3)).map { index in
            let image = ShopifySandboxObject(
                "Image", 0,
                [.text("https://cdn.shopify.com/s/files/1/0768/7005/8121/files/p\(number)_\(index).png?v=1780562996")])
            return ShopifySandboxObject(
                "MediaImage", 31_220_000_000_000 + number * 64 + index,
                [.object(ShopifySandboxObject("MediaPreviewImage", 0, [.object(image)]))])
        }
        let title = ShopifySandboxWords.title(number)
        let object = ShopifySandboxObject(
            "Product", id,
            [
                .gid("Product", id), .digits(id), .text(version > 0 ? "\(title) (\(version))" : title),
                .text("product-\(number)"),
                .text("<p>\(title). <strong>\(random.pick(ShopifySandboxWords.notes))</strong></p>"),
                .text(random.pick(["snowboard", "shirt", "", "giftcard"])),
                .text(random.pick(["Acme", "Ümlaut GmbH", "山田商店"])),
                .word(status), .bool(number % 97 == 0),
                status == "ACTIVE" ? .text("https://shop.example.com/products/product-\(number)") : .null,
                status == "ACTIVE" ? .time(created) : .null, .time(created), .time(updated),
                .words(random.happens(30) ? ["Premium", "Snow"] : []), .int(count * 7), .bool(count == 1),
                random.happens(50)
                    ? .object(ShopifySandboxObject("TaxonomyCategory", 0, [.text("Apparel & Accessories > Clothing")]))
                    : .null,
                .object(ShopifySandboxObject("Count", 0, [.int(count), .word("EXACT")])),
                .object(ShopifySandboxObject("ProductPriceRangeV2", 0, [.amount(price, currency)])),
                .connection(images),
                .connection(variants),
            ])
        spoil(object, 3, number, version)
        return object
    }

    private func variant(
        _ product: Int, _ index: Int, count: Int, price: Int, _ created: Int, _ updated: Int,
        _ edit: inout ShopifySandboxDice
    ) -> ShopifySandboxObject {
        let id = Self.variantID(product, index)
        let itemID = id + 2_100_000_000_000
        let cost: ShopifySandboxValue = index % 3 == 0 ? .amount(price / 2, currency) : .null
        let item = ShopifySandboxObject(
            "InventoryItem", itemID,
            [
                .gid("InventoryItem", itemID), .bool(index % 5 != 4), .bool(true), cost,
                .object(
                    ShopifySandboxObject(
                        "InventoryItemMeasurement", 0,
                        [
                            .object(
                                ShopifySandboxObject(
                                    "Weight", 0,
                                    [
                                        .word(["KILOGRAMS", "GRAMS", "POUNDS", "OUNCES"][product % 4]),
                                        .json(Array("1.5".utf8)),
                                    ]))
                        ])),
            ])
        return ShopifySandboxObject(
            "ProductVariant", id,
            [
                .gid("ProductVariant", id), .digits(id), .text(count == 1 ? "Default Title" : "Size \(index)"),
                product % 11 == 0 ? .null : .text("SKU-\(product)-\(index)"),
                index % 2 == 0 ? .text("40\(1_000_000_000 + id % 1_000_000_000)") : .null,
                .fixed(price, decimals: currency.decimals == 0 ? 0 : 2), .null, .int(index + 1), .bool(true),
                .bool(edit.happens(80)), .int(edit.below(200)), .word(edit.happens(90) ? "DENY" : "CONTINUE"),
                .time(created), .time(updated),
                .list([
                    .object(
                        ShopifySandboxObject(
                            "SelectedOption", 0,
                            [
                                .text(count == 1 ? "Title" : "Size"), .text(count == 1 ? "Default Title" : "\(index)"),
                            ]))
                ]),
                .object(item),
            ])
    }

    func customer(_ number: Int, version: Int, created: Int, updated: Int) -> ShopifySandboxObject {
        var random = self.random(5, number)
        var edit = self.random(6, number, version)
        let id = Self.customerID(number)
        let person = ShopifySandboxWords.people[number % ShopifySandboxWords.people.count]
        let hasName = !random.happens(6)
        let country = ShopifySandboxWords.countries[random.below(ShopifySandboxWords.countries.count)]
        let addressCount = random.happens(15) ? 0 : random.happens(80) ? 1 : 2 + random.below(4)
        let addresses = (0..<addressCount).compactMap { index -> ShopifySandboxObject? in
            guard case .object(let address) = address(person, country, number + index) else { return nil }
            return ShopifySandboxObject(address.type.name, 1 + index, address.values)
        }
        let orders = edit.below(12)
        let email: ShopifySandboxValue =
            random.happens(8)
            ? .null
            : .object(
                ShopifySandboxObject(
                    "CustomerEmailAddress", 0,
                    [
                        .text("buyer\(number)@example.com"),
                        .word(edit.pick(["SUBSCRIBED", "NOT_SUBSCRIBED", "UNSUBSCRIBED"])),
                    ]))
        let object = ShopifySandboxObject(
            "Customer", id,
            [
                .gid("Customer", id), .digits(id), hasName ? .text(person.first) : .null,
                hasName ? .text(person.last) : .null,
                hasName ? .text("\(person.first) \(person.last)") : .text("buyer\(number)@example.com"), .time(created),
                .time(updated), version > 0 ? .text("edited \(version) times") : .null,
                .words(random.happens(20) ? ["VIP", "newsletter"] : []),
                .word(edit.pick(["ENABLED", "DISABLED", "DISABLED", "INVITED", "DECLINED"])), .bool(random.happens(3)),
                .word(random.pick(["en", "fr-CA", "de", "ar", "ja"])), .digits(orders), .bool(true), email,
                random.happens(40)
                    ? .object(ShopifySandboxObject("CustomerPhoneNumber", 0, [.text("+1555\(1_000_000 + number)")]))
                    : .null,
                .amount(orders * 4999, currency), addresses.first.map { .object($0) } ?? .null, .connection(addresses),
            ])
        spoil(object, 5, number, version)
        return object
    }

    /// What a stranger's system may hold: every field but identifier and times may be of any kind and value.
    func spoil(_ object: ShopifySandboxObject, _ kind: UInt64, _ number: Int, _ version: Int) {
        guard spoiltShare > 0 else { return }
        var random = self.random(kind + 100, number, version)
        guard random.happens(spoiltShare * 100) else { return }
        let spared = ["id", "legacyResourceId", "updatedAt", "createdAt"].compactMap { object.type.fields[$0]?.index }
        for _ in 0..<(1 + random.below(6)) {
            let index = random.below(object.values.count)
            guard !spared.contains(index) else { continue }
            object.values[index] = .json(Array(random.pick(ShopifySandboxWords.spoilt).utf8))
        }
    }
}

/// The words records are made of: several scripts, right-to-left text, emoji and combining characters among them.
enum ShopifySandboxWords {
    static let people: [(first: String, last: String)] = [
        ("Ada", "Lovelace"), ("José", "Álvarez"), ("محمد", "العربي"), ("נועה", "כהן"), ("花子", "山田"),
        ("Zoë 🦊", "O'Brien"),
        ("Anna-Lena", "Müller"), ("Ngọc", "Nguyễn"), ("Иван", "Петров"), ("Bob \"the\" B.", "Smith\\Jones"),
        ("👩‍🚀", "Nova"),
    ]
    static let cities = ["Ottawa", "Zürich", "القاهرة", "大阪", "São Paulo", "København", "Łódź"]
    static let countries: [(name: String, code: String, province: String, provinceCode: String)] = [
        ("Canada", "CA", "Ontario", "ON"), ("United States", "US", "New York", "NY"), ("Germany", "DE", "", ""),
        ("Japan", "JP", "Ōsaka", "JP-27"), ("Kuwait", "KW", "", ""), ("Brazil", "BR", "São Paulo", "SP"),
    ]
    static let notes = [
        "please ring twice", "🎁 gift: \"happy birthday\"", "الرجاء الاتصال قبل التوصيل", "line one\nline two",
        "zusätzlich prüfen",
    ]
    private static let titles = [
        "The Multi-location Snowboard", "T-shirt \"Größe\"", "コーヒー豆 200g", "Éclair 🍫", "قميص أزرق", "Gift Card",
    ]
    static let spoilt = [
        "null", "true", "[]", "{}", "\"\"", "\"12,50\"", "\"NaN\"", "\"a\\u0000b\"", "\"\\ud800 alone\"",
        "\"SOMETHING_NEW\"", "{\"shopMoney\":{\"amount\":\"1e400\",\"currencyCode\":\"???\"}}", "[null,[{}],{\"a\":1}]",
        "123456789012345678901234567890123456789012345678901234567890", "\"2026-02-30T25:61:00Z\"", "-0.0",
        "{\"nodes\":null,\"pageInfo\":null}", "{\"shopMoney\":\"59.0\"}",
    ]

    static func title(_ product: Int) -> String { "\(titles[product % titles.count]) \(product)" }
}
