import FoundationEssentials
import RawJSON

/// A simulated shop: WordPress with WooCommerce on a server in some state of repair.
///
/// **Thread**: confined to whoever owns it.
final class WooCommerceSandboxStore: SandboxStore {
    typealias Item = WooCommerceSandboxItem

    let options: SandboxOptions
    /// What a merchant may change is changed here in tests.
    var quirks: WooCommerceSandboxQuirks
    let texts: WooCommerceSandboxTexts
    let records: WooCommerceSandboxRecords
    var shelves: [Item.Kind: WooCommerceSandboxShelf] = [:]
    private(set) var counters = SandboxCounters()
    var nonces: Set<String> = []
    var listed: WooCommerceSandboxListing?
    private var random: SeededRandom
    private var nextID = 1
    /// Accounts are counted apart; so high that no number stands for two things in tests.
    private var nextCustomer = 900_001
    /// Orders on which extensions crash.
    private var poisonIDs: Set<Int> = []
    private var minute = (start: 0, count: 0)

    init(_ options: SandboxOptions) {
        self.options = options
        quirks = WooCommerceSandboxQuirks(options.quirks)
        texts = WooCommerceSandboxTexts(language: quirks.language)
        random = SeededRandom(seed: options.seed)
        let orders = options.sizes["orders"] ?? 200
        let products = options.sizes["products"] ?? min(orders, max(3, orders / 10))
        let customers = options.sizes["customers"] ?? orders / 2
        records = WooCommerceSandboxRecords(
            quirks: quirks, spoiltShare: options.spoiltShare, recordBytes: options.recordBytes, firstProduct: 10,
            productCount: products, customerCount: customers)
        nextID = 10
        let end = Int(options.startsAt.timeIntervalSince1970)
        for kind in Item.Kind.allCases { shelves[kind] = WooCommerceSandboxShelf() }
        // An import: all products were made in the same few seconds.
        for index in 0..<products { add(.products, created: end - 70_000_000 + index / 20, changed: nil) }
        fillVariations(options.sizes["variations"], from: end - 69_000_000)
        for index in 0..<customers { add(.customers, created: end - 60_000_000 + index * 600, changed: nil) }
        fillOrders(orders, options.sizes["refunds"], until: end)
        let items = shelves[.orders]?.items ?? []
        poisonIDs = Set(quirks.poison.filter { items.indices.contains($0) }.map { items[$0].id })
    }

    // MARK: - Stock

    @discardableResult
    private func add(_ kind: Item.Kind, parent: Int = 0, created: Int, changed: Int?) -> Int {
        let id: Int
        if kind == .customers {
            id = nextCustomer
            nextCustomer += 1
        } else {
            id = nextID
            nextID += 1
        }
        shelves[kind]?.append(
            Item(
                kind: kind, id: id, parent: parent, seed: random.next(), created: created, modified: changed ?? created)
        )
        return id
    }

    private func fillVariations(_ size: Int?, from start: Int) {
        let parents = (shelves[.products]?.items ?? []).enumerated().filter { $0.offset % 3 == 0 }.map(\.element.id)
        guard !parents.isEmpty else { return }
        let count = size ?? parents.count * 4
        for index in 0..<count {
            // One product has more than a page can hold.
            let parent = index < count / 2 ? parents[0] : parents[index % parents.count]
            let id = add(.variations, parent: parent, created: start + index, changed: nil)
            shelves[.products]?.change(parent) { $0.children.append(id) }
        }
    }

    private func fillOrders(_ orders: Int, _ size: Int?, until end: Int) {
        let refunds = min(size ?? orders / 10, orders * 3)
        let span = 50_000_000
        var made = 0
        for index in 0..<orders {
            let created = end - span + span / max(1, orders) * index
            // Three share each second of change, or as many as the shop's bulk edits took.
            let group = quirks.ties > 0 ? quirks.ties : 3
            let changed = max(created, end - span + span / max(1, orders) * (index / group * group + group))
            let order = add(.orders, created: created, changed: min(changed, end - 30))
            while made * orders < refunds * (index + 1), made < refunds {
                made += 1
                refund(order, at: min(created + 3600, end - 30), moves: false)
            }
        }
    }

