/// How a simulated shop shows its orders and refunds.
struct WooCommerceSandboxRecords {
    typealias Item = WooCommerceSandboxItem
    /// Name and JSON of the members of a record, in their order.
    typealias Members = [(name: String, json: String)]

    let quirks: WooCommerceSandboxQuirks
    let spoiltShare: Double
    let recordBytes: Int?
    /// Where the shop says it lives: in links, never with the address a request came by.
    let home = "https://shop.example"
    /// Identifiers of products, and of customers, that orders may be for.
    let firstProduct: Int
    let productCount: Int
    let customerCount: Int

    /// A line of goods.
    struct Line {
        let id: Int
        let product: Int
        let quantity: Int
        let price: Int
        let subtotal: Int
        let total: Int
        let tax: Int
    }

    // MARK: - Values

    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "/": out += "\\/"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// Hundredths as a decimal text.
    static func money(_ cents: Int) -> String {
        let size = abs(cents)
        return "\"\(cents < 0 ? "-" : "")\(size / 100).\(size % 100 < 10 ? "0" : "")\(size % 100)\""
    }

    /// Both forms of a time: the shop's clock, then UTC.
    func times(_ name: String, _ seconds: Int?) -> Members {
        guard let seconds else { return [(name, "null"), (name + "_gmt", "null")] }
        let local = seconds + quirks.zone.offset(at: seconds)
        return [
            (name, Self.quoted(WooCommerceTime.format(seconds: local))),
            (name + "_gmt", Self.quoted(WooCommerceTime.format(seconds: seconds))),
        ]
    }

    func links(_ path: String, up: String? = nil) -> Members {
        func link(_ path: String) -> String { "[{\"href\":\(Self.quoted("\(home)/wp-json/wc/v3/\(path)"))}]" }
        let collection = path.split(separator: "/").dropLast().joined(separator: "/")
        let parent = up.map { ",\"up\":\(link($0))" } ?? ""
        return [("_links", "{\"self\":\(link(path)),\"collection\":\(link(collection))\(parent)}")]
    }

    // MARK: - Orders

    func lines(of order: Item) -> [Line] {
        let count = order.draw(1, 20) == 0 ? 30 : 1 + order.draw(2, 4)
        return (0..<count).map { index in
            let salt = UInt64(index) * 16 + 100
            let quantity = 1 + order.draw(salt, 3)
            let price = 199 + order.draw(salt + 1, 9000)
            let subtotal = quantity * price
            let discount = order.draw(salt + 2, 5) == 0 ? subtotal / 10 : 0
            let isGone = order.draw(salt + 3, 25) == 0 || productCount == 0
            return Line(
                id: order.id * 40 + index,
                product: isGone ? 0 : firstProduct + order.draw(salt + 4, productCount), quantity: quantity,
                price: price, subtotal: subtotal, total: subtotal - discount, tax: (subtotal - discount) / 5)
        }
    }

    static let statuses = [
        "processing", "completed", "completed", "completed", "on-hold", "pending", "cancelled", "failed",
        "checkout-draft", "wholesale-paid",
    ]

    func status(of order: Item) -> String {
        order.isTrashed ? "trash" : Self.statuses[(order.draw(3, Self.statuses.count) + order.revision) % 9]
    }

