import FoundationEssentials
import RawJSON

extension ShopifyPlatform {
    /// An answer larger than this is followed by smaller pages: a page is held in memory as a whole.
    private static let comfortableBytes = 16 * 1024 * 1024
    /// Pages of up to so many records are not heavy.
    private static let heavyFrom = 20

    /// A page of a walk.
    func mainPage(
        from exchange: Exchange, cursor: ShopifyCursor, query: ShopifyQuery, rules: RuleBook
    ) throws(ReadFailure) -> Page {
        guard let (walk, first) = ShopifyRequest.walk(in: exchange.request, cursor: cursor) else {
            throw ReadFailure(UnifiedError(.internalBug, "a page answers a request that is not ours"))
        }
        var cursor = cursor
        cursor.walk = walk
        let answer = try ShopifyAnswer(exchange, rules: rules, resource: query.name) {
            refusal, error, remedy, lessons in
            Self.failure(refusal, error, remedy, lessons, cursor: cursor, query: query, first: first)
        }
        let malformed = { (sentence: String) in
            ReadFailure(Self.malformed(sentence, exchange), lessons: answer.lessons)
        }
        guard let connection = answer.data[query.name], connection.kind == .object else {
            if let denial = answer.denials.first { throw ReadFailure(denial, lessons: answer.lessons) }
            throw malformed("the answer lacks what was asked for")
        }
        guard let members = try? connection.members("nodes", "pageInfo"), let nodes = try? members[0]?.elements(),
            let hasNextPage = members[1]?["hasNextPage"]?.bool
        else { throw malformed("a page lacks its records or its end") }
        let endCursor = members[1]?["endCursor"]?.string
        if hasNextPage {
            guard let endCursor, !endCursor.isEmpty, endCursor != walk.after,
                endCursor.utf8.count <= ShopifyCursor.cursorBytesMax
            else { throw malformed("a page says that there are more, and not where") }
        }

        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false, lessons: answer.lessons)
        var reading = ShopifyNodeReading(resource: query.name, fetchedAt: exchange.response.requestedAt)
        for node in nodes { reading.read(node, into: &page) }

        var next = walk
        next.after = hasNextPage ? endCursor : nil
        next.askedAt = exchange.response.requestedAt
        next.seen += nodes.count
        next.newestBefore = walk.newest
        next.newest = [walk.newest, reading.newest].compactMap { $0 }.max()
        next.isAtEnd = !hasNextPage
        cursor.walk = next
        cursor.noteGoodPage()
        if let requested = answer.requestedCost, requested > query.fixedCost {
            cursor.nodeCost = (requested - query.fixedCost) / ShopifyQuery.weight(of: first)
        }
        if exchange.response.body.count > Self.comfortableBytes {
            cursor = cursor.withSmallerPages(than: first, halved: true) ?? cursor
        }
        cursor.pending = reading.followUps
        if !cursor.pendingFits { try fit(&cursor, first: first, page: &page, walk: walk, exchange: exchange) }

