import FoundationEssentials
import RawJSON

/// Where a stream of finances has got to: windows of posted time, read one after another.
struct AmazonFinancesCursor: Codable, Sendable, Equatable {
    var walk: Walk?
    /// Upper bound of the last window of a run that reached its end.
    var through: Date?
    /// Events asked for at once; lowered where an answer would be too large.
    var pageSize = 100
    /// Keys of the page before and how often each was seen: events alike in everything may follow.
    var recent: [String: Int] = [:]

    struct Walk: Codable, Sendable, Equatable {
        var from: Date
        var to: Date
        /// Where the run ends.
        var upTo: Date
        var token: String?
        var askedAt: Date?
        /// Records of the window so far.
        var seen = 0
    }

    init() {}
}

/// Reads financial events and their groups (v0).
struct AmazonFinances {
    enum Kind: String {
        case events = "financial_events"
        case groups = "financial_event_groups"

        var operation: AmazonOperation { self == .events ? .listFinancialEvents : .listFinancialEventGroups }
        var parameters: (after: String, before: String) {
            switch self {
            case .events: ("PostedAfter", "PostedBefore")
            case .groups: ("FinancialEventGroupStartedAfter", "FinancialEventGroupStartedBefore")
            }
        }
        /// How far a run reaches back: events appear up to 48 hours late; a group changes for weeks after it began.
        var overlapSeconds: Double { self == .events ? 50 * 3600 : 60 * 86_400 }
    }

    /// A longer window answers with nothing, and with no error.
    static let windowSeconds = 179.0 * 86_400
    static let historySeconds = 729.0 * 86_400
    static let lagSeconds = 125.0
    static let tokenSecondsMax = 3600.0

    let kind: Kind
    let read: StreamRead
    let cursor: AmazonFinancesCursor

    init(_ kind: Kind, _ read: StreamRead) {
        self.kind = kind
        self.read = read
        cursor = read.cursor?.decode(AmazonFinancesCursor.self) ?? AmazonFinancesCursor()
    }

    func nextStep() -> Step {
        let walk = currentWalk()
        let names = kind.parameters
        var query: [(name: String, value: String)] = [
            ("MaxResultsPerPage", String(min(100, max(1, cursor.pageSize)))),
            (names.after, AmazonTime.format(walk.from)), (names.before, AmazonTime.format(walk.to)),
        ]
        if let token = walk.token { query.append(("NextToken", token)) }
        return Step([kind.operation.request(query: query, purpose: kind.rawValue)])
    }

    private func currentWalk() -> AmazonFinancesCursor.Walk {
        if var walk = cursor.walk {
            let age = walk.askedAt.map { read.now.timeIntervalSince($0) } ?? 0
            if walk.token != nil, age > Self.tokenSecondsMax { walk.token = nil }
            return walk
        }
        let upTo = AmazonTime.floor(read.now.addingTimeInterval(-Self.lagSeconds))
        let earliest = AmazonTime.floor(read.now.addingTimeInterval(-Self.historySeconds))
        let from = cursor.through.map { max(earliest, $0.addingTimeInterval(-kind.overlapSeconds)) } ?? earliest
        return .init(from: from, to: min(upTo, from.addingTimeInterval(Self.windowSeconds)), upTo: upTo)
    }

