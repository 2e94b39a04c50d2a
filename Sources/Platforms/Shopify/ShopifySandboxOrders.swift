/// The simulated shop's records: each is made anew from the seed, its number and how often it was changed.
struct ShopifySandboxRecords: Sendable {
    let seed: UInt64
    let products: Int
    let customers: Int
    let spoiltShare: Double
    let currency: ShopifySandboxCurrency

    init(seed: UInt64, products: Int, customers: Int, spoiltShare: Double) {
        self.seed = seed
        self.products = products
        self.customers = customers
        self.spoiltShare = spoiltShare
        currency = ShopifySandboxCurrency.known[Int(seed % 5)]
    }

    // Identifiers as Shopify's: 13 or 14 digits, growing with the record's number, and from an identifier back to it.
    static let orderBase = 5_900_000_000_000
    static let productBase = 8_651_795_000_000
    static let customerBase = 7_306_000_000_000
    static let refundBase = 980_000_000_000
    static let step = 32768

    static func orderID(_ number: Int) -> Int { orderBase + number * step }
    static func productID(_ number: Int) -> Int { productBase + number * step }
    static func customerID(_ number: Int) -> Int { customerBase + number * step }
    static func refundID(_ order: Int, _ refund: Int) -> Int { refundBase + (order * 16 + refund) * 64 }
    static func lineID(_ order: Int, _ line: Int) -> Int { 14_900_000_000_000 + order * 8192 + line }
    static func variantID(_ product: Int, _ variant: Int) -> Int { 46_840_000_000_000 + product * 4096 + variant }

    func random(_ kind: UInt64, _ number: Int, _ version: Int = 0) -> ShopifySandboxDice {
        var random = SeededRandom(seed: seed ^ kind &* 0x9E37_79B9 ^ UInt64(number) &* 0xD6E8_FEB8_6659_FD93)
        let first = random.next()
        return ShopifySandboxDice(seed: first &+ UInt64(version) &* 0xA076_1D64_78BD_642F)
    }
}

/// Chances, from a seed.
struct ShopifySandboxDice {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func below(_ bound: Int) -> Int { Int(random.next() >> 11) % max(1, bound) }
    mutating func happens(_ percent: Double) -> Bool { Double(below(1_000_000)) < percent * 10000 }
    mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }
}

/// The amounts of one order line.
private struct ShopifySandboxLine {
    let product: Int
    let variant: Int
    let quantity: Int
    let unit: Int
    let discount: Int
    var total: Int { unit * quantity - discount }
}

extension ShopifySandboxRecords {
    /// How many lines an order has: most one or two, some more than any embedded page holds.
    static func lineCount(_ order: Int, _ random: inout ShopifySandboxDice) -> Int {
        if order % 197 == 3 { return 52 + random.below(120) }
        switch random.below(1000) {
        case ..<500: return 1
        case ..<740: return 2
        case ..<930: return 3 + random.below(3)
        case ..<980: return 6 + random.below(2)
        default: return 8 + random.below(14)
        }
    }

