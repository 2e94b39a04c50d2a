import Documents
import FoundationEssentials

/// The reports of a simulated seller: asked for, made after a while, listed, and handed out as documents whose addresses
/// live five minutes.
struct AmazonSandboxReports {
    struct Report {
        let id: String
        let type: String
        let marketplaces: [String]
        let from: Int?
        let to: Int?
        let created: Int
        let started: Int
        let ended: Int
        /// How it ends.
        let outcome: String
        let group: Int?

        var documentID: String { "amzn1.spdoc.1.4.na.\(id)" }

        func status(_ now: Int) -> String { now < started ? "IN_QUEUE" : now < ended ? "IN_PROGRESS" : outcome }
    }

    private(set) var reports: [Report] = []
    private var documents: [String: [UInt8]] = [:]
    private var asked: Set<String> = []
    private let quirk: String
    let encoding: AmazonSandboxEncoding
    let isPlain: Bool

    init(_ options: SandboxOptions) {
        quirk = options.quirks["reports"] ?? ""
        let usual: AmazonSandboxEncoding = options.quirks["region"] == "fe" ? .shiftJIS : .cp1252
        encoding = options.quirks["charset"].flatMap(AmazonSandboxEncoding.init) ?? usual
        isPlain = options.quirks["compression"] == "none"
    }

    /// Nil for a type that cannot be requested.
    mutating func create(
        _ type: String, _ marketplaces: [String], from: Int?, to: Int?, now: Int, _ world: AmazonSandboxWorld
    ) -> Report? {
        guard let report = AmazonReport.all.first(where: { $0.type == type }), !report.isFound else { return nil }
        let isFirst = asked.insert(type).inserted
        let isEmpty = rows(report, marketplaces, from: from, to: to, world).isEmpty
        var outcome = isEmpty ? "CANCELLED" : "DONE"
        if isFirst, quirk == "cancelled" { outcome = "CANCELLED" }
        if isFirst, quirk == "fatal" { outcome = "FATAL" }
        let number = reports.count + 50_001
        let pace = ["late": 1200, "prompt": 0][quirk] ?? 20 + Int(world.hash(number, 70) % 30)
        let made = Report(
            id: String(number), type: type, marketplaces: marketplaces, from: from, to: to, created: now,
            started: now + min(pace, 10), ended: now + (outcome == "CANCELLED" ? min(pace, 8) : pace),
            outcome: outcome, group: nil)
        reports.append(made)
        return made
    }

    /// Those made by request, and the settlements of the last ninety days.
    func all(now: Int, _ world: AmazonSandboxWorld) -> [Report] {
        guard world.settlementRows > 0 else { return reports }
        let settlements = world.groups(now: now).filter { world.groupEnd($0) + 3600 <= now }.map { group in
            let end = world.groupEnd(group)
            return Report(
                id: "7\(10_000 + group)", type: "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
                marketplaces: world.marketplaces, from: end - 14 * AmazonSandboxWorld.day, to: end, created: end + 3600,
                started: end + 3600, ended: end + 3600, outcome: "DONE", group: group)
        }
        return reports + settlements.filter { $0.created > now - 90 * AmazonSandboxWorld.day }
    }

    func find(_ id: String, now: Int, _ world: AmazonSandboxWorld) -> Report? {
        all(now: now, world).first { $0.id == id || $0.documentID == id }
    }

    /// The same bytes each time.
    mutating func document(_ report: Report, _ world: AmazonSandboxWorld) -> [UInt8] {
        if let known = documents[report.id] { return known }
        if report.outcome == "FATAL" {
            let reason = "Report type \(report.type) could not be generated: dataStartTime is too far in the past."
            return GzipWriter.pack(Array(reason.utf8))
        }
        guard let kind = AmazonReport.all.first(where: { $0.type == report.type }) else { return [] }
        let header = Self.header(kind.resource)
        var text = encoding.encode(header.joined(separator: "\t"))
        let lineEnd: [UInt8] = kind.resource == "listings" ? [10] : [13, 10]
        text += lineEnd
        for row in rows(kind, report.marketplaces, from: report.from, to: report.to, world, group: report.group) {
            text += encoding.encode(row.joined(separator: "\t"))
            text += lineEnd
        }
        let bytes = isPlain ? text : GzipWriter.pack(text)
        documents[report.id] = bytes
        return bytes
    }

