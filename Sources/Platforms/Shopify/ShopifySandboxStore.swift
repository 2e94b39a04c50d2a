import FoundationEssentials
import RawJSON

/// A simulated Shopify shop: real queries, real cursors, real points.
///
/// Records are made anew whenever they are asked for, from the seed and their number; only what was changed is
/// remembered. **Thread**: confined to its owner, as every sandbox store.
final class ShopifySandboxStore: SandboxStore {
    private let options: SandboxOptions
    private let records: ShopifySandboxRecords
    private var shelves: [String: ShopifySandboxShelf]
    private var bucket: ShopifySandboxBucket
    private var compiled: [String: ShopifySandboxQuery] = [:]
    private var renderings = ShopifySandboxRenderings()
    private var changing: ShopifySandboxDice
    private var requestCount = 0
    private(set) var counters = SandboxCounters()
    let tokens: SandboxTokenDesk?

    private static let compiledMax = 64
    /// What Shopify serves now; older ones are answered by the first of these.
    private static let versions = ["2025-10", "2026-01", "2026-04", "2026-07", "2026-10", "unstable"]

    init(_ options: SandboxOptions) {
        self.options = options
        let orders = options.sizes["orders"] ?? 1000
        let products = options.sizes["products"] ?? max(1, orders / 10)
        let customers = options.sizes["customers"] ?? max(1, orders / 2)
        let startsAt = Int(options.startsAt.timeIntervalSince1970)
        records = ShopifySandboxRecords(
            seed: options.seed, products: max(1, products), customers: customers, spoiltShare: options.spoiltShare)
        shelves = [
            "orders": ShopifySandboxShelf(count: orders, endsAt: startsAt, firstID: ShopifySandboxRecords.orderBase),
            "products": ShopifySandboxShelf(
                count: products, endsAt: startsAt, firstID: ShopifySandboxRecords.productBase),
            "customers": ShopifySandboxShelf(
                count: customers, endsAt: startsAt, firstID: ShopifySandboxRecords.customerBase),
        ]
        bucket = ShopifySandboxBucket(factor: options.limitFactor)
        changing = ShopifySandboxDice(seed: options.seed ^ 0xC4A6)
        tokens = options.credentials["client_id"].map { _ in
            SandboxTokenDesk(
                rules: options.tokens, seed: options.seed, prefix: "shpat_",
                refreshToken: options.credentials[TokenGrant.refreshField])
        }
    }