    /// An order as it stands after `version` changes.
    func order(_ number: Int, version: Int, created: Int, updated: Int) -> ShopifySandboxObject {
        var random = self.random(1, number)
        var edit = self.random(2, number, version)
        let presentment = random.happens(9) ? ShopifySandboxCurrency.known[random.below(6)] : currency
        let rate = presentment == currency ? 100 : 80 + random.below(60)
        let money = ShopifySandboxMoney(shop: currency, presentment: presentment, ratePercent: rate)
        let isGuest = random.happens(15) || customers == 0
        let customer = random.below(customers)
        let country = ShopifySandboxWords.countries[random.below(ShopifySandboxWords.countries.count)]
        let taxPercent = [0, 5, 7, 10, 19, 20][random.below(6)]
        let taxesIncluded = random.happens(40)
        let lineCount = Self.lineCount(number, &random)
        let lines = (0..<lineCount).map { _ in line(&random) }
        let isCancelled = random.happens(3)
        let isTest = random.happens(1)
        let shipping = random.happens(80) ? 495 + random.below(20) * 100 : 0
        let subtotal = lines.reduce(0) { $0 + $1.total }
        let discount = lines.reduce(0) { $0 + $1.discount }
        let tax = taxesIncluded ? subtotal * taxPercent / (100 + taxPercent) : subtotal * taxPercent / 100
        let total = subtotal + shipping + (taxesIncluded ? 0 : tax)
        let refundCount = (random.happens(8) ? 1 : 0) + (version > 0 && edit.happens(25) ? 1 : 0)
        let isPaid = !random.happens(9)
        let isWholeRefund = isPaid && refundCount > 0 && random.happens(30)
        let refunds = isPaid ? self.refunds(number, refundCount, lines, isWhole: isWholeRefund, money, created) : []
        let refunded = refunds.reduce(0) { $0 + $1.amount }
        let financial: ShopifySandboxValue =
            if random.happens(1) {
                .null
            } else if refunded > 0 {
                .word(isWholeRefund ? "REFUNDED" : "PARTIALLY_REFUNDED")
            } else if isPaid {
                .word("PAID")
            } else {
                .word(random.pick(["PENDING", "AUTHORIZED", "PARTIALLY_PAID", "VOIDED", "EXPIRED"]))
            }
        let person = ShopifySandboxWords.people[customer % ShopifySandboxWords.people.count]
        let address: ShopifySandboxValue =
            isGuest && random.happens(30) ? .null : self.address(person, country, customer)
        let gateway = random.pick(["shopify_payments", "paypal", "manual", "gift_card", "bogus"])
        let note: ShopifySandboxValue =
            random.happens(12)
            ? .text(random.pick(ShopifySandboxWords.notes)) : .text(version > 0 ? "edited \(version) times" : "")
        let object = ShopifySandboxObject(
            "Order", Self.orderID(number),
            [
                .gid("Order", Self.orderID(number)), .digits(Self.orderID(number)), .text("#\(1001 + number)"),
                .time(created), .time(updated), .time(created), isCancelled ? .time(updated) : .null,
                isCancelled ? .word(random.pick(["CUSTOMER", "INVENTORY", "FRAUD", "OTHER"])) : .null,
                edit.happens(55) && !isCancelled ? .time(updated) : .null, .bool(isTest),
                random.happens(2) ? .text("PO-\(number)") : .null, .word(currency.code), .word(presentment.code),
                .bool(taxesIncluded), financial,
                .word(
                    edit.pick(["FULFILLED", "FULFILLED", "FULFILLED", "UNFULFILLED", "ON_HOLD", "SCHEDULED"])),
                .word(refundCount > 0 && edit.happens(60) ? "RETURNED" : "NO_RETURN"),
                isGuest && random.happens(20) ? .text("") : .text("buyer\(customer)@example.com"),
                random.happens(40) ? .text("+1555\(1_000_000 + customer)") : .null, note,
                .words(version > 0 ? ["edited", "v\(version)"] : random.happens(20) ? ["VIP", "wholesale"] : []),
                .words(discount > 0 ? ["WELCOME10"] : []), .words([gateway]),
                random.happens(90)
                    ? .word(random.pick(["web", "web", "web", "pos", "shopify_draft_order", "580111"])) : .null,
                .null,
                isGuest ? .null : .object(reference("Customer", Self.customerID(customer))),
                isGuest
                    ? .null
                    : .object(
                        random.happens(3)
                            ? ShopifySandboxObject("PurchasingCompany", 0, [.null])
                            : reference("Customer", Self.customerID(customer))),
                random.happens(8)
                    ? .object(
                        ShopifySandboxObject(
                            "Location", 87_063_167_113, [.gid("Location", 87_063_167_113), .text("Main")])) : .null,
                address, address, money.bag(total), money.bag(total - refunded), money.bag(subtotal), money.bag(tax),
                money.bag(discount), money.bag(shipping), money.bag(refunded), money.bag(isPaid ? total : 0),
                money.bag(isPaid ? 0 : total), money.bag(0), .null,
                .connection(shipping > 0 ? [self.shipping(number, shipping, taxPercent, money)] : []),
                .connection(
                    lines.enumerated().map { line($1, $0, of: number, taxPercent, taxesIncluded, money, &edit) }),
                .list(refunds.map { .object($0.object) }),
                .list(transactions(number, total, isPaid, isTest, gateway, refunds, money, created, &random)),
            ])
        spoil(object, 1, number, version)
        return object
    }

    private func line(_ random: inout ShopifySandboxDice) -> ShopifySandboxLine {
        let unit = currency.decimals == 0 ? 100 * (3 + random.below(150)) : 199 + random.below(250) * 50
        let quantity = random.happens(80) ? 1 : 2 + random.below(4)
        return ShopifySandboxLine(
            product: random.below(products), variant: random.below(3), quantity: quantity, unit: unit,
            discount: random.happens(15) ? unit * quantity / 10 : 0)
    }

