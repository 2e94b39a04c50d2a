import FoundationEssentials
import RawJSON

extension WooCommerceSearch {
    /// What to ask for next.
    var requests: [PlatformRequest] {
        switch stage {
        case .index: [Self.open(root + "/", query: Self.indexQuery, purpose: "index")]
        case .home:
            [
                Self.open("/", query: [], purpose: "home"),
                Self.open(
                    WooCommerceServer.plainRoot, query: [("rest_route", "/")] + Self.indexQuery, purpose: "index"),
            ]
        case .plain:
            [false, true].map { usesQuery in
                var server = server ?? WooCommerceServer(root: WooCommerceServer.plainRoot, namespace: "wc/v3")
                server.usesQuery = usesQuery
                return server.request("/orders", query: [("per_page", "1"), ("_fields", "id")], purpose: "plain")
            }
        case .settings:
            [Self.currencyName, Self.decimalsName].map { name in
                var server =
                    server ?? WooCommerceServer(root: root, namespace: WooCommerceServer.namespaces[0])
                server.usesQuery = hasTriedQuery
                return server.request(
                    "/settings/general/\(name)", route: "/settings/general/{id}", query: [], purpose: "settings")
            }
        }
    }

    static let currencyName = "woocommerce_currency"
    static let decimalsName = "woocommerce_price_num_decimals"
    private static let indexQuery = [
        (name: "_fields", value: "name,url,home,gmt_offset,timezone_string,namespaces")
    ]

    /// A request for what is open to everybody.
    private static func open(
        _ path: String, query: [(name: String, value: String)], purpose: String
    ) -> PlatformRequest {
        var request = PlatformRequest(
            .get, path: path, query: query, headers: WooCommerceServer.headers, route: path, purpose: purpose,
            demands: WooCommerceServer.demands)
        request.placement = WooCommerceAuthentication.noPlacement
        return request
    }
}

/// The search for the interface: once for a connection, and again when what was found no longer answers.
extension WooCommerceReading {
    mutating func searchPage(_ exchanges: [Exchange]) throws(ReadFailure) -> Page {
        let search = cursor.search ?? WooCommerceSearch()
        switch search.stage {
        case .index: return try indexPage(exchanges[0], search)
        case .home: return try homePage(exchanges, search)
        case .plain: return try plainPage(exchanges, search)
        case .settings: return try settingsPage(exchanges, search)
        }
    }

    private mutating func go(
        on search: WooCommerceSearch, discoveries: [String: String] = [:]
    ) throws(ReadFailure) -> Page {
        cursor.search = search
        var page = try page()
        page.discoveries = discoveries
        return page
    }

    private func refusal(_ exchange: Exchange) -> WooCommerceRefusal {
        WooCommerceRefusal(exchange, rules: rules, resource: stream.resource.name)
    }

    // MARK: - The index

    private mutating func indexPage(_ exchange: Exchange, _ begun: WooCommerceSearch) throws(ReadFailure) -> Page {
        var search = begun
        if let page = try redirected(exchange, search) { return page }
        if let (server, discoveries) = try server(in: exchange, root: search.root) {
            search.server = server
            search.stage = .settings
            return try go(on: search, discoveries: discoveries)
        }
        let refusal = refusal(exchange)
        let status = exchange.response.status
        if [401, 403].contains(status), refusal.code != nil, WooCommerceAnswer(exchange.response) != nil {
            // Closed to everybody, and perhaps open to keys.
            search.server = WooCommerceServer(root: search.root, namespace: WooCommerceServer.namespaces[0])
            search.stage = .settings
            return try go(on: search)
        }
        let isElsewhere = [404, 405, 410].contains(status) || (300..<400).contains(status) || status == 200
        guard isElsewhere, refusal.error.code != .blockedWAF, refusal.error.code != .platformMaintenance,
            refusal.error.code != .storeCrash, refusal.error.code != .blockedPasswordPage
        else { throw refusal.failure() }
        search.tried.append(search.root)
        if let root = linkedRoot(exchange.response), !search.tried.contains(root),
            search.tried.count < WooCommerceSearch.rootsMax, root != WooCommerceServer.plainRoot
        {
            search.root = root
        } else {
            search.stage = .home
        }
        return try go(on: search)
    }