    func order(_ order: Item, refunds: [Item]) -> Members {
        let lines = lines(of: order)
        let status = status(of: order)
        let isPaid = ["processing", "completed"].contains(status)
        let (shipping, shippingTax) = order.draw(4, 3) == 0 ? (0, 0) : (490, 98)
        let fee = order.draw(5, 8) == 0 ? 150 : 0
        let goods = lines.reduce(0) { $0 + $1.total }
        let tax = lines.reduce(0) { $0 + $1.tax } + shippingTax
        let discount = lines.reduce(0) { $0 + $1.subtotal - $1.total }
        let customer = customerCount > 0 && order.draw(6, 3) > 0 ? 900_001 + order.draw(7, customerCount) : 0
        var members: Members = [
            ("id", "\(order.id)"), ("parent_id", "0"), ("status", Self.quoted(status)),
            ("currency", Self.quoted(quirks.currency)), ("version", Self.quoted(quirks.versionText)),
            ("prices_include_tax", "false"),
        ]
        members += times("date_created", order.created) + times("date_modified", order.modified)
        members += [
            ("discount_total", Self.money(discount)), ("discount_tax", "\"0.00\""),
            ("shipping_total", Self.money(shipping)), ("shipping_tax", Self.money(shippingTax)),
            ("cart_tax", Self.money(tax - shippingTax)), ("total", Self.money(goods + shipping + fee + tax)),
            ("total_tax", Self.money(tax)), ("customer_id", "\(customer)"), ("order_key", "\"wc_order_\(order.id)\""),
            ("billing", address(order, isBilling: true)), ("shipping", address(order, isBilling: false)),
            ("payment_method", isPaid ? "\"stripe\"" : "\"bacs\""),
            ("payment_method_title", isPaid ? "\"Carte bancaire\"" : "\"Virement\""),
            ("transaction_id", isPaid ? Self.quoted("ch_\(order.id)") : "\"\""),
            ("created_via", "\"checkout\""),
            ("customer_note", order.draw(8, 9) == 0 ? Self.quoted("Bitte klingeln 🔔 &amp; warten") : "\"\""),
        ]
        members += times("date_completed", status == "completed" ? order.modified : nil)
        members += times("date_paid", isPaid ? order.created + 60 : nil)
        members += [
            ("number", Self.quoted("\(order.id)")),
            ("meta_data", metaData(order)),
            ("line_items", "[" + lines.map(line).joined(separator: ",") + "]"),
            (
                "tax_lines",
                "[{\"id\":\(order.id * 40 + 39),\"rate_code\":\"TVA-1\",\"rate_id\":1,\"label\":\"TVA\","
                    + "\"compound\":false,\"tax_total\":\(Self.money(tax - shippingTax)),"
                    + "\"shipping_tax_total\":\(Self.money(shippingTax)),\"rate_percent\":20}]"
            ),
            ("shipping_lines", shipping == 0 ? "[]" : shippingLine(order, shipping, shippingTax)),
            (
                "fee_lines",
                fee == 0
                    ? "[]"
                    : "[{\"id\":\(order.id * 40 + 38),\"name\":\"Verpackung\",\"tax_class\":\"\","
                        + "\"tax_status\":\"none\",\"amount\":\"1.5\",\"total\":\(Self.money(fee)),"
                        + "\"total_tax\":\"0.00\",\"taxes\":[],\"meta_data\":[]}]"
            ),
            ("coupon_lines", "[]"),
            (
                "refunds",
                "["
                    + refunds.map { refund in
                        "{\"id\":\(refund.id),\"reason\":\(Self.quoted(reason(refund))),"
                            + "\"total\":\(Self.money(-amount(of: refund, in: order)))}"
                    }.joined(separator: ",") + "]"
            ),
            ("payment_url", Self.quoted("\(home)/order-pay/\(order.id)/?key=wc_order_\(order.id)")),
            ("currency_symbol", "\"&euro;\""),
        ]
        return spoilt(members + links("orders/\(order.id)"), order)
    }