        if walk.after == nil { page.flags += Self.versionFlags(exchange) }
        page.flags += answer.denials
        page.degradation = answer.denials.first
        try finish(&page, cursor)
        return page
    }

    /// Pages of nested connections.
    func followUps(
        from exchanges: [Exchange], cursor: ShopifyCursor, query: ShopifyQuery, rules: RuleBook
    ) throws(ReadFailure) -> Page {
        var cursor = cursor
        guard exchanges.count <= cursor.pending.count else {
            throw ReadFailure(UnifiedError(.internalBug, "more answers than follow-ups were asked for"))
        }
        let asked = Array(cursor.pending.prefix(exchanges.count))
        cursor.pending.removeFirst(exchanges.count)
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false)
        var more: [ShopifyCursor.FollowUp] = []
        for (followUp, exchange) in zip(asked, exchanges) {
            // The wait of a refused follow-up is the same for all of them; those answered are asked again.
            let answer = try ShopifyAnswer(exchange, rules: rules, resource: query.name) { _, error, remedy, lessons in
                guard remedy == .restartWindow else { return ReadFailure(error, lessons: page.lessons + lessons) }
                // Its page cursor is refused: the page its parent was on is read again.
                var restarted = cursor
                restarted.pending = []
                restarted.walk = restarted.walk?.restartedBeforeLastPage()
                return ReadFailure(error, lessons: page.lessons + lessons, goOnWith: try? Cursor(encoding: restarted))
            }
            page.lessons += answer.lessons
            page.flags += answer.denials
            page.degradation = page.degradation ?? answer.denials.first
            if let next = try read(followUp, from: answer, exchange: exchange, into: &page) { more.append(next) }
        }
        cursor.pending = more + cursor.pending
        try finish(&page, cursor)
        return page
    }

    /// Stores one page of a nested connection. Returns what has to be asked next for the same parent.
    private func read(
        _ followUp: ShopifyCursor.FollowUp, from answer: ShopifyAnswer, exchange: Exchange, into page: inout Page
    ) throws(ReadFailure) -> ShopifyCursor.FollowUp? {
        let kind = followUp.k
        guard let parent = answer.data[kind.root], parent.kind == .object else {
            // It was there a moment ago: deleted meanwhile, or out of our sight with access denied.
            if answer.denials.isEmpty { noteGone(followUp, exchange: exchange, into: &page) }
            return nil
        }
        guard let connection = parent[kind.connection], connection.kind == .object,
            let hasNextPage = connection.at("pageInfo", "hasNextPage")?.bool
        else {
            if !answer.denials.isEmpty { return nil }
            throw ReadFailure(
                Self.malformed("a nested page lacks its records or its end", exchange), lessons: page.lessons)
        }
        let changedAt = kind == .refundLineItems ? parent.at("order", "updatedAt") : parent["updatedAt"]
        let number = String(followUp.n)
        page.records.append(
            Record(
                resource: kind.resource,
                id: followUp.i + "/" + String(repeating: "0", count: max(0, 4 - number.count)) + number,
                updatedAt: changedAt?.string.flatMap { PlatformTime.parse($0) }, createdAt: nil, payload: parent.slice,
                fetchedAt: exchange.response.requestedAt))
        guard hasNextPage else { return nil }
        guard let after = connection.at("pageInfo", "endCursor")?.string, after != followUp.a,
            after.utf8.count <= ShopifyCursor.cursorBytesMax
        else {
            throw ReadFailure(
                Self.malformed("a nested page says that there are more, and not where", exchange),
                lessons: page.lessons)
        }
        return ShopifyCursor.FollowUp(k: kind, i: followUp.i, n: followUp.n + 1, a: after)
    }

    private func noteGone(_ followUp: ShopifyCursor.FollowUp, exchange: Exchange, into page: inout Page) {
        switch followUp.k {
        case .lineItems, .variants:
            page.deletions.append(
                Deletion(
                    resource: followUp.k == .lineItems ? "orders" : "products", id: followUp.i,
                    deletedAt: exchange.response.requestedAt, source: .notFoundOnFetch))
        case .refundLineItems:
            page.flags.append(
                UnifiedError(
                    .dataNotFound, "a refund is gone between two requests", route: exchange.request.route,
                    externalID: followUp.i))
        }
    }

    /// Encodes the cursor, and says so when there is nothing more to ask for.
    private func finish(_ page: inout Page, _ cursor: ShopifyCursor) throws(ReadFailure) {
        var cursor = cursor
        if let walk = cursor.walk, walk.isAtEnd, cursor.pending.isEmpty {
            cursor.walk = nil
            cursor.through = walk.upTo
            page.isCaughtUp = true
            page.syncedThrough = walk.upTo
        }
        page.cursor = try Cursor(encoding: cursor)
    }

    /// More follow-ups than a cursor can hold: the same page with fewer parents. A single record with too many
    /// is read as far as it goes, and says so.
    private func fit(
        _ cursor: inout ShopifyCursor, first: Int, page: inout Page, walk: ShopifyCursor.Walk, exchange: Exchange
    ) throws(ReadFailure) {
        var again = cursor
        again.pending = []
        again.walk = walk
        if let smaller = again.withSmallerPages(than: first, halved: true) {
            throw ReadFailure(
                UnifiedError(
                    .dataTooLarge, "too many records of this page have nested pages", route: exchange.request.route),
                lessons: page.lessons, goOnWith: try? Cursor(encoding: smaller))
        }
        let parent = page.records.first?.id
        while !cursor.pendingFits { cursor.pending.removeLast() }
        page.flags.append(
            UnifiedError(
                .dataTooLarge, "a record has more nested pages than can be followed", route: exchange.request.route,
                externalID: parent))
    }

    private static func malformed(_ sentence: String, _ exchange: Exchange) -> UnifiedError {
        UnifiedError(
            .dataMalformed, sentence, httpStatus: exchange.response.status,
            platformRequestID: exchange.response.header("x-request-id"), route: exchange.request.route,
            evidence: exchange.response.body.start)
    }

    /// The failure of a main page, with the cursor to go on with where asking differently helps.
    private static func failure(
        _ refusal: ShopifyRefusal, _ error: UnifiedError, _ remedy: ErrorRule.Remedy, _ lessons: [LimitLesson],
        cursor: ShopifyCursor, query: ShopifyQuery, first: Int
    ) -> ReadFailure {
        var failure = ReadFailure(error, lessons: lessons)
        switch remedy {
        case .smallerPage:
            var cursor = cursor
            if let cost = refusal.cost, cost > query.fixedCost {
                cursor.nodeCost = (cost - query.fixedCost) / ShopifyQuery.weight(of: first)
            }
            // A failure on a small page is not the page's fault: it waits its turn like any other.
            if error.code == .platformInternal, first <= heavyFrom { break }
            let smaller = cursor.withSmallerPages(than: first, halved: error.code != .quotaQueryCost)
            failure.goOnWith = smaller.flatMap { try? Cursor(encoding: $0) }
        case .restartWindow:
            guard let walk = cursor.walk, walk.after != nil else { break }
            var cursor = cursor
            cursor.walk = walk.restarted()
            failure.goOnWith = try? Cursor(encoding: cursor)
        case .none, .clampWindow, .refreshToken, .reload, .skipObject: break
        }
        return failure
    }

    /// Shopify answers an expired version with the oldest it still has, and only headers tell.
    private static func versionFlags(_ exchange: Exchange) -> [UnifiedError] {
        let response = exchange.response
        var flags: [UnifiedError] = []
        if let served = response.header("x-shopify-api-version"), served != version {
            var flag = UnifiedError(
                .platformVersionSunset, "Shopify answers version \(version) as \(served.prefix(16))",
                httpStatus: response.status, platformCode: "x-shopify-api-version",
                platformMessage: response.header("x-shopify-api-version-warning"),
                platformRequestID: response.header("x-request-id"), route: exchange.request.route)
            // The records are good; nothing stops.
            flag.policyOverride = .storeRawAndFlag
            flags.append(flag)
        }
        if let fields = response.header("x-shopify-api-deprecated-reason") {
            flags.append(
                UnifiedError(
                    .platformContractChanged, "Shopify will remove fields that are read",
                    httpStatus: response.status, platformCode: "x-shopify-api-deprecated-reason",
                    platformMessage: fields, platformRequestID: response.header("x-request-id"),
                    route: exchange.request.route))
        }
        return flags
    }
}