    /// What an index says; nil where the answer is none.
    private func server(
        in exchange: Exchange, root: String
    ) throws(ReadFailure) -> (WooCommerceServer, [String: String])? {
        guard exchange.response.status == 200, let answer = WooCommerceAnswer(exchange.response),
            let list = answer.root["namespaces"], list.kind == .array
        else { return nil }
        let namespaces = ((try? list.elements()) ?? []).compactMap(\.string)
        guard let namespace = WooCommerceServer.namespaces.first(where: namespaces.contains) else {
            if namespaces.contains("wc/v1") {
                throw ReadFailure(
                    UnifiedError(
                        .storeVersionUnsupported, "the shop's WooCommerce is older than version 3.0",
                        httpStatus: 200, route: exchange.request.route))
            }
            throw ReadFailure(
                UnifiedError(
                    .storeAPIMissing, "this WordPress has no WooCommerce, or it is switched off", httpStatus: 200,
                    route: exchange.request.route))
        }
        var discoveries: [String: String] = [:]
        if let zone = answer.root["timezone_string"]?.string, (1...64).contains(zone.utf8.count),
            WooCommerceServer.isPath("/" + zone)
        {
            discoveries["time_zone"] = zone
        }
        let offset = answer.root["gmt_offset"].flatMap { $0.approximate ?? $0.string.flatMap { Double($0) } }
        if let offset, abs(offset) <= 15 { discoveries["gmt_offset"] = "\(offset)" }
        return (WooCommerceServer(root: root, namespace: namespace), discoveries)
    }

    // MARK: - Elsewhere

    private mutating func homePage(_ exchanges: [Exchange], _ begun: WooCommerceSearch) throws(ReadFailure) -> Page {
        guard exchanges.count == 2 else {
            throw ReadFailure(UnifiedError(.internalBug, "the home page is asked for with the plain index"))
        }
        var search = begun
        if let root = linkedRoot(exchanges[0].response), root != WooCommerceServer.plainRoot,
            !search.tried.contains(root), search.tried.count < WooCommerceSearch.rootsMax
        {
            search.root = root
            search.stage = .index
            return try go(on: search)
        }
        if let (server, discoveries) = try server(in: exchanges[1], root: WooCommerceServer.plainRoot) {
            search.server = server
            search.stage = .plain
            return try go(on: search, discoveries: discoveries)
        }
        if let page = try redirected(exchanges[0], search) { return page }
        for exchange in exchanges {
            let refusal = refusal(exchange)
            // What passes, or keeps us out, is not an address without an interface.
            if exchange.response.status != 200, exchange.response.status != 404 { throw refusal.failure() }
        }
        throw ReadFailure(
            UnifiedError(
                .storeAPIMissing, "there is no WordPress interface at this address", httpStatus: 404,
                route: exchanges[0].request.route,
                evidence: String(decoding: exchanges[0].response.body.bytes.prefix(400), as: UTF8.self)))
    }

    private mutating func plainPage(_ exchanges: [Exchange], _ begun: WooCommerceSearch) throws(ReadFailure) -> Page {
        var search = begun
        for exchange in exchanges {
            guard exchange.response.status == 200, WooCommerceAnswer(exchange.response)?.rows != nil else { continue }
            search.server?.usesQuery = exchange.request.placement == WooCommerceAuthentication.queryPlacement
            search.hasTriedQuery = search.server?.usesQuery ?? false
            search.stage = .settings
            return try go(on: search)
        }
        if let last = exchanges.first(where: { $0.response.status != 401 && $0.response.status != 403 }) {
            throw refusal(last).failure()
        }
        throw ReadFailure(
            UnifiedError(
                .storeAPIMissing,
                """
                the shop uses plain permalinks, with which WooCommerce takes no keys: another structure has to be \
                chosen in WordPress under Settings, Permalinks
                """, httpStatus: exchanges.first?.response.status, route: exchanges.first?.request.route))
    }

    /// Settings that not every key may read: whatever comes, the search is over. Unless nobody knew who asked.
    private mutating func settingsPage(_ exchanges: [Exchange], _ begun: WooCommerceSearch) throws(ReadFailure) -> Page
    {
        var search = begun
        var server = search.server ?? WooCommerceServer(root: search.root, namespace: WooCommerceServer.namespaces[0])
        let isAnonymous = exchanges.allSatisfy { refusal($0).isAnonymous }
        if isAnonymous, !search.hasTriedQuery {
            search.hasTriedQuery = true
            return try go(on: search)
        }
        server.usesQuery = search.hasTriedQuery && !isAnonymous
        var discoveries = server.settings
        for exchange in exchanges where exchange.response.status == 200 {
            guard let answer = WooCommerceAnswer(exchange.response), let value = answer.root["value"]?.string else {
                continue
            }
            if exchange.request.path.hasSuffix(WooCommerceSearch.currencyName)
                || exchange.request.parameter("rest_route")?.hasSuffix(WooCommerceSearch.currencyName) == true
            {
                let isCode = value.utf8.count == 3 && value.utf8.allSatisfy { (65...90).contains($0) }
                if isCode { discoveries["currency"] = value }
            } else if let decimals = Int(value), (0...6).contains(decimals) {
                discoveries["price_decimals"] = "\(decimals)"
            }
        }
        cursor.search = nil
        cursor.server = server
        cursor.searchedAt = exchanges[0].response.requestedAt
        var page = try page()
        page.discoveries = discoveries
        return page
    }

