import FoundationEssentials

/// What a simulated seller has: orders, listings and the events that follow from them, all made from a seed.
///
/// Nothing is stored but times and versions; records are written when they are asked for.
struct AmazonSandboxWorld {
    struct Order {
        var created: Int
        var updated: Int
        var version = 0
    }

    struct Event {
        let list: String
        let order: Int
        let posted: Int
        /// Events appear up to two days after they took place.
        let visible: Int
        let variant: Int
    }

    struct Item {
        let id: String
        let product: Int
        let quantity: Int
        /// In the smallest unit.
        let price: Int
        let tax: Int
        let shipping: Int
        let discount: Int
    }

    let seed: UInt64
    let spoiltShare: Double
    let startsAt: Int
    let marketplaces: [String]
    var orders: [Order] = []
    var events: [Event] = []
    /// Versions of listings; nil for one that was taken away.
    var listings: [Int?] = []
    let hasInventory: Bool
    let hasReturns: Bool
    let groupsMax: Int
    let settlementRows: Int

    static let day = 86_400

    init(_ options: SandboxOptions) {
        seed = options.seed
        spoiltShare = options.spoiltShare
        startsAt = Int(options.startsAt.timeIntervalSince1970)
        let all =
            switch options.quirks["region"] {
            case "eu": ["A1F83G8C2ARO7P", "A1PA6795UKMFR9"]
            case "fe": ["A1VC38T7YXB528"]
            default: ["A2EUQ1WTGCTBG2", "ATVPDKIKX0DER"]
            }
        marketplaces = options.quirks["marketplaces"] == "several" ? all : Array(all.suffix(1))
        let sizes = options.sizes
        let orderCount = sizes["orders"] ?? sizes["all_orders_report"] ?? 200
        let listingCount = sizes["listings"] ?? sizes["products"] ?? max(10, orderCount / 10)
        hasInventory = sizes["fba_inventory"] != 0
        hasReturns = sizes["returns"] != 0
        groupsMax = sizes["financial_event_groups"] ?? (orderCount > 0 ? 50 : 0)
        settlementRows = sizes["settlement_reports"] ?? (orderCount > 0 ? 20 : 0)
        listings = Array(repeating: 0, count: listingCount)
        orders.reserveCapacity(orderCount)
        for number in 0..<orderCount {
            // Spread over four hundred days, oldest first, the last of them a day before the beginning.
            let age = Self.day + (orderCount - number) * (400 * Self.day / max(1, orderCount))
            let created = startsAt - age + Int(hash(number, 1) % 600)
            let updated = min(startsAt - 3600, created + Int(hash(number, 2) % UInt64(5 * Self.day)))
            orders.append(Order(created: created, updated: max(created, updated)))
            if sizes["financial_events"] != 0 { addEvents(of: number) }
        }
        events.sort { ($0.posted, $0.order) < ($1.posted, $1.order) }
    }

    func hash(_ number: Int, _ salt: UInt64) -> UInt64 {
        var random = SeededRandom(seed: seed &* 0x9E37 &+ UInt64(truncatingIfNeeded: number) &* 1_000_003 &+ salt)
        return random.next()
    }

    /// Which way a record is spoilt; nil for a sound one.
    func spoiling(_ number: Int, _ salt: UInt64) -> Int? {
        guard spoiltShare > 0, Double(hash(number, salt ^ 0x5B) % 10_000) < spoiltShare * 10_000 else { return nil }
        return Int(hash(number, salt ^ 0x5C) % 6)
    }

    // MARK: - Orders

