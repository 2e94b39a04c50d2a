import FoundationEssentials
import RawJSON

/// One read of one stream at one cursor: which request comes next, and what an answer changes.
///
/// A stream is read in passes and in walks over the event log. The first read is a pass over the whole list
/// followed by the events since the pass began, so that what changed meanwhile is found whatever order the server
/// lists in. Later reads ask the event log what changed and fetch those objects again. A server whose event log
/// cannot be asked as documented is not trusted to log everything, and gets a pass with each read.
struct StripeReading {
    /// What a request was for.
    enum Purpose: String {
        case list
        /// The first page of a list and no more of it, while a pass is not due.
        case head
        /// A list from a certain `created` on.
        case window
        /// A list between two of them.
        case past
        case eventsFiltered = "events.filtered"
        case eventsUnfiltered = "events.unfiltered"
        case fetch
        case overflow
    }

    let stream: StripeStream
    let read: StreamRead
    let apiVersion: String
    let rules: RuleBook
    var cursor: StripeCursor

    static let fetchesPerStep = 10
    static let lookBackSeconds = 600
    /// Stripe forgets events after 30 days; two of them are margin.
    static let eventsKeptSeconds = 28 * 86_400
    /// A pass now and then finds what no event tells of, such as a payment intent's metadata.
    static let repassSeconds = 7 * 86_400
    /// How far back balance transactions still change (pending to available).
    static let windowSeconds = 8 * 86_400
    /// A pass of so many pages may be made with each read; a longer one earns a rest of
    /// ``restSecondsPerPage`` for each page.
    static let cheapPassPages = 10
    static let restSecondsPerPage = 30
    /// After that time a server is asked again for what it once refused.
    static let limitationSeconds = 86_400

    init(_ read: StreamRead, apiVersion: String, rules: RuleBook) throws(ReadFailure) {
        guard let stream = StripeStream.named(read.resource) else {
            throw ReadFailure(UnifiedError(.internalBug, "There is no such stream: \(read.resource)."))
        }
        self.stream = stream
        self.read = read
        self.apiVersion = apiVersion
        self.rules = rules
        cursor = read.cursor?.decode(StripeCursor.self) ?? StripeCursor()
    }

    var hasEvents: Bool { !stream.eventTypes.isEmpty }
    var now: Int { Int(read.now.timeIntervalSince1970) }

    // MARK: - What to ask

    func step() -> Step {
        if !cursor.overflow.isEmpty {
            return Step(cursor.overflow.prefix(Self.fetchesPerStep).map(overflowRequest))
        }
        switch cursor.phase {
        case .walk where cursor.past != nil: return Step([listRequest(.past)])
        case .walk: return Step([listRequest(cursor.windowFrom == nil ? .list : .window)])
        case .events:
            if !cursor.pending.isEmpty { return Step(cursor.pending.prefix(Self.fetchesPerStep).map(fetchRequest)) }
            return Step([eventsRequest(eventsPurpose)])
        case .idle: return Step([firstRequest])
        }
    }

    /// The request that begins an incremental read.
    private var firstRequest: PlatformRequest {
        if cursor.past != nil { return listRequest(.past) }
        guard hasEvents else {
            if windowStart != nil, !cursor.isWindowRefused || isLimitationOld { return listRequest(.window) }
            return listRequest(isPassDue ? .list : .head)
        }
        guard let since = cursor.eventsSince else { return listRequest(.list) }
        if cursor.eventLog == .filtered {
            let isOutdated = now - since > Self.eventsKeptSeconds
            let isRepassDue = now - (cursor.passStarted ?? 0) > Self.repassSeconds
            return isOutdated || isRepassDue ? listRequest(.list) : eventsRequest(.eventsFiltered)
        }
        if isLimitationOld { return eventsRequest(.eventsFiltered) }
        if cursor.eventLog == .unfiltered { return eventsRequest(.eventsUnfiltered) }
        return listRequest(isPassDue ? .list : .head)
    }

    private var eventsPurpose: Purpose { cursor.eventLog == .filtered ? .eventsFiltered : .eventsUnfiltered }
    var isLimitationOld: Bool { now - (cursor.limitationSeen ?? 0) > Self.limitationSeconds }
    var isPassDue: Bool {
        cursor.passPages <= Self.cheapPassPages
            || now - (cursor.passStarted ?? 0) >= cursor.passPages * Self.restSecondsPerPage
    }

    /// The lower bound of `created` for a stream without events.
    var windowStart: Int? { cursor.newestCreated.map { $0 - Self.windowSeconds } }

