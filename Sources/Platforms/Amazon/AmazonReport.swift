import Documents
import FoundationEssentials

/// A kind of report: how it is asked for, and what of its rows makes a record.
struct AmazonReport: Sendable {
    /// How a report comes to be.
    enum Source: Sendable {
        /// Requested for windows of time, of at most so many days.
        case windows(days: Double)
        /// Requested for all there is, a marketplace at a time.
        case snapshot
        /// Made by Amazon of its own accord.
        case found
    }

    let resource: String
    let type: String
    let source: Source
    let freshness: Duration
    /// Columns whose values make a record's key; rows that are alike in them get numbers.
    let keys: [String]
    /// The column with the row's last change.
    let updated: String?
    /// How far a run reaches back behind the end of the last.
    var overlapSeconds = 0.0
    var dialect = DelimitedReader.Dialect.tabs

    var isSnapshot: Bool {
        if case .snapshot = source { true } else { false }
    }
    var isFound: Bool {
        if case .found = source { true } else { false }
    }
    var windowSeconds: Double? {
        if case .windows(let days) = source { days * 86_400 } else { nil }
    }

    /// Order data is kept for two years.
    static let historySeconds = 729.0 * 86_400
    /// Amazon keeps reports for 90 days, and lists no older ones.
    static let listSeconds = 89.0 * 86_400

    static let all: [AmazonReport] = [
        AmazonReport(
            resource: "all_orders_report", type: "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
            source: .windows(days: 30), freshness: .seconds(14_400), keys: ["amazon-order-id", "sku", "asin"],
            updated: "last-updated-date", overlapSeconds: 3600),
        AmazonReport(
            resource: "listings", type: "GET_MERCHANT_LISTINGS_ALL_DATA", source: .snapshot,
            freshness: .seconds(43_200), keys: ["seller-sku"], updated: nil),
        AmazonReport(
            resource: "fba_inventory", type: "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA", source: .snapshot,
            freshness: .seconds(21_600), keys: ["sku", "fnsku"], updated: nil),
        AmazonReport(
            resource: "returns", type: "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", source: .windows(days: 60),
            freshness: .seconds(43_200), keys: ["order-id", "amazon-rma-id", "merchant-sku"], updated: nil,
            // The state of a return changes for weeks, and the report goes by the day it was asked for.
            overlapSeconds: 45 * 86_400),
        AmazonReport(
            resource: "settlement_reports", type: "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", source: .found,
            freshness: .seconds(43_200), keys: ["settlement-id"], updated: nil),
    ]

    /// Names that some columns have in sellers' languages.
    static let aliases: [String: String] = [
        "händler-sku": "seller-sku", "artikelbezeichnung": "item-name", "angebotsnummer": "listing-id",
        "preis": "price", "menge": "quantity", "sku-du-vendeur": "seller-sku", "nom-du-produit": "item-name",
        "prix": "price", "quantité": "quantity", "sku-del-vendedor": "seller-sku", "出品者sku": "seller-sku",
        "商品名": "item-name", "出品id": "listing-id", "価格": "price", "数量": "quantity",
    ]
}