    private func line(_ line: Line) -> String {
        "{\"id\":\(line.id),\"name\":\(Self.quoted("Bière n° \(line.product) – «\u{00A0}pure\u{00A0}»")),"
            + "\"product_id\":\(line.product),\"variation_id\":0,\"quantity\":\(line.quantity),\"tax_class\":\"\","
            + "\"subtotal\":\(Self.money(line.subtotal)),\"subtotal_tax\":\(Self.money(line.tax)),"
            + "\"total\":\(Self.money(line.total)),\"total_tax\":\(Self.money(line.tax)),"
            + "\"taxes\":[{\"id\":1,\"total\":\(Self.money(line.tax)),\"subtotal\":\(Self.money(line.tax))}],"
            + "\"meta_data\":[],\"sku\":\(line.product == 0 ? "null" : "\"SKU-\(line.product)\""),"
            + "\"price\":\(Double(line.total) / 100 / Double(line.quantity)),"
            + "\"image\":{\"id\":\"\",\"src\":\"\"},\"parent_name\":null}"
    }

    private func shippingLine(_ order: Item, _ total: Int, _ tax: Int) -> String {
        "[{\"id\":\(order.id * 40 + 37),\"method_title\":\"Colissimo\",\"method_id\":\"flat_rate\","
            + "\"instance_id\":\"1\",\"total\":\(Self.money(total)),\"total_tax\":\(Self.money(tax)),"
            + "\"taxes\":[{\"id\":1,\"total\":\(Self.money(tax)),\"subtotal\":\"\"}],\"meta_data\":[]}]"
    }

    func address(_ item: Item, isBilling: Bool) -> String {
        let contact = isBilling ? ",\"email\":\"kunde\(item.id)@example.com\",\"phone\":\"+33 1 23 45\"" : ""
        return "{\"first_name\":\"Zoë\",\"last_name\":\"Müller \(item.id)\",\"company\":\"\","
            + "\"address_1\":\"3, rue de l’Été\",\"address_2\":\"\",\"city\":\"Lyon\",\"state\":\"\","
            + "\"postcode\":\"69001\",\"country\":\"FR\"\(contact)}"
    }

    private func metaData(_ item: Item) -> String {
        let values = [
            "\"M\"", "7", "{\"a\":[1,2]}", "[\"x\",null]", "null", "\"a:1:{s:1:\\\"k\\\";i:1;}\"", "true",
        ]
        var list = (0..<item.draw(9, 3)).map { index in
            "{\"id\":\(item.id * 10 + index),\"key\":\"_plugin_\(index)\","
                + "\"value\":\(values[item.draw(UInt64(index) + 10, values.count)])}"
        }
        if let recordBytes, recordBytes > 3000 {
            list.append(
                "{\"id\":1,\"key\":\"pad\",\"value\":\"\(String(repeating: "x", count: recordBytes - 3000))\"}")
        }
        return "[" + list.joined(separator: ",") + "]"
    }

    // MARK: - Refunds

    func reason(_ refund: Item) -> String { refund.draw(20, 2) == 0 ? "" : "cassé" }

    /// Hundredths, positive.
    func amount(of refund: Item, in order: Item) -> Int {
        refund.draw(21, 3) == 0 ? 500 : refundedTotal(refund, order) + refundedTotal(refund, order) / 5
    }

    private func refundedTotal(_ refund: Item, _ order: Item) -> Int {
        lines(of: order)[0].total / lines(of: order)[0].quantity
    }

    func refund(_ refund: Item, of order: Item, namesParent: Bool) -> Members {
        let isAmountOnly = refund.draw(21, 3) == 0
        let line = lines(of: order)[0]
        let total = refundedTotal(refund, order)
        var members: Members = [("id", "\(refund.id)")]
        if namesParent { members.append(("parent_id", "\(order.id)")) }
        members += times("date_created", refund.created)
        members += [
            ("amount", Self.money(amount(of: refund, in: order))), ("reason", Self.quoted(reason(refund))),
            ("refunded_by", "1"), ("refunded_payment", "\(refund.draw(22, 2) == 0)"), ("meta_data", "[]"),
            (
                "line_items",
                isAmountOnly
                    ? "[]"
                    : "[{\"id\":\(refund.id * 40),\"name\":\"Bière\",\"product_id\":\(line.product),"
                        + "\"variation_id\":0,\"quantity\":-1,\"tax_class\":\"\",\"subtotal\":\(Self.money(-total)),"
                        + "\"subtotal_tax\":\(Self.money(-total / 5)),\"total\":\(Self.money(-total)),"
                        + "\"total_tax\":\(Self.money(-total / 5)),\"taxes\":[],\"meta_data\":"
                        + "[{\"id\":9,\"key\":\"_refunded_item_id\",\"value\":\"\(line.id)\"}],\"sku\":null,"
                        + "\"price\":\(-Double(total) / 100)}]"
            ),
            ("shipping_lines", "[]"), ("tax_lines", "[]"), ("fee_lines", "[]"),
        ]
        members += links("orders/\(order.id)/refunds/\(refund.id)", up: "orders/\(order.id)")
        return spoilt(members, refund)
    }

    // MARK: - What extensions do to records

    /// The same with some values as shops have been seen to send them.
    func spoilt(_ members: Members, _ item: Item) -> Members {
        guard spoiltShare > 0, Double(item.draw(30, 1000)) < spoiltShare * 1000 else { return members }
        return members.enumerated().map { index, member in
            guard !["id", "date_modified_gmt", "_links", "parent_id", "type", "refunds"].contains(member.name),
                item.draw(UInt64(index) + 31, 6) == 0
            else { return member }
            let odd = [
                "null", "\"\"", "\"1.234,56\"", "[]", "{}", "\"yes\"", "7", "false", "\"&#36;\"", "2.5",
                "{\"3\":\"a\"}", "\"5060147738939\"",
            ]
            return (member.name, odd[item.draw(UInt64(index) + 90, odd.count)])
        }
    }
}
