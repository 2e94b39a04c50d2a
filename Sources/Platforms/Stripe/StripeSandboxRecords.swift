/// Makes the records of a simulated Stripe account: each from the seed and its number alone.
struct StripeSandboxRecords {
    /// The kinds of object, in the order in which a change picks among them.
    enum Kind: Int, CaseIterable {
        case customer, product, price, plan, subscription, invoice, charge, paymentIntent, refund, balanceTransaction

        var resource: String { StripeStream.all[rawValue].resource.name }
        var object: String { StripeStream.all[rawValue].object }
        var path: String { StripeStream.all[rawValue].path }

        var prefix: String {
            switch self {
            case .customer: "cus_"
            case .product: "prod_"
            case .price: "price_"
            case .plan: "plan_"
            case .subscription: "sub_"
            case .invoice: "in_"
            case .charge: "ch_"
            case .paymentIntent: "pi_"
            case .refund: "re_"
            case .balanceTransaction: "txn_"
            }
        }
    }

    /// What is wrong with a spoilt record.
    enum Defect: UInt64 {
        case noCurrency, unknownCurrency, amountIsText, amountIsHuge, unknownStatus, noCreated, createdIsText
        case nulInText, loneSurrogate, listIsNull, noID, emptyText
        static let count: UInt64 = 12
    }

    let seed: UInt64
    let spoiltShare: Double
    let recordBytes: Int?
    let livemode: Bool
    /// How many of each kind there were at first: references stay within them.
    let baseCounts: [Int]

    static let currencies = ["usd", "eur", "gbp", "jpy", "kwd", "usd", "eur", "isk", "krw", "tnd"]
    static let names = [
        "Ada Lovelace", "Jürgen Groß", "李小龙", "محمد بن سلمان", "Zoë 🦊 Fox", "O'Brien \\\"Ace\\\"", "שרה לוי",
        "Łukasz Żółć",
    ]
    static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let inverse: UInt64 = {
        // Newton's iteration: each round doubles the number of right bits.
        var x: UInt64 = factor
        for _ in 0..<6 { x = x &* (2 &- factor &* x) }
        return x
    }()

    func count(_ kind: Kind) -> Int { baseCounts[kind.rawValue] }

    func random(_ kind: Kind, _ index: Int, salt: UInt64 = 0) -> SeededRandom {
        SeededRandom(seed: seed ^ (UInt64(kind.rawValue + 1) << 56) ^ (UInt64(index) &* Self.factor) ^ salt)
    }

    // MARK: - Identifiers: numbers in disguise, so that an id leads back to its record without a table

    /// Eleven characters that stand for a number.
    func code(_ number: UInt64, _ salt: UInt64) -> String {
        var rest = ((number &+ 1) &* Self.factor) ^ (seed &* 31 &+ salt &* 977)
        var bytes = [UInt8](repeating: 0, count: 11)
        for place in stride(from: 10, through: 0, by: -1) {
            bytes[place] = Self.digits[Int(rest % 62)]
            rest /= 62
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func number(_ code: Substring, _ salt: UInt64) -> UInt64? {
        guard code.utf8.count == 11 else { return nil }
        var value: UInt64 = 0
        for byte in code.utf8 {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A") + 10
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 36
            default: return nil
            }
            let (product, overflow) = value.multipliedReportingOverflow(by: 62)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return ((value ^ (seed &* 31 &+ salt &* 977)) &* Self.inverse) &- 1
    }

    /// Plans share the ids of recurring prices; what goes beyond those is of the time before prices.
    func id(_ kind: Kind, _ index: Int) -> String {
        if kind == .plan {
            let price = index + index / 3
            if price < count(.price) { return id(.price, price) }
        }
        return kind.prefix + "1Tb" + code(UInt64(index), UInt64(kind.rawValue)) + "Xraek7"
    }

    func index(_ kind: Kind, of id: String) -> Int? {
        var kind = kind
        let isPlanWithPrice = kind == .plan && id.hasPrefix(Kind.price.prefix)
        if isPlanWithPrice { kind = .price }
        let (prefix, suffix) = (kind.prefix + "1Tb", "Xraek7")
        guard id.hasPrefix(prefix), id.hasSuffix(suffix), id.utf8.count == prefix.utf8.count + 11 + suffix.utf8.count,
            let number = number(id.dropFirst(prefix.count).dropLast(suffix.count), UInt64(kind.rawValue)),
            number < 1 << 40
        else { return nil }
        let index = Int(number)
        guard isPlanWithPrice else { return index }
        return index % 4 == 3 ? nil : index - index / 4
    }

    func defect(_ kind: Kind, _ index: Int) -> Defect? {
        guard spoiltShare > 0 else { return nil }
        var random = random(kind, index, salt: 0x5b01)
        guard Double(random.next() >> 11) * 0x1p-53 < spoiltShare else { return nil }
        return Defect(rawValue: random.next() % Defect.count)
    }

    // MARK: - Details that follow from the number

    func currency(_ kind: Kind, _ index: Int) -> String {
        Self.currencies[Int(random(kind, index, salt: 3).peek % UInt64(Self.currencies.count))]
    }

    func amount(_ kind: Kind, _ index: Int) -> Int {
        let number = Int(random(kind, index, salt: 4).peek % 90_000) + 100
        switch currency(kind, index) {
        case "kwd", "tnd": return number / 10 * 10
        case "isk": return number / 100 * 100
        default: return number
        }
    }

    /// How many rows the list inside a subscription or an invoice has.
    func rowCount(_ kind: Kind, _ index: Int, revision: Int) -> Int {
        switch kind {
        case .subscription: index % 40 == 5 ? 12 + index % 4 : 1 + index % 3
        case .invoice:
            // An edit of a long invoice takes lines off it, so that its pages become fewer.
            index % 211 == 13
                ? max(12, 230 - 110 * revision)
                : index % 25 == 3 ? 11 + index % 30 : isDraft(index) ? 0 : 1 + index % 4
        default: 0
        }
    }

    func subscriptionStatus(_ index: Int, revision: Int) -> String {
        if revision > 0, revision % 3 == 0 { return "canceled" }
        return switch index % 12 {
        case 0: "canceled"
        case 1: "trialing"
        case 2: "past_due"
        case 3: "incomplete_expired"
        case 4: "paused"
        default: revision % 3 == 2 ? "past_due" : "active"
        }
    }

    func isDraft(_ index: Int) -> Bool { index % 20 == 7 }
}

extension SeededRandom {
    /// The first number it gives.
    var peek: UInt64 {
        var copy = self
        return copy.next()
    }
}
