import FoundationEssentials
import RawJSON

/// Reads orders (v0) by the time of their last change, and the items of each.
struct AmazonOrders {
    static let pagePurpose = "orders"
    static let itemsPurpose = "order_items"

    let read: StreamRead
    let cursor: AmazonOrdersCursor

    init(_ read: StreamRead) {
        self.read = read
        cursor = read.cursor?.decode(AmazonOrdersCursor.self) ?? AmazonOrdersCursor()
    }

    // MARK: - Asking

    func nextStep() -> Step {
        if !cursor.pending.isEmpty {
            return Step(cursor.pending.prefix(AmazonOrdersCursor.itemsPerStep).map(Self.items))
        }
        guard let marketplaces = AmazonMarketplaces(read) else { return Step([AmazonMarketplaces.request]) }
        if cursor.walk == nil, AmazonMarketplaces.isStale(read) { return Step([AmazonMarketplaces.request]) }
        return Step([page(cursor.currentWalk(marketplaces, now: read.now), marketplaces)])
    }

    /// A token is sent with the same parameters as the page that gave it.
    private func page(_ walk: AmazonOrdersCursor.Walk, _ marketplaces: AmazonMarketplaces) -> PlatformRequest {
        var query: [(name: String, value: String)] = [
            ("MarketplaceIds", marketplaces.list), ("LastUpdatedAfter", AmazonTime.format(walk.from)),
            ("LastUpdatedBefore", AmazonTime.format(walk.upTo)), ("MaxResultsPerPage", "100"),
        ]
        if let token = walk.token { query.append(("NextToken", token)) }
        return AmazonOperation.getOrders.request(query: query, purpose: Self.pagePurpose)
    }

    private static func items(_ pending: AmazonOrdersCursor.Pending) -> PlatformRequest {
        AmazonOperation.getOrderItems.request(
            id: pending.o, query: pending.t.map { [("NextToken", $0)] } ?? [], purpose: itemsPurpose)
    }

    // MARK: - Reading

    func page(from exchanges: [Exchange], _ rules: RuleBook) throws(ReadFailure) -> Page {
        guard let first = exchanges.first else {
            throw ReadFailure(UnifiedError(.internalBug, "a step without an answer"))
        }
        switch first.request.purpose {
        case AmazonMarketplaces.purpose: return try AmazonMarketplaces.page(from: first, rules, in: read)
        case Self.itemsPurpose: return try itemsPage(from: exchanges, rules)
        default: return try ordersPage(from: first, rules)
        }
    }

