import FoundationEssentials
import RawJSON

/// One read of the products: each event has a list of its own, so the events are listed and the products of each.
///
/// page of events → the products of each of them → next page of events → …
struct PretixItems {
    private struct Progress: Codable {
        var startedAt: Date
        /// Where the list of events goes on; nil at its end.
        var events: String?
        /// The events still to be read, the one under way first.
        var left: [String]
        /// Where the list of the first one's products goes on.
        var items: String?
        /// Products so far, and since when everything that was read is true.
        var read: Int
        var bound: Date
        /// An event's list was refused.
        var isPartial: Bool?

        enum CodingKeys: String, CodingKey {
            case startedAt = "started_at"
            case events, left, items, read, bound
            case isPartial = "is_partial"
        }
    }

    /// What is kept between two walks.
    private struct State: Codable {
        var walk: Progress?
        /// Whether the last complete walk met any.
        var hasItems: Bool
        var isHiding: Bool?

        enum CodingKeys: String, CodingKey {
            case walk
            case hasItems = "has_items"
            case isHiding = "is_hiding"
        }
    }

    /// The name of the event in the path, and so of the setting that stands for it.
    static let event = "event"

    private let read: StreamRead
    private let platform: PretixPlatform
    private var state: State

    init(_ read: StreamRead, of platform: PretixPlatform) {
        self.read = read
        self.platform = platform
        state = read.cursor?.decode(State.self) ?? State(walk: nil, hasItems: false)
    }

    func step() throws(ReadFailure) -> Step { try reading().step() }

    /// The list that is under way, as a read of its own.
    private func reading() throws(ReadFailure) -> ListReading {
        guard let walk = state.walk, let event = walk.left.first else {
            return try ListReading(inner("events", state.walk?.events, event: nil), of: platform)
        }
        return try ListReading(inner("items", walk.items, event: event), of: platform)
    }

    private func inner(_ resource: String, _ cursor: String?, event: String?) -> StreamRead {
        var settings = read.settings
        settings[Self.event] = event
        return StreamRead(
            resource: resource, cursor: cursor.map(Cursor.init(json:)), settings: settings, now: read.now,
            rules: read.rules)
    }

    mutating func page(from exchanges: [Exchange]) throws(ReadFailure) -> Page {
        var reading = try reading()
        let event = state.walk?.left.first
        let page: Page
        do throws(ReadFailure) {
            page = try reading.page(from: exchanges)
        } catch {
            guard let event, [403, 404].contains(error.error.httpStatus), error.goOnWith == nil else {
                throw try outer(error)
            }
            return try skip(event, error)
        }
        if let event { return try items(page, of: event) }
        return try events(page, at: PlatformTime.floor(exchanges.first?.response.requestedAt ?? read.now))
    }

    /// A failure of a list that says where to go on, said of the whole walk.
    private func outer(_ failure: ReadFailure) throws(ReadFailure) -> ReadFailure {
        guard let next = failure.goOnWith, var walk = state.walk else { return failure }
        if walk.left.isEmpty { walk.events = next.json } else { walk.items = next.json }
        return ReadFailure(
            failure.error, lessons: failure.lessons,
            goOnWith: try Cursor(encoding: State(walk: walk, hasItems: state.hasItems, isHiding: state.isHiding)))
    }

    private mutating func events(_ page: Page, at began: Date) throws(ReadFailure) -> Page {
        var walk = state.walk ?? Progress(startedAt: began, left: [], read: 0, bound: began)
        walk.left = page.records.map(\.id)
        walk.events = page.isCaughtUp ? nil : page.cursor.json
        return try going(on: walk, records: [], page)
    }

    private mutating func items(_ page: Page, of event: String) throws(ReadFailure) -> Page {
        guard var walk = state.walk else { throw ReadFailure(UnifiedError(.internalBug, "there is no walk")) }
        walk.items = page.isCaughtUp ? nil : page.cursor.json
        if page.isCaughtUp { walk.left.removeFirst() }
        walk.read += page.records.count
        let records = page.records.map {
            Record(
                resource: $0.resource, id: event + ":" + $0.id, updatedAt: $0.updatedAt, createdAt: $0.createdAt,
                payload: $0.payload, fetchedAt: $0.fetchedAt)
        }
        return try going(on: walk, records: records, page)
    }

    /// The event was listed and is refused: it was deleted meanwhile, or its permission was taken away. Which of them is
    /// not said, so nothing is taken for deleted this time.
    private mutating func skip(_ event: String, _ failure: ReadFailure) throws(ReadFailure) -> Page {
        guard var walk = state.walk else { throw failure }
        walk.items = nil
        walk.left.removeFirst()
        walk.isPartial = true
        var page = Page(cursor: Cursor(json: "{}"), isCaughtUp: true, lessons: failure.lessons)
        page.flags = [failure.error]
        return try going(on: walk, records: [], page)
    }

    private mutating func going(on walk: Progress, records: [Record], _ page: Page) throws(ReadFailure) -> Page {
        let isLast = walk.left.isEmpty && walk.events == nil
        state.walk = isLast ? nil : walk
        var isComplete = false
        if isLast {
            state.isHiding = walk.isPartial ?? (state.hasItems && walk.read == 0) ? true : nil
            isComplete = state.isHiding == nil
            if isComplete { state.hasItems = walk.read > 0 }
        }
        return Page(
            records: records, cursor: try Cursor(encoding: state), isCaughtUp: isLast,
            syncedThrough: isLast ? walk.bound : nil, lessons: page.lessons, flags: page.flags,
            degradation: isLast && !isComplete
                ? UnifiedError(
                    .authScopeMissing, "products of events are hidden: a permission was probably taken away",
                    route: PretixPlatform.items.path) : nil,
            sweep: SweepPart(startedAt: walk.startedAt, resources: [read.resource], isComplete: isComplete),
            coverage: isLast
                ? [
                    Coverage(
                        resource: read.resource, from: nil, to: walk.bound, platformCount: nil,
                        distinctCount: walk.read)
                ] : [])
    }
}