    private func line(
        _ line: ShopifySandboxLine, _ index: Int, of order: Int, _ taxPercent: Int, _ taxesIncluded: Bool,
        _ money: ShopifySandboxMoney, _ edit: inout ShopifySandboxDice
    ) -> ShopifySandboxObject {
        let isGone = (order + index) % 53 == 0
        let unfulfilled = edit.happens(70) ? 0 : line.quantity
        let tax = taxesIncluded ? line.total * taxPercent / (100 + taxPercent) : line.total * taxPercent / 100
        return ShopifySandboxObject(
            "LineItem", Self.lineID(order, index),
            [
                .gid("LineItem", Self.lineID(order, index)), .text(ShopifySandboxWords.title(line.product)),
                line.variant > 0 ? .text("Size \(line.variant)") : .null,
                line.product % 11 == 0 ? .null : .text("SKU-\(line.product)-\(line.variant)"), .text("Acme"),
                .int(line.quantity), .int(line.quantity), .int(unfulfilled), .int(line.quantity), .int(0),
                .bool(true), .bool(true), .bool(line.product % 97 == 0),
                isGone ? .null : .object(reference("Product", Self.productID(line.product))),
                isGone ? .null : .object(reference("ProductVariant", Self.variantID(line.product, line.variant))),
                money.bag(line.unit), money.bag(line.total),
                .list(taxPercent == 0 ? [] : [.object(taxLine(taxPercent, tax, money))]),
                .list(
                    line.discount == 0
                        ? []
                        : [
                            .object(
                                ShopifySandboxObject(
                                    "DiscountAllocation", 0,
                                    [
                                        money.bag(line.discount),
                                        .object(
                                            index % 2 == 0
                                                ? ShopifySandboxObject(
                                                    "DiscountCodeApplication", 0, [.int(0), .text("WELCOME10")])
                                                : ShopifySandboxObject(
                                                    "AutomaticDiscountApplication", 0, [.int(0), .text("Summer")])),
                                    ]))
                        ]),
            ])
    }

    private func taxLine(_ percent: Int, _ amount: Int, _ money: ShopifySandboxMoney) -> ShopifySandboxObject {
        ShopifySandboxObject(
            "TaxLine", 0,
            [
                .text("VAT"), .json(Array("0.\(percent < 10 ? "0" : "")\(percent)".utf8)), .int(percent),
                money.bag(amount),
            ])
    }

    private func shipping(_ order: Int, _ price: Int, _ taxPercent: Int, _ money: ShopifySandboxMoney)
        -> ShopifySandboxObject
    {
        let id = 5_200_000_000_000 + order * 16
        return ShopifySandboxObject(
            "ShippingLine", id,
            [
                .gid("ShippingLine", id), .text("Standard"), .text("standard"), .text("shopify"), money.bag(price),
                money.bag(price), .list([]),
            ])
    }

    /// A reference that shows an identifier and nothing else.
    private func reference(_ type: String, _ number: Int) -> ShopifySandboxObject {
        let object = ShopifySandboxObject(
            type, number, Array(repeating: .null, count: ShopifySandboxType.named(type).fields.count))
        object.set("id", .gid(type, number))
        return object
    }

    private struct Refund {
        let object: ShopifySandboxObject
        let amount: Int
        let transaction: Int
    }

    private func refunds(
        _ order: Int, _ count: Int, _ lines: [ShopifySandboxLine], isWhole: Bool, _ money: ShopifySandboxMoney,
        _ created: Int
    ) -> [Refund] {
        (0..<count).map { index in
            let refunded =
                isWhole || lines.count > 30 ? (index == 0 ? Array(lines.indices) : []) : index == 0 ? [0] : []
            let amount = refunded.reduce(0) { $0 + lines[$1].total }
            let id = Self.refundID(order, index)
            let at = created + 600 + index * 60
            let transaction = transactionID(order, 2 + index)
            let parts = refunded.map { line in
                let lineReference = reference("LineItem", Self.lineID(order, line))
                lineReference.set("sku", .text("SKU-\(lines[line].product)-\(lines[line].variant)"))
                let id = 590_000_000_000 + (order * 16 + index) * 256 + line
                return ShopifySandboxObject(
                    "RefundLineItem", id,
                    [
                        .gid("RefundLineItem", id), .int(lines[line].quantity),
                        .word(["RETURN", "CANCEL", "NO_RESTOCK"][line % 3]), .bool(line % 3 != 2),
                        .object(lineReference), .null, money.bag(lines[line].total), money.bag(0),
                    ])
            }
            let payment = reference("OrderTransaction", transaction)
            payment.set("status", .word("SUCCESS"))
            let object = ShopifySandboxObject(
                "Refund", id,
                [
                    .gid("Refund", id), .digits(id), .time(at), .time(at), index == 0 ? .text("wrong size") : .null,
                    money.bag(amount), .connection(parts), .connection([]), .connection(amount > 0 ? [payment] : []),
                    .null,
                ])
            return Refund(object: object, amount: amount, transaction: transaction)
        }
    }