    // MARK: - Contents

    static func header(_ resource: String) -> [String] {
        switch resource {
        case "all_orders_report":
            """
            amazon-order-id merchant-order-id purchase-date last-updated-date order-status fulfillment-channel \
            sales-channel order-channel url ship-service-level product-name sku asin item-status \
            quantity currency item-price item-tax shipping-price shipping-tax gift-wrap-price gift-wrap-tax \
            item-promotion-discount ship-promotion-discount ship-country promotion-ids
            """
            .split(separator: " ").map(String.init)
        case "listings":
            """
            item-name item-description listing-id seller-sku price quantity open-date image-url item-is-marketplace \
            product-id-type item-condition asin1 product-id pending-quantity fulfillment-channel \
            merchant-shipping-group status
            """
            .split(separator: " ").map(String.init)
        case "fba_inventory":
            """
            sku fnsku asin product-name condition your-price afn-listing-exists afn-warehouse-quantity afn-fulfillable-quantity \
            afn-reserved-quantity afn-total-quantity
            """
            .split(separator: " ").map(String.init)
        case "returns":
            [
                "Order ID", "Order date", "Return request date", "Return request status", "Amazon RMA ID",
                "Currency code", "ASIN", "Merchant SKU", "Item Name", "Return quantity", "Return Reason", "Resolution",
                "Refunded Amount",
            ]
        default:
            """
            settlement-id settlement-start-date settlement-end-date deposit-date total-amount currency \
            transaction-type order-id merchant-order-id adjustment-id shipment-id marketplace-name amount-type \
            amount-description amount fulfillment-id posted-date posted-date-time order-item-code \
            merchant-order-item-id merchant-adjustment-item-id sku quantity-purchased promotion-id
            """
            .split(separator: " ").map(String.init)
        }
    }

    func rows(
        _ report: AmazonReport, _ marketplaces: [String], from: Int?, to: Int?, _ world: AmazonSandboxWorld,
        group: Int? = nil
    ) -> [[String]] {
        let window = (from ?? .min)..<(max(to ?? .max, (from ?? .min)))
        switch report.resource {
        case "all_orders_report":
            return world.orders.indices.filter { window.contains(world.orders[$0].updated) }
                .sorted { (world.orders[$0].updated, $0) < (world.orders[$1].updated, $1) }
                .flatMap { orderRows($0, world) }
        case "listings":
            return marketplaces.flatMap { marketplace in
                world.products(in: marketplace).map { listingRow($0, world) }
            }
        case "fba_inventory":
            guard world.hasInventory, marketplaces.contains(where: { $0 == world.marketplaces.last }) else { return [] }
            return world.products(in: world.marketplaces.last ?? "").filter { $0 % 2 == 0 }
                .map { inventoryRow($0, world) }
        case "returns":
            return returns(world).filter { window.contains($0.at) }.map { returnRow($0.number, $0.at, world) }
        default:
            return group.map { settlementRows($0, world) } ?? []
        }
    }

    private func orderRows(_ number: Int, _ world: AmazonSandboxWorld) -> [[String]] {
        let order = world.orders[number]
        let currency = world.currency(number)
        let status = world.status(number) == "Canceled" ? "Cancelled" : world.status(number)
        let spoilt = world.spoiling(number, 80)
        return world.items(number).map { item in
            let hasMoney = world.hasMoney(number)
            func amount(_ minor: Int) -> String {
                hasMoney ? AmazonSandboxWorld.amount(minor, currency) : ""
            }
            let head = [
                world.id(number), world.hash(number, 53) % 4 == 0 ? "M-\(number)" : "",
                AmazonSandboxWorld.time(order.created).replacing("Z", with: "+00:00"),
                AmazonSandboxWorld.time(order.updated).replacing("Z", with: "+00:00"),
                spoilt == 0 ? "Teleported" : status, "Amazon", "Amazon.com", "", "", "Standard",
                encoding.lossy(world.title(item.product)), world.sku(item.product), world.asin(item.product), status,
                spoilt == 1 ? "many" : String(item.quantity), hasMoney ? currency : "",
            ]
            var row = head + [amount(item.price), amount(item.tax), amount(item.shipping)]
            // Trailing columns without values are left out of some rows.
            guard item.discount > 0 || number % 3 == 0 else { return row }
            row += ["", "", "", item.discount > 0 ? amount(item.discount) : "", "", "US", ""]
            return row
        }
    }

