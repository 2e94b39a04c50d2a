import FoundationEssentials
import RawJSON

extension WooCommerceReading {
    /// A row as far as reading it needs.
    struct Row {
        let id: Int64
        let json: JSONValue
        /// Seconds since 1970.
        let changed: Int?
    }

    /// A page of a walk.
    mutating func listPage(_ exchange: Exchange, _ begun: WooCommerceWalk) throws(ReadFailure) -> Page {
        var walk = begun
        let answer: WooCommerceAnswer
        let rows: [Row]
        do throws(WooCommerceRefusal) {
            (answer, rows) = try list(exchange, member: listing(of: walk.kind).filter.member)
        } catch {
            return try refused(error, exchange, walk)
        }
        note(exchange, &walk)
        var flags = flags(of: answer, exchange, &walk)
        if walk.kind == .newest { return try newestPage(rows, walk, flags, exchange) }
        guard let size = exchange.request.number("per_page"), let offset = exchange.request.number("offset") else {
            throw ReadFailure(UnifiedError(.internalBug, "a page answers a request that is not ours"))
        }
        if let page = try astray(rows, walk, at: exchange.response.requestedAt) { return page }
        guard follows(rows, walk, offset: offset, size: size, total: answer.total) else {
            return try stepBack(walk, offset: offset, size: size, flags)
        }
        walk.back = 0

        let new = rows.filter { $0.id > walk.last }
        let total = answer.total.map { max($0, offset + rows.count) }
        if let total { walk.hidden += max(0, min(size, total - offset) - rows.count) }
        walk.total = total
        walk.last = new.last?.id ?? walk.last
        walk.seen += new.count
        // Places where nothing is shown are counted where the shop says how many there are.
        walk.offset = offset + (total == nil ? rows.count : size)
        walk.stalls = new.isEmpty ? walk.stalls + 1 : 0
        cursor.noteGoodPage(max: habits.pageSizeMax)

        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false)
        take(new, into: &page, &walk, exchange)
        let isAtEnd = total.map { offset + size >= $0 } ?? new.isEmpty
        guard !isAtEnd else {
            if total == nil {
                flags.append(
                    Self.odd(.dataMalformed, "the shop does not say how long its list is", exchange, sendsBody: false))
            }
            page.flags = flags
            try end(walk, new, &page, exchange)
            return page
        }
        guard walk.stalls <= WooCommerceWalk.stallsMax else {
            throw ReadFailure(
                Self.odd(.dataMalformed, "the shop's list does not go on", exchange, sendsBody: false))
        }
        page.flags = flags
        if walk.kind.listsAll, !walk.kind.isByParent { page.sweep = sweep(of: walk, new, isComplete: false) }
        cursor.walk = walk
        page.cursor = try Cursor(encoding: cursor)
        return page
    }

    /// Rows of an answer, in their order.
    func list(
        _ exchange: Exchange, member: String
    ) throws(WooCommerceRefusal) -> (WooCommerceAnswer, [Row]) {
        guard exchange.response.status == 200, let answer = WooCommerceAnswer(exchange.response),
            let values = answer.rows
        else { throw WooCommerceRefusal(exchange, rules: rules, resource: stream.resource.name) }
        var rows: [Row] = []
        rows.reserveCapacity(values.count)
        for value in values {
            guard value.kind == .object, let id = value["id"]?.identifier.flatMap({ Int64($0) }), id > 0 else {
                // Its place is counted as one where nothing is shown.
                continue
            }
            let changed = value[member]?.string.flatMap { WooCommerceTime.seconds(in: $0) }
            rows.append(Row(id: id, json: value, changed: changed))
        }
        return (answer, rows)
    }

    /// Whether nothing can stand between what was read and this page.
    private func follows(
        _ rows: [Row], _ walk: WooCommerceWalk, offset: Int, size: Int, total: Int?
    ) -> Bool {
        guard offset > 0 else { return true }
        if let first = rows.first, first.id <= walk.last { return true }
        // Without a row in common it is the count that says whether the list is as it was.
        let isExact = offset == walk.offset && (size == 1 || offset == walk.clear)
        return isExact && (walk.isIncomplete || total != nil && total == walk.total)
    }

    /// The list lost rows: the page is asked for again, beginning earlier.
    private mutating func stepBack(
        _ walk: WooCommerceWalk, offset: Int, size: Int, _ flags: [UnifiedError]
    ) throws(ReadFailure) -> Page {
        var walk = walk
        if offset <= walk.clear {
            // What is in front cannot be read, so that nothing can be proven from there.
            // It is begun again some times; then it goes on without a proof, and proves nothing.
            walk.isIncomplete = true
            cursor.walk = walk.restarts < WooCommerceWalk.restartsMax ? walk.restarted() : walk
            return try page(flags: flags)
        }
        walk.back = walk.back == 0 ? max(size / 2, 4) : walk.back * 2
        cursor.walk = walk
        return try page(flags: flags)
    }

    /// What to do about rows that cannot be in the window, or do not come in the order that was asked for.
    private mutating func astray(
        _ rows: [Row], _ walk: WooCommerceWalk, at time: Date
    ) throws(ReadFailure) -> Page? {
        guard zip(rows, rows.dropFirst()).allSatisfy({ $0.id < $1.id }) else {
            throw ReadFailure(UnifiedError(.dataMalformed, "the shop's list is not in the order that was asked for"))
        }
        guard !walk.kind.isPast, let from = walk.from.map({ Int($0.timeIntervalSince1970) }),
            rows.contains(where: { ($0.changed ?? from) < from - 1 })
        else { return nil }
        goBlind(at: time)
        cursor.walk = WooCommerceWalk(cursor.isByParent ? .fullByParent : .full)
        return try page(flags: [Self.blindnessSeen])
    }

    private static let blindnessSeen = UnifiedError(
        .platformContractChanged, "the shop ignores from when on changes were asked for")

    /// What a page brings, by what the walk is for.
    private func take(_ new: [Row], into page: inout Page, _ walk: inout WooCommerceWalk, _ exchange: Exchange) {
        for row in new {
            if let changed = row.changed, changed >= walk.newest?.changed ?? 0 {
                walk.newest = WooCommerceCursor.Sample(id: row.id, changed: changed)
            }
        }
        switch walk.kind {
        case .full, .window, .newest, .past:
            page.records = new.map { record($0, exchange) }
        case .trash:
            page.deletions = new.map { row in
                let time = row.changed.map { Date(timeIntervalSince1970: Double($0)) }
                return Deletion(
                    resource: stream.resource.name, id: String(row.id),
                    deletedAt: time ?? exchange.response.requestedAt, source: .platformFlag)
            }
        case .sweep: break
        case .fullByParent, .windowByParent, .pastByParent:
            let member = stream.parents?.member
            for row in new where member.map({ row.hasAny($0) }) ?? true {
                walk.parents.append(WooCommerceWalk.Parent(i: row.id))
            }
        }
    }

    func record(_ row: Row, _ exchange: Exchange) -> Record {
        let created = row.json["date_created_gmt"]?.string.flatMap(WooCommerceTime.parse)
        let changed = row.json["date_modified_gmt"]?.string.flatMap(WooCommerceTime.parse)
        return Record(
            resource: stream.resource.name, id: String(row.id), updatedAt: changed, createdAt: created,
            payload: row.json.slice, fetchedAt: exchange.response.requestedAt)
    }

    func sweep(of walk: WooCommerceWalk, _ new: [Row], isComplete: Bool) -> SweepPart? {
        guard walk.kind.listsAll, let startedAt = walk.startedAt else { return nil }
        let name = stream.resource.name
        return SweepPart(
            startedAt: startedAt, resources: [name],
            seen: walk.kind == .sweep ? new.map { (name, String($0.id)) } : [], isComplete: isComplete)
    }

    /// The last page of a list: is it proven that everything was read?
    mutating func end(
        _ walk: WooCommerceWalk, _ new: [Row], _ page: inout Page, _ exchange: Exchange
    ) throws(ReadFailure) {
        var walk = walk
        if let total = walk.total, walk.seen + walk.hidden < total {
            // Something came to stand behind us while we read.
            if walk.restarts < WooCommerceWalk.restartsMax {
                cursor.walk = walk.restarted()
                page.cursor = try Cursor(encoding: cursor)
                return
            }
            if let half = walk.halved {
                cursor.walk = half
                page.cursor = try Cursor(encoding: cursor)
                return
            }
            walk.isIncomplete = true
            let error = Self.odd(
                .requestCursorExpired, "the list changed too fast to be read with a proof: it is read again", exchange,
                sendsBody: false)
            // A stream reads its window again next time; one of the past is not read again.
            if walk.kind.isPast { throw ReadFailure(error) }
            page.flags.append(error)
        } else if let total = walk.total, walk.seen < total {
            walk.isIncomplete = walk.isIncomplete || walk.kind.listsAll
            page.flags.append(
                Self.odd(
                    .permissionObject, "the shop counts \(total) and shows \(walk.seen) of them", exchange,
                    sendsBody: false))
        }
        if [.full, .window].contains(walk.kind) {
            page.coverage.append(
                Coverage(
                    resource: stream.resource.name, from: walk.from, to: walk.to, platformCount: walk.total,
                    distinctCount: walk.seen))
        }
        if walk.kind == .past, !walk.isIncomplete, let past = cursor.past {
            page.coverage.append(
                Coverage(
                    resource: stream.resource.name, from: past.from, to: past.to, platformCount: walk.total,
                    distinctCount: walk.seen))
        }
        if walk.kind.isByParent {
            walk.hasListed = true
            guard walk.parents.isEmpty else {
                cursor.walk = walk
                page.cursor = try Cursor(encoding: cursor)
                return
            }
            endChildren(walk, &page)
        }
        page.sweep = sweep(of: walk, new, isComplete: !walk.isIncomplete)
        try finish(walk, &page, at: exchange.response.requestedAt)
    }

    /// The newest rows of a server that cannot say what changed.
    private mutating func newestPage(
        _ rows: [Row], _ walk: WooCommerceWalk, _ flags: [UnifiedError], _ exchange: Exchange
    ) throws(ReadFailure) -> Page {
        var walk = walk
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false, flags: flags)
        if !cursor.isByParent { page.records = rows.map { record($0, exchange) } }
        walk.seen = rows.count
        // Of the newest the one that was left alone for longest: it is to be found as it is now.
        let rested = rows.filter { $0.changed != nil }.min { $0.changed ?? 0 < $1.changed ?? 0 }
        walk.newest = rested.flatMap { row in row.changed.map { .init(id: row.id, changed: $0) } }
        try finish(walk, &page, at: exchange.response.requestedAt)
        return page
    }

    /// When the walk began, and how far apart the clocks are.
    mutating func note(_ exchange: Exchange, _ walk: inout WooCommerceWalk) {
        let time = exchange.response.requestedAt
        if let said = exchange.response.header("date").flatMap({ PlatformTime.parseHTTP($0) }) {
            let ahead = said.timeIntervalSince1970 - time.timeIntervalSince1970.rounded(.down)
            // A second or two is the way of the answer.
            cursor.clockAhead = abs(ahead) <= 3 ? 0 : Int(max(-Self.clockMax, min(ahead, Self.clockMax)))
        }
        guard walk.startedAt == nil else { return }
        walk.startedAt = time
        walk.serverTime = time.addingTimeInterval(Double(cursor.clockAhead))
    }

    private static let clockMax = 2.0 * 86_400

    /// What is wrong with how a server answers, once in a walk.
    func flags(
        of answer: WooCommerceAnswer, _ exchange: Exchange, _ walk: inout WooCommerceWalk
    ) -> [UnifiedError] {
        answer.oddities.compactMap { oddity in
            guard !walk.said.contains(oddity.rawValue) else { return nil }
            walk.said.append(oddity.rawValue)
            return Self.odd(
                oddity == .envelope ? .platformContractChanged : .dataSanitised, oddity.sentence, exchange,
                sendsBody: true)
        }
    }

    static func odd(
        _ code: ErrorCode, _ sentence: String, _ exchange: Exchange, sendsBody: Bool, id: String? = nil
    ) -> UnifiedError {
        UnifiedError(
            code, sentence, httpStatus: exchange.response.status, route: exchange.request.route, externalID: id,
            evidence: sendsBody ? String(decoding: exchange.response.body.bytes.prefix(400), as: UTF8.self) : nil)
    }
}

extension WooCommerceReading.Row {
    /// Whether a list in it has anything; what is no list may have.
    func hasAny(_ member: String) -> Bool {
        guard let value = json[member] else { return true }
        guard value.kind == .array, let elements = try? value.elements() else { return !value.isNull }
        return !elements.isEmpty
    }
}

extension WooCommerceWalk {
    /// The first half of the window; nil where it is too short.
    var halved: WooCommerceWalk? {
        guard kind == .window || kind == .windowByParent, let from, let to else { return nil }
        let length = to.timeIntervalSince(from)
        guard length > 120 else { return nil }
        return WooCommerceWalk(kind, from: from, to: from.addingTimeInterval((length / 2).rounded(.down)))
    }
}
