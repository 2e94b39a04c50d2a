import Documents
import FoundationEssentials
import RawJSON

/// A simulated seller: token endpoint, interface and document storage of one region behind one address.
final class AmazonSandboxStore: SandboxStore {
    private let options: SandboxOptions
    private let desk: SandboxTokenDesk
    var world: AmazonSandboxWorld
    var reports: AmazonSandboxReports
    private var limits: [AmazonOperation: (tokens: Double, at: Date)] = [:]
    private(set) var counters = SandboxCounters()
    private var changing: SeededRandom
    private var restricted: Set<String> = []
    /// The last time anything was asked or changed: what "now" is for the truth.
    private var now: Date
    /// Orders by their last change; nil after one.
    private var sorted: [Int]?

    init(_ options: SandboxOptions) {
        self.options = options
        var rules = options.tokens
        // Amazon's refresh tokens stay as they are.
        rules.reuse = .kept
        desk = SandboxTokenDesk(
            rules: rules, seed: options.seed, refreshToken: options.credentials[TokenGrant.refreshField])
        world = AmazonSandboxWorld(options)
        reports = AmazonSandboxReports(options)
        changing = SeededRandom(seed: options.seed ^ 0xC4A6)
        now = options.startsAt
    }

    var tokens: SandboxTokenDesk? { desk }
    var recordBytes: Int? { options.recordBytes }
    var seconds: Int { Int(now.timeIntervalSince1970) }

    // MARK: - Answering