    func page(from exchange: Exchange, _ rules: RuleBook) throws(ReadFailure) -> Page {
        var walk = walk(of: exchange)
        var cursor = cursor
        if walk.token == nil {
            cursor.recent = [:]
            walk.seen = 0
        }
        let answer: AmazonAnswer
        do throws(ReadFailure) {
            answer = try AmazonAnswer(exchange, rules, resource: kind.rawValue)
        } catch {
            throw smaller(error, walk)
        }
        guard let payload = answer.root["payload"], payload.kind == .object else {
            throw answer.malformed("payload", exchange)
        }
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: false, lessons: answer.lessons)
        switch kind {
        case .events: try readEvents(payload, exchange, answer, &cursor, &page)
        case .groups: try readGroups(payload, exchange, answer, &page)
        }
        walk.seen += page.records.count
        let token = AmazonAnswer.token(payload["NextToken"])
        // An empty page may have a token and records behind it; a token that leads to itself has nothing.
        let isLoop = token != nil && token == walk.token
        if isLoop {
            page.flags.append(
                UnifiedError(
                    .requestCursorExpired, "the page token leads to the same page", route: exchange.request.route
                ).asFlag)
        }
        walk.askedAt = answer.askedAt
        walk.token = isLoop ? nil : token
        cursor.walk = walk
        if walk.token == nil { close(walk, &cursor, &page) }
        page.cursor = try Cursor(encoding: cursor)
        return page
    }

    /// The window is read: the next one, or the end of the run.
    private func close(
        _ walk: AmazonFinancesCursor.Walk, _ cursor: inout AmazonFinancesCursor, _ page: inout Page
    ) {
        cursor.recent = [:]
        cursor.pageSize = 100
        page.coverage = [
            Coverage(
                resource: kind.rawValue, from: walk.from, to: walk.to, platformCount: nil, distinctCount: walk.seen)
        ]
        guard walk.to >= walk.upTo else {
            cursor.walk = .init(
                from: walk.to, to: min(walk.upTo, walk.to.addingTimeInterval(Self.windowSeconds)), upTo: walk.upTo)
            return
        }
        cursor.walk = nil
        cursor.through = walk.upTo
        page.isCaughtUp = true
        // What was posted in the last two days may still appear.
        page.syncedThrough = kind == .events ? walk.upTo.addingTimeInterval(-48 * 3600) : walk.upTo
    }

    private func readEvents(
        _ payload: JSONValue, _ exchange: Exchange, _ answer: AmazonAnswer, _ cursor: inout AmazonFinancesCursor,
        _ page: inout Page
    ) throws(ReadFailure) {
        guard let lists = payload["FinancialEvents"], lists.kind == .object else {
            throw answer.malformed("financial events", exchange)
        }
        let events = AmazonEvents(lists, before: cursor.recent)
        for event in events.events {
            let posted = AmazonEvents.dateNames.lazy.compactMap { event.value[$0]?.string }.first
            let time = AmazonTime.parse(posted)
            page.records.append(
                Record(
                    resource: kind.rawValue, id: event.key, updatedAt: time, createdAt: time,
                    payload: event.value.slice, fetchedAt: answer.askedAt))
        }
        cursor.recent = events.counts.count <= 400 ? events.counts : [:]
        if events.rejected > 0 {
            page.flags.append(
                UnifiedError(
                    .dataRecordRejected, "\(events.rejected) financial events are no objects",
                    route: exchange.request.route))
        }
    }

    private func readGroups(
        _ payload: JSONValue, _ exchange: Exchange, _ answer: AmazonAnswer, _ page: inout Page
    ) throws(ReadFailure) {
        guard let groups = try? payload["FinancialEventGroupList"]?.elements() else {
            throw answer.malformed("financial event groups", exchange)
        }
        for group in groups {
            guard let id = AmazonAnswer.identifier(group["FinancialEventGroupId"]) else {
                page.flags.append(AmazonOrders.rejected(group, exchange))
                continue
            }
            page.records.append(
                Record(
                    resource: kind.rawValue, id: id, updatedAt: nil,
                    createdAt: AmazonTime.parse(group["FinancialEventGroupStart"]?.string), payload: group.slice,
                    fetchedAt: answer.askedAt))
        }
    }

    /// The window a request was made for: between asking and reading, time has passed.
    private func walk(of exchange: Exchange) -> AmazonFinancesCursor.Walk {
        func value(_ name: String) -> String? { exchange.request.query.first { $0.name == name }?.value }
        let from = AmazonTime.parse(value(kind.parameters.after)) ?? read.now
        let to = AmazonTime.parse(value(kind.parameters.before)) ?? read.now
        var walk = cursor.walk ?? AmazonFinancesCursor.Walk(from: from, to: to, upTo: to)
        if cursor.walk == nil {
            // A window that is not full was cut by the end of the run.
            let isLast = to.timeIntervalSince(from) < Self.windowSeconds
            let lag = exchange.response.requestedAt.addingTimeInterval(-Self.lagSeconds)
            walk.upTo = isLast ? to : max(to, AmazonTime.floor(lag))
        }
        (walk.from, walk.to, walk.token) = (from, to, value("NextToken"))
        return walk
    }

    /// A refusal without a reason may be the token's fault, or that of an answer over 10 MB.
    private func smaller(_ failure: ReadFailure, _ walk: AmazonFinancesCursor.Walk) -> ReadFailure {
        let codes: [ErrorCode] = [.requestCursorExpired, .requestInvalidNoReason, .requestInvalid]
        guard codes.contains(failure.error.code) else { return failure }
        var cursor = cursor
        cursor.walk = walk
        if walk.token != nil {
            cursor.walk?.token = nil
        } else {
            guard cursor.pageSize > 1, cursor.walk != nil else { return failure }
            cursor.pageSize /= 2
        }
        return ReadFailure(failure.error, lessons: failure.lessons, goOnWith: try? Cursor(encoding: cursor))
    }
}