    private func refund(_ order: Int, at time: Int, moves: Bool) {
        let id = add(.refunds, parent: order, created: time, changed: nil)
        shelves[.orders]?.change(order) {
            $0.children.append(id)
            if moves { $0.modified = time }
        }
    }

    // MARK: - Answers

    func respond(to request: SandboxRequest, now: Date) -> SandboxResponse {
        counters.requests += 1
        var answer = answer(to: request, now: now)
        if answer.status == 429 {
            counters.throttled += 1
        } else if answer.status >= 400 {
            counters.refused += 1
        }
        let date = WooCommerceSandboxDate.text(Int(now.timeIntervalSince1970) + quirks.clockAhead)
        answer.headers.append(("Date", date))
        return answer
    }

    private func answer(to request: SandboxRequest, now: Date) -> SandboxResponse {
        if let refusal = refusalOfServer(request, now: now) { return refusal }
        // What stands at the address itself names the folder, too.
        if !quirks.subfolder.isEmpty, request.path == "/" { return home() }
        guard request.path.hasPrefix(quirks.subfolder) else { return page(404, title: "Nothing", "There is nothing.") }
        let path = String(request.path.dropFirst(quirks.subfolder.count))
        let isPlain = quirks.permalinks == "plain" || quirks.permalinks == "plain_keys"
        let isParameter = path == "/index.php" && request.query.contains { $0.name == "rest_route" }
        var route: String
        if isParameter {
            route = request.query.first { $0.name == "rest_route" }?.value ?? "/"
        } else if path.hasPrefix("/wp-json"), !isPlain {
            route = String(path.dropFirst("/wp-json".count))
        } else if path.hasPrefix("/wp-json/wc"), !path.hasSuffix("/") {
            return redirect(to: request.baseURL + request.path + "/")
        } else {
            return path == "/" || isPlain ? home() : page(404, title: "Page not found", "Nothing was found.")
        }
        if route.count > 1, route.hasSuffix("/") { route.removeLast() }
        if route.isEmpty || route == "/" { return index(request) }
        guard route.hasPrefix("/wc/v"), !quirks.isOff else {
            return error(404, "rest_no_route", .noRoute)
        }
        return interface(
            String(route.dropFirst(6)), request, now: now, takesKeys: !isParameter || quirks.permalinks == "plain_keys")
    }

    /// What stands in front of WordPress, and what keeps it from starting.
    private func refusalOfServer(_ request: SandboxRequest, now: Date) -> SandboxResponse? {
        if let answer = redirection(request) { return answer }
        let isData = request.path.contains("/wc/") || request.query.contains { $0.value.contains("/wc/") }
        if let word = quirks.security, let answer = firewall(word, isData: isData) { return answer }
        if quirks.rate > 0 {
            let start = Int(now.timeIntervalSince1970) / 60 * 60
            if minute.start != start { minute = (start, 0) }
            minute.count += 1
            if Double(minute.count) > Double(quirks.rate) * options.limitFactor {
                var answer = page(429, title: "429 Too Many Requests", "nginx")
                if let wait = quirks.retryAfter { answer.headers.append(("Retry-After", wait)) }
                return answer
            }
        }
        if counters.requests <= quirks.maintenance {
            var answer = page(503, title: "Maintenance", texts[.maintenance])
            answer.headers.append(("Retry-After", "600"))
            return answer
        }
        if counters.requests <= quirks.databaseDown {
            return page(500, title: "Database Error", "<h1>\(texts[.database])</h1>")
        }
        return nil
    }

    private func redirection(_ request: SandboxRequest) -> SandboxResponse? {
        let host = request.header("Host") ?? "localhost"
        let isTLS = request.header("X-Forwarded-Proto") == "https"
        let path = (request.header("X-Forwarded-Prefix") ?? "") + request.path
        switch quirks.redirect {
        case "https" where !isTLS: return redirect(to: "https://\(host)\(path)")
        case "www" where !host.hasPrefix("www."): return redirect(to: "https://www.\(host)\(path)")
        case "elsewhere": return redirect(to: "https://other.example\(path)")
        case "loop": return redirect(to: "http://\(host)\(path)")
        default: return nil
        }
    }

    private func redirect(to address: String) -> SandboxResponse {
        SandboxResponse(status: 301, headers: [("Location", address), ("Content-Type", "text/html")], body: [])
    }

