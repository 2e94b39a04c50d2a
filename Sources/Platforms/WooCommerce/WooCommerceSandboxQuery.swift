/// The parameters of a list, as WooCommerce reads them. What it does not know it ignores.
struct WooCommerceSandboxQuery {
    let perPage: Int
    let page: Int
    let offset: Int?
    let orderBy: String
    let isAscending: Bool
    let status: String
    let include: Set<Int>
    let fields: Set<String>?
    let type: String?
    let isGMT: Bool
    private let bounds: [String: String]
    /// The name of the first that cannot be.
    let wrongParameter: String?

    private static let boundNames = ["after", "before", "modified_after", "modified_before"]

    init(_ query: [(name: String, value: String)]) {
        let values = Dictionary(query.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        perPage = values["per_page"].flatMap { Int($0) } ?? (values["per_page"] == nil ? 10 : 0)
        page = values["page"].flatMap { Int($0) } ?? 1
        offset = values["offset"].flatMap { Int($0) }
        orderBy = values["orderby"] ?? "date"
        isAscending = values["order"] == "asc"
        status = values["status"] ?? "any"
        include = Set((values["include"] ?? "").split(separator: ",").compactMap { Int($0) })
        fields = values["_fields"].map { Set($0.split(separator: ",").map(String.init)) }
        type = values["type"]
        isGMT = ["true", "1"].contains(values["dates_are_gmt"] ?? "")
        bounds = values.filter { Self.boundNames.contains($0.key) }
        if !(1...100).contains(perPage) {
            wrongParameter = "per_page"
        } else if page < 1 {
            wrongParameter = "page"
        } else if (offset ?? 0) < 0 {
            wrongParameter = "offset"
        } else {
            wrongParameter = bounds.sorted { $0.key < $1.key }.first { Self.parts($0.value) == nil }?.key
        }
    }

    /// Whether no two rows can be equal for the order.
    var isTotalOrder: Bool { orderBy == "id" }

    /// What decides which rows there are, and their order.
    var filterKey: String {
        let words = bounds.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        return "\(orderBy) \(isAscending) \(status) \(include.sorted()) \(type ?? "") \(isGMT) \(words)"
    }

    func fits(_ item: WooCommerceSandboxItem, _ store: WooCommerceSandboxStore) -> Bool {
        if !include.isEmpty, !include.contains(item.id) { return false }
        if item.kind == .products, type == "variable", item.children.isEmpty { return false }
        // Customers cannot be asked for by time at all.
        if item.kind == .customers || bounds.isEmpty { return true }
        for (name, text) in bounds {
            let isChange = name.hasPrefix("modified")
            // A refund is never changed, and an old version does not know the word.
            if isChange, item.kind == .refunds || !store.quirks.hasModifiedFilter { continue }
            guard let bound = Self.parts(text) else { continue }
            let stored = isChange ? item.modified : item.created
            let isGMT = isGMT && !store.quirks.ignoresGMT
            let zone = store.quirks.zone
            // Text with a zone becomes the shop's own time first; the parameter only chooses what it is compared with.
            let wall = bound.offset.map { bound.wall - $0 + zone.offset(at: bound.wall - $0) } ?? bound.wall
            let compared = isGMT ? stored : stored + zone.offset(at: stored)
            if name.hasSuffix("after") ? compared <= wall : compared >= wall { return false }
        }
        return true
    }

    /// A date and time, with the seconds of its zone where it has one. A date alone, or a number, is none.
    private static func parts(_ text: String) -> (wall: Int, offset: Int?)? {
        guard text.utf8.count >= 19, let wall = WooCommerceTime.seconds(in: String(text.prefix(19))) else { return nil }
        let zone = text.dropFirst(19)
        if zone.isEmpty { return (wall, nil) }
        if zone == "Z" { return (wall, 0) }
        let numbers = zone.dropFirst().split(separator: ":").compactMap { Int($0) }
        guard numbers.count == 2, zone.first == "+" || zone.first == "-" else { return nil }
        let seconds = numbers[0] * 3600 + numbers[1] * 60
        return (wall, zone.first == "-" ? -seconds : seconds)
    }
}