    func respond(to request: SandboxRequest, now: Date) -> SandboxResponse {
        counters.requests += 1
        requestCount += 1
        if request.path == ShopifyAuthentication.tokenPath, let tokens {
            let answer = ShopifySandboxTokens.answer(request, options.credentials, tokens, now: now)
            return answer.status == 200
                ? response(200, answer.body) : refuse(answer.status, String(decoding: answer.body, as: UTF8.self))
        }
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[1] == "admin", parts[2] == "api", parts[4] == "graphql.json" else {
            return refuse(404, "<!DOCTYPE html><html><title>404 Not Found</title></html>", "text/html")
        }
        guard isAuthorised(request.header("x-shopify-access-token"), now: now) else {
            var response = refuse(
                401,
                #"{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}"#)
            response.headers.append(("www-authenticate", "Basic Realm=\"Shopify API Authentication\""))
            return response
        }
        guard let served = Self.served(parts[3]) else { return refuse(404, #"{"errors":"Not Found"}"#) }
        guard request.method == "POST" else { return refuse(406, #"{"errors":""}"#) }
        guard let document = try? JSONDocument(PaddedBytes(request.body)),
            let query = document.root["query"]?.string
        else { return refuse(400, #"{"errors":{"query":"Required parameter missing or invalid"}}"#) }
        var response = answer(query, variables: document.root["variables"], now: now)
        response.headers.append(("x-shopify-api-version", served))
        if served != parts[3] {
            response.headers.append(
                ("x-shopify-api-version-warning", "https://shopify.dev/concepts/about-apis/versioning"))
        }
        return response
    }

    private func isAuthorised(_ token: String?, now: Date) -> Bool {
        if let tokens { return tokens.isValid(token, now: now) }
        return token == options.credentials[TokenGrant.tokenField]
    }

    /// The version that answers; nil for one that never was.
    private static func served(_ asked: String) -> String? {
        if versions.contains(asked) { return asked }
        let months = ["01", "04", "07", "10"]
        let parts = asked.split(separator: "-").map(String.init)
        guard parts.count == 2, let year = Int(parts[0]), (2019...2025).contains(year), months.contains(parts[1])
        else { return nil }
        return versions[0]
    }

    private func refuse(_ status: Int, _ body: String, _ type: String = "application/json; charset=utf-8")
        -> SandboxResponse
    {
        counters.refused += 1
        return response(status, Array(body.utf8), type)
    }

    private func response(_ status: Int, _ body: [UInt8], _ type: String = "application/json; charset=utf-8")
        -> SandboxResponse
    {
        SandboxResponse(
            status: status,
            headers: [
                ("content-type", type), ("server", "cloudflare"), ("content-language", "en"),
                ("x-request-id", "sandbox-\(options.seed)-\(requestCount)"), ("x-dc", "gcp-sandbox"),
            ], body: body)
    }

    // MARK: Queries

    private func answer(_ text: String, variables: JSONValue?, now: Date) -> SandboxResponse {
        let query: ShopifySandboxQuery
        do throws(ShopifySandboxQueryError) {
            query = try compile(text)
        } catch {
            counters.refused += 1
            return response(200, error.body)
        }
        let values = Self.variables(variables)
        let requested = ShopifySandboxCost.requested(query.root, variables: values)
        if requested > ShopifyQuery.costMax {
            counters.refused += 1
            return response(200, ShopifySandboxErrors.maxCost(Int(requested)))
        }
        bucket.refill(now: now)
        guard bucket.take(requested) else {
            counters.throttled += 1
            return response(200, ShopifySandboxErrors.throttled(requested, bucket))
        }
        var renderer = ShopifySandboxRenderer(variables: values, capacity: 256 * 1024)
        renderer.out += Array("{\"data\":{".utf8)
        var actual = 0.0
        do throws(ShopifySandboxQueryError) {
            for (index, item) in query.root.items.enumerated() {
                if index > 0 { renderer.out.append(UInt8(ascii: ",")) }
                renderer.out += item.key
                actual += try root(item, &renderer)
            }
        } catch {
            counters.refused += 1
            bucket.giveBack(requested)
            return response(200, error.body)
        }
        actual = min(actual.rounded(.up), requested)
        bucket.giveBack(requested - actual)
        renderer.out += Array("},\"extensions\":{\"cost\":\(bucket.costText(requested, actual))}}".utf8)
        return response(200, renderer.out)
    }

    private func compile(_ text: String) throws(ShopifySandboxQueryError) -> ShopifySandboxQuery {
        if let query = compiled[text] { return query }
        let query = try ShopifySandboxQuery(text)
        if compiled.count >= Self.compiledMax {
            compiled.removeAll()
            renderings.removeAll()
        }
        compiled[text] = query
        return query
    }

    private static func variables(_ object: JSONValue?) -> [String: ShopifySandboxArgument] {
        var values: [String: ShopifySandboxArgument] = [:]
        for name in ["first", "last", "after", "query", "id", "sortKey", "reverse", "limit"] {
            guard let value = object?[name] else { continue }
            switch value.kind {
            case .number: values[name] = value.int64.map { .int(Int($0)) }
            case .string: values[name] = value.string.map { .text($0) }
            case .bool: values[name] = .word(value.slice.text)
            default: values[name] = .null
            }
        }
        return values
    }

    /// Answers one field of the query root. Returns the points it cost.
    private func root(_ item: ShopifySandboxSelection.Item, _ renderer: inout ShopifySandboxRenderer)
        throws(ShopifySandboxQueryError)
        -> Double
    {
        let selection = item.selection ?? ShopifySandboxSelection(ShopifySandboxType.named("Shop"))
        switch item.name {
        case "orders", "products", "customers": return try page(item, selection, &renderer)
        case "ordersCount", "productsCount", "customersCount":
            let filter = try ShopifySandboxFilter(renderer.text(item.arguments["query"]))
            let count = shelves[String(item.name.dropLast(5))]?.count(filter) ?? 0
            let limit = item.arguments["limit"].map { renderer.number($0) } ?? 10000
            return renderer.object(
                ShopifySandboxObject(
                    "Count", 0,
                    [
                        .int(min(count, limit ?? count)), .word(count > (limit ?? count) ? "AT_LEAST" : "EXACT"),
                    ]), selection)
        case "shop":
            return renderer.object(
                ShopifySandboxObject(
                    "Shop", 0,
                    [
                        .gid("Shop", 76_870_058_121), .text("Sandbox"), .text("owner@example.com"),
                        .text("sandbox-\(options.seed).myshopify.com"), .word(records.currency.code),
                        .text("America/New_York"),
                    ]), selection)
        default:
            guard let gid = renderer.text(item.arguments["id"]), let object = find(gid, item.name) else {
                renderer.out += Array("null".utf8)
                return 1
            }
            return renderer.object(object, selection)
        }
    }

    private func page(
        _ item: ShopifySandboxSelection.Item, _ selection: ShopifySandboxSelection,
        _ renderer: inout ShopifySandboxRenderer
    ) throws(ShopifySandboxQueryError) -> Double {
        guard let shelf = shelves[item.name] else { return 0 }
        guard let first = renderer.number(item.arguments["first"]), (1...250).contains(first) else {
            throw ShopifySandboxQueryError(
                message: "you must provide one of first or last, at most 250", code: "BAD_REQUEST", path: [item.name])
        }
        let filter = try ShopifySandboxFilter(renderer.text(item.arguments["query"]))
        var after: (id: Int, epoch: Int)?
        if let cursor = renderer.text(item.arguments["after"]) {
            guard let decoded = ShopifySandboxCursor.decode(cursor) else {
                throw ShopifySandboxQueryError(
                    message: "Invalid cursor for current pagination sort.", code: "BAD_REQUEST", path: [item.name])
            }
            after = decoded
        }
        let order: ShopifySandboxShelf.Order =
            renderer.text(item.arguments["sortKey"]) == "UPDATED_AT" ? .updated : .number
        let isReversed = renderer.text(item.arguments["reverse"]) == "true"
        let found = shelf.page(order, isReversed: isReversed, filter, after: after, first: first)
        let last = found.numbers.last.map { number in
            ShopifySandboxCursor.encode(
                id: shelf.id(number), epoch: order == .updated ? shelf.updatedAt(number) : shelf.createdAt(number))
        }
        var nodeCost = 0.0
        renderer.out.append(UInt8(ascii: "{"))
        for (index, part) in selection.items.enumerated() {
            if index > 0 { renderer.out.append(UInt8(ascii: ",")) }
            renderer.out += part.key
            guard let below = part.selection, part.kind == .nodes else {
                if part.kind == .edges {
                    throw ShopifySandboxQueryError(
                        message: "the sandbox gives edges of nested connections only; ask for nodes",
                        code: "BAD_REQUEST", path: [item.name])
                }
                renderer.pageInfo(part, hasNextPage: found.hasNextPage, end: last)
                continue
            }
            renderer.out.append(UInt8(ascii: "["))
            for (index, number) in found.numbers.enumerated() {
                if index > 0 { renderer.out.append(UInt8(ascii: ",")) }
                nodeCost += render(item.name, number, below, &renderer)
            }
            renderer.out.append(UInt8(ascii: "]"))
        }
        renderer.out.append(UInt8(ascii: "}"))
        let count = found.numbers.count
        return 2 + (count == 0 ? 0 : ShopifySandboxRenderer.actualWeight(count) * nodeCost / Double(count))
    }

    /// Writes one record as a selection shows it. Returns the points it cost.
    private func render(
        _ resource: String, _ number: Int, _ selection: ShopifySandboxSelection,
        _ renderer: inout ShopifySandboxRenderer
    ) -> Double {
        guard let shelf = shelves[resource] else { return 0 }
        let version = shelf.version(number)
        if let known = renderings.find(selection, number, version) {
            renderer.out += known.bytes
            return known.cost
        }
        let start = renderer.out.count
        renderer.clearNote()
        let cost = renderer.object(record(resource, number), selection)
        if resource == "orders", let bytes = options.recordBytes, let end = renderer.noteEnd {
            let missing = bytes - (renderer.out.count - start)
            if missing > 0 {
                renderer.out.insert(contentsOf: repeatElement(UInt8(ascii: "x"), count: missing), at: end)
            }
        }
        renderings.keep(selection, number, version, bytes: renderer.out[start...], cost: cost)
        return cost
    }

    private func record(_ resource: String, _ number: Int) -> ShopifySandboxObject {
        guard let shelf = shelves[resource] else { preconditionFailure("the shop has no \(resource)") }
        let version = shelf.version(number)
        let created = shelf.createdAt(number)
        let updated = shelf.updatedAt(number)
        return switch resource {
        case "orders": records.order(number, version: version, created: created, updated: updated)
        case "products": records.product(number, version: version, created: created, updated: updated)
        default: records.customer(number, version: version, created: created, updated: updated)
        }
    }

    /// The record a global id names, when it is of the kind the field gives.
    private func find(_ gid: String, _ field: String) -> ShopifySandboxObject? {
        let parts = gid.split(separator: "/")
        guard parts.count == 4, parts[2].lowercased() == field, let id = Int(parts[3]) else { return nil }
        if field == "refund" {
            let place = (id - ShopifySandboxRecords.refundBase) / 64
            guard (id - ShopifySandboxRecords.refundBase) % 64 == 0, place >= 0,
                shelves["orders"]?.has(place / 16) == true
            else { return nil }
            let order = record("orders", place / 16)
            guard let index = order.type.fields["refunds"]?.index, case .list(let refunds) = order.values[index]
            else { return nil }
            for case .object(let refund) in refunds where refund.number == id {
                refund.set("order", .object(order))
                return refund
            }
            return nil
        }
        let resource = field + "s"
        guard let number = shelves[resource]?.number(id) else { return nil }
        return record(resource, number)
    }

    // MARK: Changes and truth

    func change(count: Int, now: Date) {
        let at = Int(now.timeIntervalSince1970.rounded(.down))
        for _ in 0..<count {
            let place = changing.below(100)
            let resource = place < 70 ? "orders" : place < 85 ? "products" : "customers"
            guard let shelf = shelves[resource] else { continue }
            // Deleting is not among the changes: polling cannot see it, here as at Shopify (NOTES.md).
            if changing.happens(8) || shelf.total == 0 {
                shelf.create(at: at)
            } else {
                shelf.change(changing.below(shelf.total), at: at)
            }
        }
        for shelf in shelves.values { shelf.settle() }
    }

    func truth(resource: String) -> [SandboxRecord] {
        let parents = ["order_line_items": "orders", "refund_line_items": "orders", "product_variants": "products"]
        if let parent = parents[resource] { return truth(resource: parent).filter { $0.resource == resource } }
        let queries: [String: ShopifyQuery] = ["orders": .orders, "products": .products, "customers": .customers]
        guard let shelf = shelves[resource], let query = queries[resource], let compiled = try? compile(query.text),
            let nodes = compiled.root.items.first?.selection?.items.first(where: { $0.kind == .nodes })?.selection
        else { return [] }
        var found: [SandboxRecord] = []
        found.reserveCapacity(shelf.total)
        for number in 0..<shelf.total {
            var renderer = ShopifySandboxRenderer(variables: [:])
            _ = render(resource, number, nodes, &renderer)
            found.append(SandboxRecord(resource: resource, id: String(shelf.id(number)), payload: renderer.out))
            let object = record(resource, number)
            switch resource {
            case "orders":
                overflow(.lineItems, of: object, root: object, embedded: 7, into: &found)
                guard let index = object.type.fields["refunds"]?.index, case .list(let refunds) = object.values[index]
                else { break }
                for case .object(let refund) in refunds {
                    overflow(.refundLineItems, of: refund, root: object, embedded: 4, into: &found)
                }
            case "products": overflow(.variants, of: object, root: object, embedded: 50, into: &found)
            default: break
            }
        }
        return found
    }

    /// The pages of a nested connection beyond the one embedded in its parent.
    private func overflow(
        _ kind: ShopifyOverflow, of parent: ShopifySandboxObject, root: ShopifySandboxObject, embedded: Int,
        into found: inout [SandboxRecord]
    ) {
        guard let index = parent.type.fields[kind.connection]?.index,
            case .connection(let children) = parent.values[index], children.count > embedded,
            let query = try? compile(kind.query.text), let selection = query.root.items.first?.selection
        else { return }
        if kind == .refundLineItems { parent.set("order", .object(root)) }
        var start = embedded
        var page = 1
        while start < children.count {
            let after = ShopifySandboxBase64.encode(
                "{\"last_id\":\(children[start - 1].number),\"last_value\":\"\(children[start - 1].number)\"}")
            var renderer = ShopifySandboxRenderer(variables: ["first": .int(kind.first), "after": .text(after)])
            renderer.object(parent, selection)
            let number = String(page)
            found.append(
                SandboxRecord(
                    resource: kind.resource,
                    id: "\(parent.number)/" + String(repeating: "0", count: max(0, 4 - number.count)) + number,
                    payload: renderer.out))
            start += kind.first
            page += 1
        }
    }
}