    private func firewall(_ word: String, isData: Bool) -> SandboxResponse? {
        switch word {
        case "cloudflare": page(403, title: "Attention Required! | Cloudflare", "Sorry, you have been blocked")
        case "challenge":
            SandboxResponse(
                status: 403, headers: [("cf-mitigated", "challenge"), ("Content-Type", "text/html")],
                body: Array("<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>".utf8))
        case "captcha":
            SandboxResponse(
                status: 202, headers: [("sg-captcha", "challenge"), ("Content-Type", "text/html")],
                body: Array(
                    "<html><head><meta http-equiv=\"refresh\" content=\"0;/.well-known/sgcaptcha/\"></head></html>".utf8
                ))
        case "modsecurity": page(501, title: "501 Method Not Implemented", "Method Not Implemented")
        case "password":
            SandboxResponse(
                status: 401, headers: [("WWW-Authenticate", "Basic realm=\"Staging\""), ("Content-Type", "text/html")],
                body: Array("<html><body>Authorization Required</body></html>".utf8))
        case "blocked": error(401, "rest_login_required", "REST API restricted to authenticated users.")
        case "closed" where !isData:
            error(401, "rest_cannot_access", "Only authenticated users can access the REST API.")
        default: nil
        }
    }

    private func home() -> SandboxResponse {
        let isPlain = quirks.permalinks != nil
        let root = "https://shop.example\(quirks.subfolder)\(isPlain ? "/index.php?rest_route=/" : "/wp-json/")"
        var answer = page(200, title: "My shop", "Welcome")
        answer.headers.append(("Link", "<\(root)>; rel=\"https://api.w.org/\""))
        return answer
    }

    private func index(_ request: SandboxRequest) -> SandboxResponse {
        let wc = quirks.isOff ? "" : ",\"wc\\/v1\",\"wc\\/v2\"" + (quirks.version >= (3, 5) ? ",\"wc\\/v3\"" : "")
        let hours = Double(quirks.zone.standard) / 3600
        return json(
            200,
            "{\"name\":\"My shop\",\"url\":\"https:\\/\\/shop.example\",\"home\":\"https:\\/\\/shop.example\","
                + "\"gmt_offset\":\(hours == hours.rounded() ? "\(Int(hours))" : "\(hours)"),"
                + "\"timezone_string\":\(WooCommerceSandboxRecords.quoted(quirks.zone.name)),"
                + "\"namespaces\":[\"oembed\\/1.0\",\"wp\\/v2\"\(wc)]}")
    }

    // MARK: - Forms

    func json(_ status: Int, _ text: String, headers: [(name: String, value: String)] = []) -> SandboxResponse {
        SandboxResponse(
            status: status,
            headers: [
                ("Content-Type", "application/json; charset=UTF-8"), ("X-Robots-Tag", "noindex"),
                ("Cache-Control", "no-cache, must-revalidate, max-age=0, no-store, private"),
                ("X-Powered-By", "PHP/8.2.29"),
            ] + headers, body: Array(text.utf8))
    }

    func error(_ status: Int, _ code: String, _ message: String, data: String? = nil) -> SandboxResponse {
        json(
            status,
            "{\"code\":\"\(code)\",\"message\":\(WooCommerceSandboxRecords.quoted(message)),"
                + "\"data\":\(data ?? "{\"status\":\(status)}")}")
    }

    func error(_ status: Int, _ code: String, _ key: WooCommerceSandboxTexts.Key) -> SandboxResponse {
        error(status, code, texts[key])
    }

    func page(_ status: Int, title: String, _ text: String) -> SandboxResponse {
        SandboxResponse(
            status: status, headers: [("Content-Type", "text/html; charset=UTF-8")],
            body: Array(
                """
                <!DOCTYPE html>
                <html>
                <head>
                <title>\(title)</title>
                </head>
                <body><div class="wp-die-message">\(text)</div></body>
                </html>
                """.utf8))
    }

    // MARK: - Life

