import FoundationEssentials
import RawJSON

/// The rows of a list, in its order; kept until something changes.
struct WooCommerceSandboxListing {
    let key: String
    let ids: [Int]
}

extension WooCommerceSandboxStore {
    /// Answers a request below a namespace.
    func interface(_ route: String, _ request: SandboxRequest, now: Date, takesKeys: Bool) -> SandboxResponse {
        // `/v3/orders/7/refunds` without what was cut off: `/orders/7/refunds`.
        let parts = route.split(separator: "/").map(String.init)
        let query = WooCommerceSandboxQuery(request.query)
        guard let place = place(parts) else { return error(404, "rest_no_route", .noRoute) }
        // Route, then parameters, then permission.
        if let wrong = query.wrongParameter {
            return error(
                400, "rest_invalid_param", texts[.parameters] + wrong,
                data: "{\"status\":400,\"params\":{\"\(wrong)\":\"\(wrong) is not valid.\"},\"details\":{}}")
        }
        if let refusal = refusalOfKeys(request, now: now, takesKeys: takesKeys) { return refusal }
        switch place {
        case .setting(let name):
            let value = name == "woocommerce_currency" ? quirks.currency : "2"
            return json(
                200, "{\"id\":\"\(name)\",\"label\":\"x\",\"value\":\"\(value)\",\"default\":\"GBP\"}")
        case .list(let kind): return list(kind, parent: nil, query, request, now: now)
        case .children(let kind, let parent):
            let owner: Item.Kind = kind == .refunds ? .orders : .products
            guard shelves[owner]?[parent] != nil else {
                // WordPress takes a bare number for no status.
                return kind == .refunds
                    ? error(500, "woocommerce_rest_invalid_order_id", texts[.invalidOrder], data: "404")
                    : error(404, "woocommerce_rest_product_invalid_id", .invalidID)
            }
            return list(kind, parent: parent, query, request, now: now)
        case .one(let kind, let id):
            guard let item = shelves[kind]?[id] else {
                return error(
                    404, "woocommerce_rest_\(kind == .orders ? "shop_order" : "product")_invalid_id", .invalidID)
            }
            if isPoison(item) { return crash() }
            return finished(render(item, fields: query.fields), headers: [])
        }
    }

    private enum Place {
        case list(Item.Kind)
        case one(Item.Kind, Int)
        case children(Item.Kind, of: Int)
        case setting(String)
    }

    private func place(_ parts: [String]) -> Place? {
        switch (parts.count, parts.first ?? "") {
        case (1, "orders"), (1, "products"), (1, "customers"): return Item.Kind(rawValue: parts[0]).map(Place.list)
        case (1, "refunds") where quirks.hasRefunds: return .list(.refunds)
        case (1, "variations") where quirks.hasVariations: return .list(.variations)
        case (2, "orders"), (2, "products"), (2, "customers"):
            guard let kind = Item.Kind(rawValue: parts[0]), let id = Int(parts[1]) else { return nil }
            return .one(kind, id)
        case (3, "orders"): return parts[2] == "refunds" ? Int(parts[1]).map { .children(.refunds, of: $0) } : nil
        case (3, "products"):
            return parts[2] == "variations" ? Int(parts[1]).map { .children(.variations, of: $0) } : nil
        case (3, "settings"): return .setting(parts[2])
        default: return nil
        }
    }

    // MARK: - Lists

    private func list(
        _ kind: Item.Kind, parent: Int?, _ query: WooCommerceSandboxQuery, _ request: SandboxRequest, now: Date
    ) -> SandboxResponse {
        let ids = ids(kind, parent, query)
        let offset = query.offset ?? (query.page - 1) * query.perPage
        let shown = ids.dropFirst(offset).prefix(query.perPage)
        var items = shown.compactMap { shelves[kind]?[$0] }
        let isThin = query.fields != nil
        if !isThin || quirks.isPoisonThin, items.contains(where: isPoison) { return crash() }
        if !isThin, items.count > quirks.memory { return crash() }
        if quirks.hiddenEvery > 0 { items.removeAll { $0.id % quirks.hiddenEvery == 0 } }
        var headers: [(name: String, value: String)] = [("Allow", "GET, POST")]
        if quirks.hasTotals {
            // Behind its end the list of the order tables does not know its length.
            let isForgetful = kind == .orders && quirks.hasOrderTables && offset > 0 && offset >= ids.count
            let total = isForgetful ? 0 : ids.count
            headers += [
                ("X-WP-Total", "\(total)"), ("X-WP-TotalPages", "\((total + query.perPage - 1) / query.perPage)"),
            ]
            if let link = link(query, request, count: ids.count) { headers.append(("Link", link)) }
        }
        let rows = items.map { render($0, fields: query.fields, namesParent: parent == nil) }
        return finished("[" + rows.joined(separator: ",") + "]", headers: headers)
    }