    private func listingRow(_ product: Int, _ world: AmazonSandboxWorld) -> [String] {
        let version = world.listings[product] ?? 0
        let price = 500 + Int(world.hash(product, 13) % 20_000) + version * 10
        let spoilt = world.spoiling(product, 81)
        return [
            encoding.lossy(world.title(product)), "A thing that is sold.", "L\(1_000_000 + product)",
            world.sku(product), spoilt == 0 ? "on request" : AmazonSandboxWorld.amount(price, "USD"),
            spoilt == 1 ? "lots" : String(Int(world.hash(product, 82) % 40)), "2024-01-15 10:00:00 UTC", "", "y", "1",
            "11", world.asin(product), world.asin(product), "0", product % 2 == 0 ? "AMAZON_NA" : "DEFAULT", "Default",
            spoilt == 2 ? "Dreaming" : product % 7 == 3 ? "Inactive" : "Active",
        ]
    }

    private func inventoryRow(_ product: Int, _ world: AmazonSandboxWorld) -> [String] {
        let stock = Int(world.hash(product, 83) % 90)
        return [
            world.sku(product), "X00\(100_000 + product)", world.asin(product), encoding.lossy(world.title(product)),
            "New", "12.50", "Yes", String(stock + 2), String(stock), "2", String(stock + 2),
        ]
    }

    private func returns(_ world: AmazonSandboxWorld) -> [(number: Int, at: Int)] {
        guard world.hasReturns else { return [] }
        return world.orders.indices.compactMap { number in
            let at = world.orders[number].created + 7 * AmazonSandboxWorld.day
            let isReturned = world.hash(number, 84) % 12 == 0 && at < world.startsAt - 3600
            return isReturned ? (number, at) : nil
        }
    }

    private func returnRow(_ number: Int, _ at: Int, _ world: AmazonSandboxWorld) -> [String] {
        let item = world.items(number)[0]
        return [
            world.id(number), "15-Jan-2026", AmazonSandboxWorld.time(at), "Approved", "D\(number)RRMA",
            world.currency(number), world.asin(item.product), world.sku(item.product),
            encoding.lossy(world.title(item.product)), "1", "CR-DEFECTIVE", "StandardRefund",
            AmazonSandboxWorld.amount(item.price, world.currency(number)),
        ]
    }

    /// The first row has the totals and nothing else.
    private func settlementRows(_ group: Int, _ world: AmazonSandboxWorld) -> [[String]] {
        let end = world.groupEnd(group)
        let id = String(17_000_000_000 + group)
        let times = [end - 14 * AmazonSandboxWorld.day, end, end + 2 * AmazonSandboxWorld.day].map {
            AmazonSandboxWorld.time($0).replacing("T", with: " ").replacing("Z", with: " UTC")
        }
        var rows = [[id] + times + ["1234.56", "USD"] + Array(repeating: "", count: 18)]
        for index in 0..<max(1, world.settlementRows) {
            let isRefund = index % 5 == 4
            rows.append(
                [id, "", "", "", "", "", isRefund ? "Refund" : "Order", "111-\(index)", "", "", "", "Amazon.com"]
                    + ["ItemPrice", "Principal", isRefund ? "-19.99" : "19.99", "AFN", "2026-01-03", times[0]]
                    + ["", "", "", world.sku(index), "1", ""])
        }
        return rows
    }
}