    func change(count: Int, now: Date) {
        let time = Int(now.timeIntervalSince1970) + quirks.clockAhead
        for _ in 0..<count {
            let roll = Int(random.next() % 100)
            switch roll {
            case 0..<50: edit(pick(.orders), .orders, at: time)
            case 50..<58: add(.orders, created: time, changed: nil)
            case 58..<66: if let order = pick(.orders) { refund(order, at: time, moves: true) }
            case 66..<74: edit(pick(.products), .products, at: time)
            case 74..<82: editVariation(at: time)
            case 82..<90: edit(pick(.customers), .customers, at: time)
            case 90..<92: add(.customers, created: time, changed: nil)
            case 92..<96: trash(pick(.orders), .orders, at: time)
            case 96: if let id = pick(.orders) { delete(.orders, id) }
            case 97: if let id = pick(.customers) { delete(.customers, id) }
            case 98: if let id = pick(.refunds) { delete(.refunds, id) }
            default: restore(at: time)
            }
        }
    }

    private func pick(_ kind: Item.Kind) -> Int? {
        guard let items = shelves[kind]?.items, !items.isEmpty else { return nil }
        return items[Int(random.next() % UInt64(items.count))].id
    }

    func edit(_ id: Int?, _ kind: Item.Kind, at time: Int) {
        guard let id else { return }
        shelves[kind]?.change(id) {
            $0.modified = max(time, $0.modified)
            $0.revision += 1
        }
    }

    /// A variation that changes moves its product.
    private func editVariation(at time: Int) {
        guard let id = pick(.variations), let parent = shelves[.variations]?[id]?.parent else { return }
        edit(id, .variations, at: time)
        shelves[.products]?.change(parent) { $0.modified = max(time, $0.modified) }
    }

    func trash(_ id: Int?, _ kind: Item.Kind, at time: Int) {
        guard let id else { return }
        shelves[kind]?.change(id) {
            $0.isTrashed = true
            $0.modified = max(time, $0.modified)
        }
    }

    private func restore(at time: Int) {
        guard let item = shelves[.orders]?.items.first(where: \.isTrashed) else { return }
        shelves[.orders]?.change(item.id) {
            $0.isTrashed = false
            $0.modified = max(time, $0.modified)
        }
    }

    /// Without a trace; with an order go its refunds, with a product its variations.
    func delete(_ kind: Item.Kind, _ id: Int) {
        guard let item = shelves[kind]?[id] else { return }
        let children: Item.Kind? = kind == .orders ? .refunds : kind == .products ? .variations : nil
        if let children { for child in item.children { shelves[children]?.remove(child) } }
        let parents: Item.Kind? = kind == .refunds ? .orders : kind == .variations ? .products : nil
        if let parents { shelves[parents]?.change(item.parent) { $0.children.removeAll { $0 == id } } }
        shelves[kind]?.remove(id)
    }

    // MARK: - The judge

    func truth(resource: String) -> [SandboxRecord] {
        guard let kind = Item.Kind(rawValue: resource) else { return [] }
        let platform = WooCommercePlatform()
        return (shelves[kind]?.items ?? []).compactMap { item in
            guard isListed(item), !isPoison(item) else { return nil }
            let record = Record(
                resource: resource, id: "\(item.id)", updatedAt: nil, createdAt: nil,
                payload: ByteSlice(copying: Array(render(item, fields: nil).utf8)), fetchedAt: options.startsAt)
            guard let stored = platform.neverStored.strip(record) else { return nil }
            return SandboxRecord(resource: resource, id: "\(item.id)", payload: stored.payload.array)
        }
    }

    /// Whether a complete walk meets it.
    private func isListed(_ item: Item) -> Bool {
        if item.isTrashed || quirks.hiddenEvery > 0 && item.id % quirks.hiddenEvery == 0 { return false }
        switch item.kind {
        case .refunds:
            // Of orders that are in the trash the parents' list says nothing.
            return quirks.hasRefunds || shelves[.orders]?[item.parent]?.isTrashed == false
        case .variations: return shelves[.products]?[item.parent]?.isTrashed == false
        case .orders, .products, .customers: return true
        }
    }

    func isPoison(_ item: Item) -> Bool {
        item.kind == .orders && poisonIDs.contains(item.id)
    }
}

/// A time as HTTP writes it.
enum WooCommerceSandboxDate {
    static func text(_ seconds: Int) -> String {
        let parts = WooCommerceTime.format(seconds: seconds).split { "-T".contains($0) }
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(names[seconds / 86_400 % 7]), \(parts[2]) \(month) \(parts[0]) \(parts[3]) GMT"
    }
}