    private func ordersPage(from exchange: Exchange, _ rules: RuleBook) throws(ReadFailure) -> Page {
        var cursor = cursor
        var walk = walk(of: exchange.request)
        let answer: AmazonAnswer
        do throws(ReadFailure) {
            answer = try AmazonAnswer(exchange, rules, resource: "orders")
        } catch {
            throw restarted(error, walk, cursor)
        }
        guard let orders = try? answer.root.at("payload", "Orders")?.elements() else {
            throw answer.malformed("orders", exchange)
        }
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false, lessons: answer.lessons)
        for order in orders {
            guard let id = AmazonAnswer.identifier(order["AmazonOrderId"]) else {
                page.flags.append(Self.rejected(order, exchange))
                continue
            }
            let updatedAt = AmazonTime.parse(order["LastUpdateDate"]?.string)
            page.records.append(
                Record(
                    resource: "orders", id: id, updatedAt: updatedAt,
                    createdAt: AmazonTime.parse(order["PurchaseDate"]?.string), payload: order.slice,
                    fetchedAt: answer.askedAt))
            cursor.pending.append(.init(o: id, u: updatedAt?.timeIntervalSince1970))
            walk.note(updatedAt)
        }
        walk.seen += orders.count
        let token = AmazonAnswer.token(answer.root.at("payload", "NextToken"))
        // A token that leads to itself would lead nowhere for ever.
        if let token, token == walk.token {
            throw restarted(
                ReadFailure(
                    UnifiedError(
                        .requestCursorExpired, "the page token leads to the same page", route: exchange.request.route),
                    lessons: answer.lessons), walk, self.cursor)
        }
        walk.token = token
        walk.askedAt = answer.askedAt
        walk.isAtEnd = token == nil
        cursor.walk = walk
        if !cursor.isClampTold {
            cursor.isClampTold = true
            page.flags.append(
                UnifiedError(
                    .requestHistoryLimit, "Amazon has orders of the last two years only",
                    route: exchange.request.route
                ).asFlag)
        }
        try finish(&page, cursor, exchange.request)
        return page
    }

    private func itemsPage(from exchanges: [Exchange], _ rules: RuleBook) throws(ReadFailure) -> Page {
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false)
        var left: [AmazonOrdersCursor.Pending] = []
        var failure: ReadFailure?
        for (pending, exchange) in zip(cursor.pending, exchanges) {
            do throws(ReadFailure) {
                if let more = try items(of: pending, exchange, rules, into: &page) { left.append(more) }
            } catch {
                page.lessons += error.lessons
                if error.error.code == .dataNotFound {
                    page.flags.append(error.error.asFlag)
                    continue
                }
                if failure == nil { failure = error }
                // Without its token the order's items are read from the beginning.
                let isTokenTrouble = pending.t != nil && exchange.response.status == 400
                left.append(isTokenTrouble ? .init(o: pending.o, u: pending.u) : pending)
            }
        }
        var cursor = cursor
        cursor.pending = left + cursor.pending.dropFirst(exchanges.count)
        if let failure, left.count >= exchanges.count, page.records.isEmpty {
            let isChanged = cursor != self.cursor
            throw ReadFailure(
                failure.error, lessons: page.lessons, goOnWith: isChanged ? try? Cursor(encoding: cursor) : nil)
        }
        try finish(&page, cursor, nil)
        return page
    }

    /// Stores the items of one order; gives what is to be asked next for it, or nil when it is complete.
    private func items(
        of pending: AmazonOrdersCursor.Pending, _ exchange: Exchange, _ rules: RuleBook, into page: inout Page
    ) throws(ReadFailure) -> AmazonOrdersCursor.Pending? {
        let answer = try AmazonAnswer(exchange, rules, resource: "order_items")
        guard let items = try? answer.root.at("payload", "OrderItems")?.elements() else {
            throw answer.malformed("order items", exchange)
        }
        page.lessons += answer.lessons
        let updatedAt = pending.u.map(Date.init(timeIntervalSince1970:))
        for item in items {
            guard let id = AmazonAnswer.identifier(item["OrderItemId"]) else {
                page.flags.append(Self.rejected(item, exchange))
                continue
            }
            page.records.append(
                Record(
                    resource: "order_items", id: "\(pending.o)/\(id)", updatedAt: updatedAt, createdAt: nil,
                    payload: item.slice, fetchedAt: answer.askedAt))
        }
        guard let token = AmazonAnswer.token(answer.root.at("payload", "NextToken")), token != pending.t else {
            return nil
        }
        return .init(o: pending.o, u: pending.u, t: token)
    }

    /// The page's cursor; at the end of the walk what it proves.
    private func finish(
        _ page: inout Page, _ cursor: AmazonOrdersCursor, _ request: PlatformRequest?
    ) throws(ReadFailure) {
        var cursor = cursor
        if let walk = cursor.walk, walk.isAtEnd, cursor.pending.isEmpty {
            cursor.walk = nil
            cursor.through = walk.upTo
            if let marketplaces = AmazonMarketplaces(read) { cursor.marketplaces = marketplaces.list }
            page.isCaughtUp = true
            page.syncedThrough = walk.upTo
            page.coverage = [
                Coverage(
                    resource: "orders", from: walk.from, to: walk.upTo, platformCount: nil, distinctCount: walk.seen)
            ]
        }
        page.cursor = try Cursor(encoding: cursor)
    }

    /// The walk a request was made for: between asking and reading, time has passed.
    private func walk(of request: PlatformRequest) -> AmazonOrdersCursor.Walk {
        func value(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
        let from = AmazonTime.parse(value("LastUpdatedAfter")) ?? read.now
        let upTo = AmazonTime.parse(value("LastUpdatedBefore")) ?? read.now
        var walk = cursor.walk ?? AmazonOrdersCursor.Walk(from: from, upTo: upTo)
        if walk.from != from { walk = walk.restarted() }
        walk.from = from
        walk.upTo = upTo
        walk.token = value("NextToken")
        return walk
    }

    /// A failure that may be the token's fault is answered by asking without it.
    private func restarted(
        _ failure: ReadFailure, _ walk: AmazonOrdersCursor.Walk, _ cursor: AmazonOrdersCursor
    ) -> ReadFailure {
        let codes: [ErrorCode] = [.requestCursorExpired, .requestInvalidNoReason, .requestInvalid]
        guard walk.token != nil, codes.contains(failure.error.code) else { return failure }
        var cursor = cursor
        cursor.walk = walk.restarted()
        return ReadFailure(failure.error, lessons: failure.lessons, goOnWith: try? Cursor(encoding: cursor))
    }

    static func rejected(_ value: JSONValue, _ exchange: Exchange) -> UnifiedError {
        UnifiedError(
            .dataRecordRejected, "a record has no usable identifier", route: exchange.request.route,
            evidence: value.slice.text)
    }
}

extension AmazonOrdersCursor.Walk {
    fileprivate mutating func note(_ updatedAt: Date?) {
        guard let updatedAt else { return }
        if let newest, updatedAt < newest { isAscending = false }
        newest = max(newest ?? .distantPast, updatedAt)
    }
}