    private func listRequest(_ purpose: Purpose) -> PlatformRequest {
        var query = stream.query
        if purpose == .window, let from = cursor.windowFrom ?? windowStart {
            query.append(("created[gte]", String(from)))
        }
        if purpose == .past, let past = cursor.past, !cursor.isWindowRefused {
            if let from = past.from { query.append(("created[gte]", String(from))) }
            query.append(("created[lt]", String(past.before)))
        }
        query.append(("limit", "100"))
        if purpose != .head, let last = cursor.after.last { query.append(("starting_after", last)) }
        return request(path: stream.path, query: query, route: stream.path, purpose)
    }

    private func eventsRequest(_ purpose: Purpose) -> PlatformRequest {
        var query: [(name: String, value: String)] = []
        if purpose == .eventsFiltered { query += stream.eventTypes.map { ("types[]", $0) } }
        query.append(("created[gte]", String((cursor.eventsSince ?? 0) - Self.lookBackSeconds)))
        query.append(("limit", "100"))
        if let last = cursor.after.last { query.append(("starting_after", last)) }
        return request(path: "/v1/events", query: query, route: "/v1/events", purpose)
    }

    private func fetchRequest(_ id: String) -> PlatformRequest {
        request(path: "\(stream.path)/\(PercentEncoding.encode(id))", query: [], route: "\(stream.path)/{id}", .fetch)
    }

    private func overflowRequest(_ overflow: StripeCursor.Overflow) -> PlatformRequest {
        guard let nested = stream.nested else { preconditionFailure("only nested lists overflow") }
        var query: [(name: String, value: String)] = []
        if let parameter = nested.parameter { query.append((parameter, overflow.id)) }
        query.append(("limit", "100"))
        if let after = overflow.after { query.append(("starting_after", after)) }
        let path = nested.route.replacing("{id}", with: PercentEncoding.encode(overflow.id))
        return request(path: path, query: query, route: nested.route, .overflow)
    }

    private func request(
        path: String, query: [(name: String, value: String)], route: String, _ purpose: Purpose
    ) -> PlatformRequest {
        PlatformRequest(
            .get, path: path, query: query, headers: [("Stripe-Version", apiVersion), ("Accept", "application/json")],
            route: route, purpose: purpose.rawValue,
            demands: [BucketDemand(StripeStream.accountBucket), BucketDemand(Self.endpointBucket(route))])
    }

    static func endpointBucket(_ route: String) -> String { "GET \(route)" }

    // MARK: - What it means

    mutating func page(from exchanges: [Exchange]) throws(ReadFailure) -> Page {
        let replies = exchanges.map { StripeReply($0, rules: rules, resource: read.resource) }
        guard let first = replies.first, let purpose = Purpose(rawValue: first.request.purpose) else {
            throw ReadFailure(UnifiedError(.internalBug, "An answer came back to a request that nobody made."))
        }
        let beginsRead = cursor.phase == .idle && cursor.overflow.isEmpty
        if beginsRead {
            cursor.hasPassed = false
            cursor.beginWalk()
        }
        var page = Page(cursor: Cursor(json: ""), isCaughtUp: false)
        switch purpose {
        case .list, .window, .past, .head: try take(list: first, purpose, beginsRead: beginsRead, into: &page)
        case .eventsFiltered, .eventsUnfiltered: try take(events: first, purpose, into: &page)
        case .fetch: try take(fetched: replies, into: &page)
        case .overflow: try take(overflow: replies, into: &page)
        }
        return try finished(page)
    }

    /// The page with all that follows from the cursor it leaves behind.
    private func finished(_ page: Page) throws(ReadFailure) -> Page {
        var page = page
        page.cursor = try Cursor(encoding: cursor)
        page.isCaughtUp = cursor.phase == .idle && cursor.overflow.isEmpty
        if page.isCaughtUp, let through = cursor.syncedThrough {
            page.syncedThrough = Date(timeIntervalSince1970: Double(through))
        }
        if page.degradation == nil { page.degradation = limitation }
        return page
    }

    /// What this server keeps the stream from being read fully by.
    private var limitation: UnifiedError? {
        if cursor.isWindowRefused, !hasEvents || cursor.past != nil {
            return UnifiedError(
                .platformContractChanged,
                "The server does not filter this list by time: it is read whole, less often the longer it is.",
                route: stream.path)
        }
        switch cursor.eventLog {
        case .filtered: return nil
        case .unfiltered:
            return UnifiedError(
                .platformContractChanged,
                "The server does not filter events by type, so its event log is not relied on: the list is read whole.",
                route: "/v1/events")
        case .none:
            return UnifiedError(
                .platformEndpointGone,
                "The server has no usable event log: the list is read whole, and deletions are not seen.",
                route: "/v1/events")
        }
    }
}
