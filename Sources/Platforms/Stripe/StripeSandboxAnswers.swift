import FoundationEssentials

/// How the simulated account answers requests.
extension StripeSandboxStore {
    /// A refusal in Stripe's envelope.
    struct Refusal: Error {
        var status: Int
        var message: String
        var code: String?
        var parameter: String?
        var headers: [(name: String, value: String)] = []
    }

    func respond(to request: SandboxRequest, now: Date) -> SandboxResponse {
        counters.requests += 1
        var response: SandboxResponse
        do {
            response = SandboxResponse(status: 200, headers: [], body: try answer(request, now))
        } catch {
            if error.status == 429 { counters.throttled += 1 } else { counters.refused += 1 }
            response = SandboxResponse(status: error.status, headers: error.headers, body: body(of: error))
        }
        response.headers += [
            ("Content-Type", "application/json"), ("Request-Id", "req_\(records.code(UInt64(counters.requests), 900))"),
            ("Stripe-Version", request.header("Stripe-Version") ?? "2020-03-02"),
        ]
        return response
    }

    private func body(of refusal: Refusal) -> [UInt8] {
        var w = StripeSandboxWriter()
        w.raw("{\"error\":{")
        if let code = refusal.code {
            w.plain("\"code\":\"\(code)\",\"doc_url\":\"https://stripe.com/docs/error-codes/")
            w.plain(code.replacing("_", with: "-"))
            w.raw("\",")
        }
        w.raw("\"message\":")
        w.quoted(refusal.message.replacing("\"", with: "\\\""))
        if let parameter = refusal.parameter {
            w.raw(",\"param\":")
            w.quoted(parameter)
        }
        w.raw(",\"type\":\"invalid_request_error\"}}")
        return w.bytes
    }

    // MARK: - Routes

    private func answer(_ request: SandboxRequest, _ now: Date) throws(Refusal) -> [UInt8] {
        try authenticate(request)
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard request.method == "GET", parts.count >= 2, parts[0] == "v1" else { throw unrecognised(request) }
        let isLegacy = request.header("Stripe-Version").map { $0 < "2025-03-31" } ?? true
        let kind = Kind.allCases.first { $0.resource == parts[1] }
        let endpoint: String
        switch parts.count {
        case 2: endpoint = "/v1/\(parts[1])"
        case 3: endpoint = "/v1/\(parts[1])/{id}"
        default: endpoint = "/v1/\(parts[1])/{id}/\(parts[3])"
        }
        try limit(endpoint, now)
        if parts.count == 2, parts[1] == "events" {
            try permit("events", "event")
            return try listEvents(request, now)
        }
        if parts.count == 2, parts[1] == "subscription_items" {
            try permit("subscriptions", "subscription")
            return try listItems(request, isLegacy)
        }
        guard let kind else { throw unrecognised(request) }
        try permit(kind.resource, kind.object)
        if parts.count == 2 { return try list(kind, request, isLegacy) }
        let id = parts[2]
        if parts.count == 3 { return try object(kind, id, request, isLegacy) }
        guard parts.count == 4, kind == .invoice, parts[3] == "lines" else { throw unrecognised(request) }
        return try listRows(.invoice, id, "id", request, allowed: [], isLegacy)
    }

    private func unrecognised(_ request: SandboxRequest) -> Refusal {
        Refusal(
            status: 404,
            message: """
                Unrecognized request URL (\(request.method): \(request.path)). If you are trying to list objects, \
                remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid \
                (non-empty) identifier in your code.
                """)
    }

    private func authenticate(_ request: SandboxRequest) throws(Refusal) {
        let header = request.header("Authorization") ?? ""
        var given = header.hasPrefix("Bearer ") ? String(header.dropFirst(7)) : ""
        if header.hasPrefix("Basic "), let data = Data(base64Encoded: String(header.dropFirst(6))) {
            given = String(String(decoding: data, as: UTF8.self).prefix { $0 != ":" })
        }
        if given.isEmpty {
            throw Refusal(
                status: 401,
                message: """
                    You did not provide an API key. You need to provide your API key in the Authorization header, \
                    using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').
                    """)
        }
        if given.hasPrefix("pk_") {
            throw Refusal(
                status: 401, message: "This API call cannot be made with a publishable API key.",
                code: "secret_key_required")
        }
        if given != apiKey {
            throw Refusal(status: 401, message: "Invalid API Key provided: \(given.prefix(8))***\(given.suffix(4))")
        }
    }

    private func permit(_ resource: String, _ object: String) throws(Refusal) {
        guard let permissions, !permissions.contains(resource) else { return }
        throw Refusal(
            status: 403,
            message: """
                The provided key 'rk_test_***' does not have the required permissions for this endpoint on account \
                'acct_1TbSimulated'. Having the 'rak_\(object)_read' permission would allow this request to continue.
                """)
    }