    func respond(to request: SandboxRequest, now: Date) -> SandboxResponse {
        self.now = max(now, self.now)
        counters.requests += 1
        if request.path == "/auth/o2/token" { return token(request) }
        if request.path.hasPrefix("/_documents/") { return document(request) }
        let access = request.header(AmazonAuthentication.header)
        guard let access, !access.isEmpty else { return unauthorised("Access token is missing in the request header.") }
        guard restricted.contains(access) || desk.isValid(access, now: now) else {
            return unauthorised("The access token you provided has expired.")
        }
        guard options.quirks["region_mismatch"] == nil, !isWithoutRole(request.path) else { return unauthorised("") }
        if request.path == "/tokens/2021-03-01/restrictedDataToken" {
            guard options.quirks["pii_role"] == "granted" else { return unauthorised("") }
            let token = "Atz.sprdt|\(desk.issue(now: now).access)"
            restricted.insert(token)
            return json(200, #"{"restrictedDataToken":"\#(token)","expiresIn":3600}"#, nil)
        }
        guard let (operation, id) = route(request) else {
            return refuse(404, "NotFound", "Resource not found")
        }
        guard take(operation) else {
            counters.throttled += 1
            return json(
                429,
                #"{"errors":[{"code":"QuotaExceeded","message":"You exceeded your quota for the requested resource.","details":""}]}"#,
                nil, [("X-Amzn-Errortype", "TooManyRequestsException")])
        }
        return answer(operation, id, request, showsBuyer: restricted.contains(access))
    }

    private func isWithoutRole(_ path: String) -> Bool {
        (options.quirks["no_role"] ?? "").split(separator: ",").contains { path.hasPrefix("/\($0)/") }
    }

    private func route(_ request: SandboxRequest) -> (AmazonOperation, String)? {
        let parts = request.path.split(separator: "/").map(String.init)
        for operation in AmazonOperation.allCases where operation != .downloadDocument {
            let pattern = operation.route.split(separator: "/").map(String.init)
            guard pattern.count == parts.count, (operation == .createReport) == (request.method == "POST") else {
                continue
            }
            let matches = zip(pattern, parts).allSatisfy { $0 == "{id}" || $0 == $1 }
            if matches {
                let id = zip(pattern, parts).first { $0.0 == "{id}" }?.1 ?? ""
                return (operation, PercentEncoding.decodeForm(id) ?? id)
            }
        }
        return nil
    }

    private func take(_ operation: AmazonOperation) -> Bool {
        let rate = operation.limit.rate * options.limitFactor
        let burst = operation.limit.burst * options.limitFactor
        var bucket = limits[operation] ?? (burst, now)
        bucket.tokens = min(burst, bucket.tokens + max(0, now.timeIntervalSince(bucket.at)) * rate)
        bucket.at = now
        let isFree = bucket.tokens > 0.999
        if isFree { bucket.tokens -= 1 }
        limits[operation] = bucket
        return isFree
    }

    private func answer(
        _ operation: AmazonOperation, _ id: String, _ request: SandboxRequest, showsBuyer: Bool
    ) -> SandboxResponse {
        let query = AmazonSandboxQuery(request)
        switch operation {
        case .getMarketplaceParticipations: return marketplaces(operation)
        case .getOrders: return orders(query, operation, showsBuyer)
        case .getOrderItems: return items(id, query, operation)
        case .getOrderMetrics: return metrics(query, operation)
        case .listFinancialEvents: return events(query, operation)
        case .listFinancialEventGroups: return groups(query, operation)
        case .createReport: return create(request, operation)
        case .getReport:
            guard let report = reports.find(id, now: seconds, world) else {
                return refuse(
                    404, "NotFound", "One or more of the provided ReportRequestIds could not be found.", operation)
            }
            return json(200, described(report), operation)
        case .getReports: return list(query, operation)
        case .getReportDocument:
            guard let report = reports.find(id, now: seconds, world),
                ["DONE", "FATAL"].contains(report.status(seconds))
            else { return refuse(404, "NotFound", "The document could not be found.", operation) }
            let url = "\(request.baseURL)/_documents/\(id)?X-Amz-Date=\(seconds)&X-Amz-Expires=\(linkLife)"
            let packing = reports.isPlain ? "" : #","compressionAlgorithm":"GZIP""#
            return json(200, #"{"reportDocumentId":"\#(id)","url":"\#(url)"\#(packing)}"#, operation)
        case .downloadDocument: return refuse(404, "NotFound", "Resource not found")
        }
    }

    private var linkLife: Int { options.quirks["link_seconds"].flatMap { Int($0) } ?? 300 }

    // MARK: - Forms

    func json(
        _ status: Int, _ body: String, _ operation: AmazonOperation?, _ more: [(name: String, value: String)] = []
    ) -> SandboxResponse {
        if status >= 400, status != 429 { counters.refused += 1 }
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("X-Amzn-Requestid", "sandbox-\(counters.requests)"),
        ]
        // Best effort: on answers that are no refusals of ours, and not on the long ones of finances.
        if let operation, [200, 202, 400, 404].contains(status) {
            headers.append(("x-amzn-RateLimit-Limit", String(operation.limit.rate * options.limitFactor)))
        }
        return SandboxResponse(status: status, headers: headers + more, body: Array(body.utf8))
    }

    func refuse(
        _ status: Int, _ code: String, _ message: String?, _ operation: AmazonOperation? = nil
    ) -> SandboxResponse {
        let text = message.map(AmazonSandboxWorld.quoted) ?? "null"
        return json(status, #"{"errors":[{"message":\#(text),"code":"\#(code)"}]}"#, operation)
    }

    private func unauthorised(_ details: String) -> SandboxResponse {
        json(
            403,
            #"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.","details":"\#(details)"}]}"#,
            nil)
    }

    // MARK: - Tokens and documents

    private func token(_ request: SandboxRequest) -> SandboxResponse {
        let fields = AmazonSandboxQuery.form(request.body)
        func refuse(_ code: String, _ why: String) -> SandboxResponse {
            json(400, #"{"error_description":"\#(why)","error":"\#(code)"}"#, nil)
        }
        guard fields["client_id"] == options.credentials["client_id"],
            fields["client_secret"] == options.credentials["client_secret"]
        else {
            desk.refuse()
            return refuse("invalid_client", "Client authentication failed")
        }
        guard fields["grant_type"] == "refresh_token" else {
            desk.refuse()
            return refuse("unsupported_grant_type", "The authorization grant type is not supported.")
        }
        let isLapsed = options.quirks["authorisation"] == "lapsed"
        do throws(SandboxTokenDesk.Refusal) {
            if isLapsed { throw .expired }
            let issued = try desk.refresh(with: fields["refresh_token"] ?? "", now: now)
            return json(
                200,
                #"{"access_token":"\#(issued.access)","token_type":"bearer","expires_in":\#(issued.life),"refresh_token":"\#(issued.refresh ?? "")"}"#,
                nil)
        } catch {
            if error == .unknown || isLapsed { desk.refuse() }
            return refuse(
                "invalid_grant",
                "The request has an invalid grant parameter : refresh_token. User may have revoked or didn't grant the permission."
            )
        }
    }

    /// Another host in life: it wants no credentials, and its errors are XML.
    private func document(_ request: SandboxRequest) -> SandboxResponse {
        func xml(_ status: Int, _ code: String, _ message: String) -> SandboxResponse {
            counters.refused += 1
            return SandboxResponse(
                status: status, headers: [("Content-Type", "application/xml")],
                body: Array(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
                        .utf8))
        }
        guard request.header(AmazonAuthentication.header) == nil, request.header("Authorization") == nil else {
            return xml(400, "InvalidArgument", "Only one auth mechanism allowed")
        }
        let query = AmazonSandboxQuery(request)
        guard let signed = Int(query["X-Amz-Date"] ?? ""), let life = Int(query["X-Amz-Expires"] ?? "") else {
            return xml(403, "AccessDenied", "Access Denied")
        }
        guard seconds <= signed + life else { return xml(403, "AccessDenied", "Request has expired") }
        let id = String(request.path.dropFirst("/_documents/".count))
        guard let report = reports.find(id, now: seconds, world) else {
            return xml(404, "NoSuchKey", "The specified key does not exist.")
        }
        return SandboxResponse(
            status: 200,
            headers: [
                ("Content-Type", "text/plain; charset=\(reports.encoding.label)"), ("Content-Encoding", "identity"),
            ], body: reports.document(report, world))
    }

    // MARK: - Changes and truth

    func change(count: Int, now: Date) {
        self.now = max(now, self.now)
        // What changed shows a little later, as it does at Amazon.
        let at = seconds - 180
        for _ in 0..<count {
            let place = Int(changing.next() % 100)
            if place < 10 || world.orders.isEmpty {
                world.orders.append(.init(created: at - 60, updated: at))
            } else if place < 80 {
                let number = Int(changing.next() % UInt64(world.orders.count))
                world.orders[number].version += 1
                world.orders[number].updated = at
            } else if !world.listings.isEmpty {
                let product = Int(changing.next() % UInt64(world.listings.count))
                world.listings[product] = place == 99 ? nil : (world.listings[product] ?? 0) + 1
            }
        }
        sorted = nil
    }

    /// Orders by their last change, oldest first.
    var ordersByChange: [Int] {
        if let sorted { return sorted }
        let order = world.orders.indices.sorted {
            (world.orders[$0].updated, $0) < (world.orders[$1].updated, $1)
        }
        sorted = order
        return order
    }

    func truth(resource: String) -> [SandboxRecord] {
        switch resource {
        case "orders":
            return world.orders.indices.flatMap { number in
                let id = world.id(number)
                let order = SandboxRecord(
                    resource: "orders", id: id, payload: world.order(number, bytes: options.recordBytes))
                return [order] + itemTruth(number, id)
            }
        case "order_items": return world.orders.indices.flatMap { itemTruth($0, world.id($0)) }
        case "financial_events": return eventTruth()
        case "financial_event_groups":
            return world.groups(now: seconds).map {
                SandboxRecord(
                    resource: resource, id: world.groupID($0), payload: world.group($0, now: seconds))
            }
        default: return reportTruth(resource)
        }
    }

    private func itemTruth(_ number: Int, _ id: String) -> [SandboxRecord] {
        world.items(number).enumerated().map { index, item in
            SandboxRecord(
                resource: "order_items", id: "\(id)/\(item.id)", payload: world.item(number, item, index))
        }
    }

    /// An event's key is made of its content: the second of two that are alike has a number.
    private func eventTruth() -> [SandboxRecord] {
        var counts: [String: Int] = [:]
        return world.events.filter { $0.visible <= seconds }.map { event in
            let payload = world.event(event)
            let hash = String(AmazonJSON.hash(of: ByteSlice(copying: payload)) ?? 0, radix: 16)
            let order = event.list == "AdjustmentEventList" ? "" : world.id(event.order)
            let base = "\(event.list):\(order):" + String(repeating: "0", count: 16 - hash.utf8.count) + hash
            counts[base, default: 0] += 1
            let count = counts[base] ?? 1
            return SandboxRecord(
                resource: "financial_events", id: count == 1 ? base : "\(base):\(count)", payload: payload)
        }
    }

    /// Rows as JSON objects, under the keys their columns make.
    private func reportTruth(_ resource: String) -> [SandboxRecord] {
        guard let kind = AmazonReport.all.first(where: { $0.resource == resource }) else { return [] }
        let header = RowHeader(AmazonSandboxReports.header(resource))
        let columns = kind.keys.compactMap { header.keys.firstIndex(of: $0) }
        var parts: [(prefix: String, rows: [[String]])] = []
        switch kind.source {
        case .windows:
            parts = [("", reports.rows(kind, world.marketplaces, from: nil, to: nil, world))]
        case .snapshot:
            parts = world.marketplaces.map { ("\($0):", reports.rows(kind, [$0], from: nil, to: nil, world)) }
        case .found:
            let settlements = reports.all(now: seconds, world).compactMap(\.group)
            parts = settlements.map { group in
                ("", reports.rows(kind, world.marketplaces, from: nil, to: nil, world, group: group))
            }
        }
        var records: [SandboxRecord] = []
        for (prefix, rows) in parts {
            var counts: [String: Int] = [:]
            for (index, row) in rows.enumerated() {
                var id = prefix + columns.map { $0 < row.count ? row[$0] : "" }.joined(separator: ":")
                if kind.isFound {
                    let number = String(index)
                    id = row[0] + ":" + String(repeating: "0", count: 7 - number.utf8.count) + number
                }
                counts[id, default: 0] += 1
                if let count = counts[id], count > 1 { id += ":\(count)" }
                records.append(SandboxRecord(resource: resource, id: id, payload: Self.object(header, row)))
            }
        }
        return records
    }

    private static func object(_ header: RowHeader, _ row: [String]) -> [UInt8] {
        var text: [UInt8] = []
        var fields: [Range<Int>] = []
        for value in row {
            let start = text.count
            text += Array(value.utf8)
            fields.append(start..<text.count)
        }
        var json: [UInt8] = []
        text.withUnsafeBufferPointer { header.append($0, fields, to: &json) }
        return json
    }
}