/// The reading of a page's records: each becomes a raw record, a flag, and perhaps follow-ups.
private struct ShopifyNodeReading {
    let resource: String
    let fetchedAt: Date
    var newest: Date?
    var followUps: [ShopifyCursor.FollowUp] = []

    mutating func read(_ node: JSONValue, into page: inout Page) {
        guard
            let members = try? node.members(
                "legacyResourceId", "id", "updatedAt", "createdAt", "lineItems", "refunds", "variants"),
            let id = Self.identifier(legacy: members[0], gid: members[1])
        else {
            page.flags.append(
                UnifiedError(
                    .dataRecordRejected, "a record has no usable identifier", route: "graphql \(resource)",
                    evidence: node.slice.text))
            return
        }
        let updatedAt = members[2]?.string.flatMap { PlatformTime.parse($0) }
        if let updatedAt, updatedAt > (newest ?? .distantPast) { newest = updatedAt }
        page.records.append(
            Record(
                resource: resource, id: id, updatedAt: updatedAt,
                createdAt: members[3]?.string.flatMap { PlatformTime.parse($0) }, payload: node.slice,
                fetchedAt: fetchedAt))
        follow(.lineItems, members[4], of: id)
        follow(.variants, members[6], of: id)
        guard let refunds = members[5], refunds.kind == .array, refunds.slice.count > 2 else { return }
        for refund in (try? refunds.elements()) ?? [] {
            guard let found = try? refund.members("legacyResourceId", "id", "refundLineItems"),
                let id = Self.identifier(legacy: found[0], gid: found[1])
            else { continue }
            follow(.refundLineItems, found[2], of: id)
        }
    }

    private mutating func follow(_ kind: ShopifyOverflow, _ connection: JSONValue?, of id: String) {
        guard let pageInfo = connection?["pageInfo"], pageInfo["hasNextPage"]?.bool == true,
            let after = pageInfo["endCursor"]?.string, !after.isEmpty,
            after.utf8.count <= ShopifyCursor.cursorBytesMax
        else { return }
        followUps.append(ShopifyCursor.FollowUp(k: kind, i: id, n: 1, a: after))
    }

    /// The numeric identifier: as the platform gives it, else the tail of `gid://shopify/Order/450789469`.
    private static func identifier(legacy: JSONValue?, gid: JSONValue?) -> String? {
        if let id = legacy?.identifier, isNumeric(id) { return id }
        guard let tail = gid?.string?.split(separator: "/").last?.prefix(while: { $0 != "?" }) else { return nil }
        let id = String(tail)
        return isNumeric(id) ? id : nil
    }

    private static func isNumeric(_ id: String) -> Bool {
        (1...20).contains(id.utf8.count) && id.utf8.allSatisfy { (48...57).contains($0) }
    }
}