    private func limit(_ endpoint: String, _ now: Date) throws(Refusal) {
        guard let reason = limiter.refusal(endpoint: endpoint, now: now) else { return }
        throw Refusal(
            status: 429,
            message: "Request rate limit exceeded. Learn more here https://stripe.com/docs/rate-limits.",
            code: "rate_limit", headers: [("Stripe-Rate-Limited-Reason", "\(reason)")])
    }

    // MARK: - Parameters

    private struct Paging {
        var limit = 10
        var startingAfter: String?
        var endingBefore: String?
        /// Bounds of `created`, both inclusive.
        var from = Int.min
        var to = Int.max
        var others: [String: String] = [:]
        var types: Set<String> = []
    }

    private func paging(_ request: SandboxRequest, allowed: Set<String>) throws(Refusal) -> Paging {
        var paging = Paging()
        for (name, value) in request.query {
            switch name {
            case "limit":
                guard let limit = Int(value), (1...100).contains(limit) else {
                    throw Refusal(
                        status: 400, message: "Invalid integer: \(value)", code: "parameter_invalid_integer",
                        parameter: "limit")
                }
                paging.limit = limit
            case "starting_after": paging.startingAfter = value
            case "ending_before": paging.endingBefore = value
            case "created[gte]", "created[gt]", "created[lte]", "created[lt]", "created":
                guard allowed.contains("created"), let second = Int(value) else { throw unknown(name) }
                switch name {
                case "created[gte]": paging.from = max(paging.from, second)
                case "created[gt]": paging.from = max(paging.from, second + 1)
                case "created[lte]": paging.to = min(paging.to, second)
                case "created[lt]": paging.to = min(paging.to, second - 1)
                default: (paging.from, paging.to) = (second, second)
                }
            case "types[]" where allowed.contains("types[]"): paging.types.insert(value)
            case _ where allowed.contains(name): paging.others[name] = value
            default: throw unknown(name)
            }
        }
        if paging.startingAfter != nil, paging.endingBefore != nil {
            throw Refusal(status: 400, message: "You cannot parameterize both starting_after and ending_before.")
        }
        if paging.types.count > 20 {
            throw Refusal(status: 400, message: "You may provide at most 20 types.", parameter: "types")
        }
        return paging
    }

    private func unknown(_ name: String) -> Refusal {
        let bare = String(name.prefix { $0 != "[" })
        return Refusal(
            status: 400, message: "Received unknown parameter: \(bare)", code: "parameter_unknown", parameter: bare)
    }

    private func missing(_ kind: String, _ id: String, _ parameter: String, status: Int = 404) -> Refusal {
        Refusal(
            status: status, message: "No such \(kind.replacing("_", with: "")): '\(id)'", code: "resource_missing",
            parameter: parameter)
    }

    // MARK: - Lists

    private func list(_ kind: Kind, _ request: SandboxRequest, _ isLegacy: Bool) throws(Refusal) -> [UInt8] {
        var allowed: Set<String> =
            kind == .subscription
            ? ["created", "status", "customer", "price"] : ["created", "customer", "active", "type"]
        if createdQuirk == "refused" { allowed.remove("created") }
        var paging = try paging(request, allowed: allowed)
        if createdQuirk == "ignored" { (paging.from, paging.to) = (.min, .max) }
        let status = paging.others["status"]
        let total = count(kind)
        var next = total - 1
        var step = -1
        var stop = -1
        if let id = paging.startingAfter ?? paging.endingBefore {
            guard let index = records.index(kind, of: id), exists(kind, index) else {
                let parameter = paging.startingAfter != nil ? "starting_after" : "ending_before"
                throw missing(kind.object, id, parameter, status: 400)
            }
            if paging.startingAfter != nil { next = index - 1 } else { (next, step, stop) = (index + 1, 1, total) }
        }
        var found: [Int] = []
        while next != stop, found.count <= paging.limit {
            defer { next += step }
            let created = created(kind, next)
            if created < paging.from, step < 0 { break }
            guard (paging.from...paging.to).contains(created), exists(kind, next) else { continue }
            if kind == .subscription, !shows(next, status) { continue }
            found.append(next)
        }
        let hasMore = found.count > paging.limit
        var rows = Array(found.prefix(paging.limit))
        if step > 0 { rows.reverse() }
        return page(kind.path, rows.count, hasMore: hasMore) { place, w in
            self.records.write(kind, rows[place], self.sight(kind, rows[place], isLegacy: isLegacy), to: &w)
        }
    }

    /// Without `status`, canceled subscriptions are left out.
    private func shows(_ index: Int, _ status: String?) -> Bool {
        let own = records.subscriptionStatus(index, revision: sight(.subscription, index).revision)
        switch status {
        case "all": return true
        case nil: return own != "canceled" && own != "incomplete_expired"
        case let status: return own == status
        }
    }

    private func page(
        _ path: String, _ count: Int, hasMore: Bool, _ write: (Int, inout StripeSandboxWriter) -> Void
    ) -> [UInt8] {
        var w = StripeSandboxWriter()
        w.bytes.reserveCapacity(256 + count * (records.recordBytes ?? 1500))
        w.raw("{\"object\":\"list\",\"data\":[")
        for place in 0..<count {
            if place > 0 { w.raw(",") }
            write(place, &w)
        }
        w.raw("],\"has_more\":")
        w.bool(hasMore)
        w.raw(",\"url\":")
        w.quoted(path)
        w.raw("}")
        return w.bytes
    }