    // MARK: - Where we are sent

    /// The path of the interface that a header names: `<https://shop.example/wp-json/>; rel="https://api.w.org/"`.
    private func linkedRoot(_ response: PlatformResponse) -> String? {
        for header in response.headers where header.name.lowercased() == "link" {
            for part in header.value.split(separator: ",") where part.contains("https://api.w.org/\"") {
                guard let open = part.firstIndex(of: "<"), let close = part[open...].firstIndex(of: ">"),
                    let address = WooCommerceAddress(String(part[part.index(after: open)..<close]))
                else { continue }
                if address.query.contains("rest_route=") { return WooCommerceServer.plainRoot }
                let path = address.pathWithoutSlash
                if WooCommerceServer.isPath(path) { return path }
            }
        }
        return nil
    }

    /// An answer that sends us elsewhere: to another form of the connection's own address, or away.
    private mutating func redirected(
        _ exchange: Exchange, _ begun: WooCommerceSearch
    ) throws(ReadFailure) -> Page? {
        let response = exchange.response
        guard [301, 302, 303, 307, 308].contains(response.status), let location = response.header("location")
        else { return nil }
        var search = begun
        guard let address = WooCommerceAddress(location) else {
            throw refusal(exchange).failure()
        }
        let asked = exchange.request.path
        guard let base = address.base else {
            // On the same server, so only the path is another: a folder for a language, or a slash.
            let path = address.pathWithoutSlash
            guard search.stage == .index, WooCommerceServer.isPath(path), !search.tried.contains(path),
                path != search.root, search.tried.count < WooCommerceSearch.rootsMax
            else { return nil }
            search.tried.append(search.root)
            search.root = path
            return try go(on: search)
        }
        let suffix = asked.hasSuffix("/") ? String(asked.dropLast()) : asked
        let path = address.pathWithoutSlash
        // A redirect that was written as a fixed address drops the path.
        guard path.isEmpty || path.hasSuffix(suffix) else {
            throw refusedRedirect(exchange, "the shop sends us to a page at \(address.host)")
        }
        let target = base + (path.isEmpty ? "" : String(path.dropLast(suffix.count)))
        guard !search.hops.contains(target) else {
            // It is the connection's address already, or one that is not taken for the same site.
            if search.stage == .index, read.settings["base_url"] == target { return nil }
            throw refusedRedirect(
                exchange, "the shop sends us to \(address.host), which is not the address of the connection")
        }
        guard search.hops.count < WooCommerceSearch.hopsMax else {
            throw ReadFailure(
                UnifiedError(
                    .redirectLoop, "the shop sends us from one address to the next", httpStatus: response.status,
                    route: exchange.request.route))
        }
        search.hops.append(target)
        search.stage = .index
        return try go(on: search, discoveries: ["base_url": target])
    }

    private func refusedRedirect(_ exchange: Exchange, _ sentence: String) -> ReadFailure {
        ReadFailure(
            UnifiedError(
                .redirectRefused, sentence, httpStatus: exchange.response.status, route: exchange.request.route))
    }
}

/// An address as a header gives it, whole or from the path on.
struct WooCommerceAddress {
    /// `https://shop.example`; nil for a path alone.
    let base: String?
    let host: String
    let path: String
    let query: String

    init?(_ text: String) {
        guard (1...1000).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var rest = Substring(text)
        var scheme: String?
        if let colon = text.firstRange(of: "://"), ["http", "https"].contains(text[..<colon.lowerBound].lowercased()) {
            scheme = text[..<colon.lowerBound].lowercased()
            rest = text[colon.upperBound...]
        } else if !text.hasPrefix("/") || text.hasPrefix("//") {
            return nil
        }
        rest = rest.prefix { $0 != "#" }
        let beforeQuery = rest.prefix { $0 != "?" }
        query = String(rest.dropFirst(beforeQuery.count).dropFirst())
        guard let scheme else {
            base = nil
            host = ""
            path = String(beforeQuery)
            return
        }
        let authority = beforeQuery.prefix { $0 != "/" }
        let isHost = authority.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-.:[]".utf8.contains(byte)
        }
        guard !authority.isEmpty, isHost else { return nil }
        host = authority.lowercased()
        base = scheme + "://" + host
        path = String(beforeQuery.dropFirst(authority.count))
    }

    /// Empty for the root.
    var pathWithoutSlash: String { path.hasSuffix("/") ? String(path.dropLast()) : path }
}