    func id(_ number: Int) -> String {
        func padded(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        return "\(100 + hash(number, 3) % 900)-\(padded(Int(hash(number, 4) % 10_000_000), 7))-\(padded(number, 7))"
    }

    func marketplace(_ number: Int) -> String { marketplaces[Int(hash(number, 5) % UInt64(marketplaces.count))] }
    func currency(_ number: Int) -> String { AmazonMarketplaces.currencies[marketplace(number)] ?? "USD" }
    func isReplacement(_ number: Int) -> Bool { hash(number, 6) % 50 == 7 }

    private static let fates: [(below: UInt64, words: [String])] = [
        (62, ["Shipped"]), (73, ["Unshipped", "Shipped"]), (81, ["Pending", "Unshipped", "Shipped"]),
        (85, ["PartiallyShipped", "Shipped"]), (93, ["Canceled"]),
        (95, ["PendingAvailability", "Pending", "Unshipped", "Shipped"]),
        (97, ["InvoiceUnconfirmed", "Unshipped", "Shipped"]), (99, ["Unfulfillable"]), (100, ["Shipped"]),
    ]

    func status(_ number: Int) -> String {
        let words = Self.fates.first { hash(number, 7) % 100 < $0.below }?.words ?? ["Shipped"]
        return words[min(orders[number].version, words.count - 1)]
    }

    /// Whether Amazon shows amounts: not before the payment is authorised, and not for all that were cancelled.
    func hasMoney(_ number: Int) -> Bool {
        switch status(number) {
        case "Pending", "PendingAvailability": false
        case "Canceled": hash(number, 8) % 2 == 0
        default: true
        }
    }

    func items(_ number: Int) -> [Item] {
        let count = hash(number, 9) % 40 == 3 ? 23 : 1 + Int(hash(number, 10) % 3)
        return (0..<count).map { index in
            let key = number * 64 + index
            let product = Int(hash(key, 11) % UInt64(max(1, listings.count)))
            let isCancelled = status(number) == "Canceled"
            let quantity = 1 + Int(hash(key, 12) % 3)
            let price = isReplacement(number) ? 0 : (500 + Int(hash(product, 13) % 20_000)) * quantity
            return Item(
                id: String(10_000_000_000_000 + key), product: product, quantity: isCancelled ? 0 : quantity,
                price: price, tax: price * 8 / 100, shipping: price == 0 ? 0 : Int(hash(key, 14) % 3) * 250,
                discount: hash(key, 15) % 9 == 0 ? price / 10 : 0)
        }
    }

    /// A decimal number in major units: without decimals where the currency has none.
    static func amount(_ minor: Int, _ currency: String) -> String {
        let sign = minor < 0 ? "-" : ""
        let value = abs(minor)
        if currency == "JPY" { return "\(sign)\(value)" }
        return "\(sign)\(value / 100).\(value % 100 < 10 ? "0" : "")\(value % 100)"
    }

    // MARK: - Listings

    func sku(_ product: Int) -> String { "SKU-\(10_000 + product)-\(["RED", "BLUE", "XL", "M"][product % 4])" }
    func asin(_ product: Int) -> String {
        "B0" + String(String(hash(product, 16), radix: 36, uppercase: true).suffix(8))
    }

    private static let titles = [
        "Café crème mug", "12\" cast iron pan", "Gürtel, größe M", "Plain T-shirt", "Ψ symbol poster", "€5 gift box",
    ]
    private static let japaneseTitles = ["ソファ カバー", "タオル セット", "ペン 12\" ケース", "ノート"]

    func title(_ product: Int) -> String {
        let titles = marketplaces == ["A1VC38T7YXB528"] ? Self.japaneseTitles : Self.titles
        return "\(titles[Int(hash(product, 17) % UInt64(titles.count))]) \(product)"
    }

    /// Listings of a marketplace: all of them in the last one, some in the others.
    func products(in marketplace: String) -> [Int] {
        listings.indices.filter { product in
            listings[product] != nil && (marketplace == marketplaces.last || product % 3 == 0)
        }
    }

    // MARK: - Events

    private mutating func addEvents(of number: Int) {
        let order = orders[number]
        func add(_ list: String, _ posted: Int, _ variant: Int = 0) {
            guard posted <= startsAt - 3600 else { return }
            let late = Int(hash(number, 20 &+ UInt64(variant)) % UInt64(47 * 3600))
            // On the half hour, so that nothing appears in the middle of a short read.
            let due = posted + late
            let visible = due <= startsAt - 60 ? due : startsAt + ((due - startsAt) / 3600 + 1) * 3600 + 1800
            events.append(Event(list: list, order: number, posted: posted, visible: visible, variant: variant))
        }
        guard status(number) == "Shipped", !isReplacement(number) else { return }
        let shipped = order.created + Self.day
        add("ShipmentEventList", shipped)
        if hash(number, 30) % 10 == 0 { add("RefundEventList", order.created + 10 * Self.day, 1) }
        if hash(number, 31) % 40 == 0 { add("GuaranteeClaimEventList", order.created + 20 * Self.day, 2) }
        if hash(number, 32) % 60 == 0 { add("ChargebackEventList", order.created + 25 * Self.day, 3) }
        if hash(number, 33) % 15 == 0 {
            // Two fees that are alike in everything.
            add("ServiceFeeEventList", shipped + 60, 4)
            add("ServiceFeeEventList", shipped + 60, 4)
        }
        if hash(number, 34) % 25 == 0 { add("AdjustmentEventList", shipped + 3600, 5) }
    }

    // MARK: - Settlements

    /// Groups of two weeks; number 0 ends three days before the beginning.
    func groupEnd(_ group: Int) -> Int { startsAt - 3 * Self.day + group * 14 * Self.day }

    /// The groups there are now, the last one open.
    func groups(now: Int) -> [Int] {
        guard groupsMax > 0 else { return [] }
        let open = Int((Double(now - groupEnd(0)) / Double(14 * Self.day)).rounded(.down)) + 1
        return Array((2 - groupsMax)...max(open, 2 - groupsMax))
    }

    func groupID(_ group: Int) -> String {
        "FEG" + String(hash(group + 5000, 40), radix: 36, uppercase: true)
    }
}