    private func object(
        _ kind: Kind, _ id: String, _ request: SandboxRequest, _ isLegacy: Bool
    ) throws(Refusal) -> [UInt8] {
        if let extra = request.query.first(where: { $0.name != "expand[]" }) { throw unknown(extra.name) }
        guard let index = records.index(kind, of: id), index < count(kind) else { throw missing(kind.object, id, "id") }
        var w = StripeSandboxWriter()
        if exists(kind, index) {
            records.write(kind, index, sight(kind, index, isLegacy: isLegacy), to: &w)
        } else if kind == .customer {
            w.plain("{\"id\":\"\(id)\",\"object\":\"customer\",\"deleted\":true}")
        } else {
            throw missing(kind.object, id, "id")
        }
        return w.bytes
    }

    private func listItems(_ request: SandboxRequest, _ isLegacy: Bool) throws(Refusal) -> [UInt8] {
        guard let id = request.query.first(where: { $0.name == "subscription" })?.value else {
            throw Refusal(
                status: 400, message: "Missing required param: subscription.", code: "parameter_missing",
                parameter: "subscription")
        }
        return try listRows(.subscription, id, "subscription", request, allowed: ["subscription"], isLegacy)
    }

    private func listRows(
        _ kind: Kind, _ id: String, _ parameter: String, _ request: SandboxRequest, allowed: Set<String>,
        _ isLegacy: Bool
    ) throws(Refusal) -> [UInt8] {
        let paging = try paging(request, allowed: allowed)
        guard let index = records.index(kind, of: id), exists(kind, index) else {
            throw missing(kind.object, id, parameter)
        }
        var from = 0
        if let after = paging.startingAfter {
            guard let row = records.row(kind, index, of: after) else {
                throw missing("line item", after, "starting_after", status: 400)
            }
            from = row + 1
        }
        var w = StripeSandboxWriter()
        records.writeRows(kind, index, sight(kind, index, isLegacy: isLegacy), from: from, limit: paging.limit, to: &w)
        return w.bytes
    }

    // MARK: - Events

    private func eventID(_ place: Int) -> String { "evt_1Tb" + records.code(UInt64(place), 500) }

    private func listEvents(_ request: SandboxRequest, _ now: Date) throws(Refusal) -> [UInt8] {
        let paging = try paging(request, allowed: ["created", "types[]", "type", "delivery_success"])
        let oldest = max(paging.from, Int(now.timeIntervalSince1970) - Self.eventsKeptSeconds)
        var next = events.count - 1
        if let after = paging.startingAfter {
            guard after.hasPrefix("evt_1Tb"), let number = records.number(after.dropFirst(7), 500),
                number < UInt64(events.count)
            else { throw missing("event", after, "starting_after", status: 400) }
            next = Int(number) - 1
        }
        var found: [Int] = []
        while next >= 0, found.count <= paging.limit {
            defer { next -= 1 }
            let event = events[next]
            if event.created < oldest { break }
            guard event.created <= paging.to else { continue }
            if !paging.types.isEmpty, !paging.types.contains(event.type) { continue }
            if let pattern = paging.others["type"], !Self.matches(event.type, pattern) { continue }
            found.append(next)
        }
        let rows = found.prefix(paging.limit)
        return page("/v1/events", rows.count, hasMore: found.count > paging.limit) { place, w in
            self.writeEvent(rows[place], to: &w)
        }
    }

    private static func matches(_ type: String, _ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? type.hasPrefix(pattern.dropLast()) : type == pattern
    }

    /// Its object is shown as it was then, in the version the account had: an old one.
    private func writeEvent(_ place: Int, to w: inout StripeSandboxWriter) {
        let event = events[place]
        w.raw("{\"id\":")
        w.quoted(eventID(place))
        w.raw(",\"object\":\"event\",\"api_version\":\"2020-03-02\",\"created\":")
        w.int(event.created)
        w.raw(",\"data\":{\"object\":")
        if event.kind == .customer, event.type == "customer.deleted" {
            w.plain("{\"id\":\"\(records.id(.customer, event.index))\",\"object\":\"customer\",\"deleted\":true}")
        } else {
            var sight = sight(event.kind, event.index, isLegacy: true)
            sight.revision = event.revision
            records.write(event.kind, event.index, sight, to: &w)
        }
        if event.type.hasSuffix(".updated") { w.raw(",\"previous_attributes\":{\"metadata\":{\"revision\":\"0\"}}") }
        w.raw("},\"livemode\":")
        w.bool(records.livemode)
        w.raw(",\"pending_webhooks\":0,\"request\":{\"id\":null,\"idempotency_key\":null},\"type\":")
        w.quoted(event.type)
        w.raw("}")
    }
}