    private func transactionID(_ order: Int, _ index: Int) -> Int { 7_100_000_000_000 + order * 64 + index }

    private func transactions(
        _ order: Int, _ total: Int, _ isPaid: Bool, _ isTest: Bool, _ gateway: String, _ refunds: [Refund],
        _ money: ShopifySandboxMoney, _ created: Int, _ random: inout ShopifySandboxDice
    ) -> [ShopifySandboxValue] {
        let isCard = gateway == "shopify_payments" || gateway == "bogus"
        let details: ShopifySandboxValue =
            isCard
            ? .object(
                ShopifySandboxObject(
                    "CardPaymentDetails", 0,
                    [
                        .text(random.pick(["Visa", "Mastercard", "American Express"])),
                        .text("•••• •••• •••• \(1000 + order % 9000)"),
                        random.happens(20) ? .word("APPLE_PAY") : .null, .text("Visa"),
                    ])) : .null
        let fee: ShopifySandboxValue =
            gateway == "shopify_payments"
            ? .list([
                .object(
                    ShopifySandboxObject(
                        "TransactionFee", 0, [.text("processing_fee"), .amount(total * 29 / 1000 + 30, money.shop)]))
            ])
            : .list([])
        func transaction(_ index: Int, _ kind: String, _ status: String, _ amount: Int, parent: Int?, at: Int)
            -> ShopifySandboxValue
        {
            .object(
                ShopifySandboxObject(
                    "OrderTransaction", transactionID(order, index),
                    [
                        .gid("OrderTransaction", transactionID(order, index)), .word(kind), .word(status),
                        .bool(isTest),
                        .text(gateway), .text(gateway == "paypal" ? "PayPal" : "Shopify Payments"), .time(at),
                        .time(at),
                        status == "FAILURE" ? .word("CARD_DECLINED") : .null, .word(money.shop.code), .null,
                        money.bag(amount),
                        parent.map { .object(reference("OrderTransaction", transactionID(order, $0))) } ?? .null,
                        kind == "REFUND" ? .null : details, kind == "REFUND" ? .list([]) : fee,
                    ]))
        }
        var list: [ShopifySandboxValue] = []
        if random.happens(4) { list.append(transaction(0, "SALE", "FAILURE", total, parent: nil, at: created)) }
        list.append(
            isPaid
                ? transaction(1, "SALE", "SUCCESS", total, parent: nil, at: created + 5)
                : transaction(1, "AUTHORIZATION", "SUCCESS", total, parent: nil, at: created + 5))
        for (index, refund) in refunds.enumerated() where refund.amount > 0 {
            list.append(transaction(2 + index, "REFUND", "SUCCESS", refund.amount, parent: 1, at: created + 600))
        }
        return list
    }

    func address(
        _ person: (first: String, last: String),
        _ country: (name: String, code: String, province: String, provinceCode: String), _ number: Int
    ) -> ShopifySandboxValue {
        .object(
            ShopifySandboxObject(
                "MailingAddress", 0,
                [
                    .text(person.first), .text(person.last), .text("\(person.first) \(person.last)"), .null,
                    .text("\(1 + number % 300) Main Street"), number % 4 == 0 ? .text("Apt \(number % 60)") : .null,
                    .text(ShopifySandboxWords.cities[number % ShopifySandboxWords.cities.count]),
                    .text(country.province),
                    country.provinceCode.isEmpty ? .null : .word(country.provinceCode),
                    .text("\(10000 + number % 89999)"),
                    .text(country.name), .word(country.code), .null,
                ]))
    }
}

/// Amounts in the shop's currency and in the buyer's.
struct ShopifySandboxMoney {
    let shop: ShopifySandboxCurrency
    let presentment: ShopifySandboxCurrency
    let ratePercent: Int

    func bag(_ minor: Int) -> ShopifySandboxValue {
        var converted = minor * ratePercent / 100
        for _ in shop.decimals..<max(shop.decimals, presentment.decimals) { converted *= 10 }
        for _ in presentment.decimals..<max(shop.decimals, presentment.decimals) { converted /= 10 }
        return .bag(shop: minor, shop, presentment: shop == presentment ? minor : converted, presentment)
    }
}