    /// The next page and the one before, with every parameter, keys included.
    private func link(_ query: WooCommerceSandboxQuery, _ request: SandboxRequest, count: Int) -> String? {
        let pages = (count + query.perPage - 1) / query.perPage
        func address(_ page: Int) -> String {
            let others = request.query.filter { $0.name != "page" }.map { "\($0.name)=\($0.value)" }
            return "https://shop.example\(request.path)?" + (others + ["page=\(page)"]).joined(separator: "&")
        }
        var links: [String] = []
        if query.page > 1 { links.append("<\(address(min(query.page - 1, pages)))>; rel=\"prev\"") }
        if query.page < pages { links.append("<\(address(query.page + 1))>; rel=\"next\"") }
        return links.isEmpty ? nil : links.joined(separator: ", ")
    }

    private func ids(_ kind: Item.Kind, _ parent: Int?, _ query: WooCommerceSandboxQuery) -> [Int] {
        let versions = Item.Kind.allCases.map { "\(shelves[$0]?.version ?? 0)" }.joined(separator: ",")
        // What is equal for the order comes in another order on each page.
        let page = query.isTotalOrder ? "" : "\(query.perPage) \(query.page) \(query.offset ?? -1)"
        let key = "\(kind) \(parent ?? 0) \(query.filterKey) \(versions) \(page)"
        if let listed, listed.key == key { return listed.ids }
        var items = (shelves[kind]?.items ?? []).filter { item in
            guard parent == nil || item.parent == parent, item.isTrashed == (query.status == "trash") else {
                return false
            }
            return query.fits(item, self)
        }
        let salt = UInt64(query.perPage * 1_000_003 + (query.offset ?? query.page * 7))
        func rank(_ item: Item) -> (Int, UInt64) {
            switch query.orderBy {
            case "modified": (item.modified, SeededRandom.mixed(item.seed ^ salt))
            case "id": (item.id, 0)
            default: (item.created, SeededRandom.mixed(item.seed ^ salt))
            }
        }
        if query.orderBy != "id" { items.sort { rank($0) < rank($1) } }
        if !query.isAscending { items.reverse() }
        let ids = items.map(\.id)
        listed = WooCommerceSandboxListing(key: key, ids: ids)
        return ids
    }

    // MARK: - Records

    func render(_ item: Item, fields: Set<String>?, namesParent: Bool = true) -> String {
        let members: WooCommerceSandboxRecords.Members
        switch item.kind {
        case .orders:
            members = records.order(item, refunds: item.children.compactMap { shelves[.refunds]?[$0] })
        case .refunds:
            guard let order = shelves[.orders]?[item.parent] else { return "{\"id\":\(item.id)}" }
            members = records.refund(item, of: order, namesParent: namesParent && quirks.hasRefunds)
        case .products: members = records.product(item)
        case .variations: members = records.variation(item)
        case .customers: members = records.customer(item)
        }
        let shown = fields.map { fields in members.filter { fields.contains($0.name) } } ?? members
        return "{" + shown.map { "\"\($0.name)\":\($0.json)" }.joined(separator: ",") + "}"
    }

    /// A good answer, with what the shop's extensions add to it.
    private func finished(_ text: String, headers: [(name: String, value: String)]) -> SandboxResponse {
        var text = quirks.wraps ? "{\"data\":\(text)}" : text
        if quirks.printsWarnings {
            text =
                "<br />\n<b>Deprecated</b>:  Creation of dynamic property A::$b[\"c\"] is deprecated in "
                + "<b>/var/www/html/wp-content/plugins/x/x.php</b> on line <b>[12]</b><br />\n" + text
        }
        var answer = json(200, text, headers: headers)
        if quirks.hasMark { answer.body = [0xEF, 0xBB, 0xBF] + answer.body }
        return answer
    }

    /// What comes when PHP dies.
    private func crash() -> SandboxResponse {
        switch quirks.crash {
        case "html": return page(500, title: "WordPress &rsaquo; Error", "<p>\(texts[.critical])</p>")
        case "empty": return SandboxResponse(status: 500, headers: [("Content-Type", "text/html")], body: [])
        case "cut": return json(200, "[{\"id\":11,\"status\":\"proc")
        default:
            return json(
                500,
                "{\"code\":\"internal_server_error\",\"message\":"
                    + WooCommerceSandboxRecords.quoted("<p>\(texts[.critical])</p>")
                    + ",\"data\":{\"status\":500},\"additional_errors\":[]}")
        }
    }
}

extension SeededRandom {
    fileprivate static func mixed(_ seed: UInt64) -> UInt64 {
        var random = SeededRandom(seed: seed)
        return random.next()
    }
}
