import FoundationEssentials
import RawJSON

/// One read of one list at one cursor: which page comes next, and what an answer changes.
///
/// first read: all there is, as a sweep → later reads: what changed since, with an overlap → now and then all again
///
/// A read of the past is one walk over its window, and nothing follows it.
///
/// The lower bound alone is given, so records only ever enter the list while it is walked, never leave it, unless they
/// are deleted; see ``RecordList/Paging/link(member:count:)`` for those.
struct ListReading {
    /// A walk under way, and up to when everything was read before it.
    fileprivate struct Progress: Codable {
        struct Walk: Codable {
            let startedAt: Date
            /// Up to when everything is known once the walk has ended.
            var bound: Date
            /// Where it lists from; nil for all there is.
            let from: Date?
            /// The next page, in the paging's terms.
            var next: String
            var count: Int?
            /// Records on the pages so far, each once, and those among them that are never deleted.
            var read: Int
            var lasting: Int
            /// The identifiers on the last page: what entered the list since pushes them onto the next one again.
            var last: [String]
            /// How often the walk was begun again.
            var restarts: Int
            /// It got shorter once more, and was taken as it came: what it has not met may be there all the same.
            var isShaken: Bool?

            enum CodingKeys: String, CodingKey {
                case startedAt = "started_at"
                case bound, from, next, count, read, lasting, last, restarts
                case isShaken = "shaken"
            }
        }

        struct Past: Codable {
            let from: Date?
            let to: Date
        }

        var through: Date?
        var sweptAt: Date?
        /// How many records that are never deleted the last complete sweep met.
        var lasting: Int?
        /// A later one met fewer.
        var isHiding: Bool?
        var walk: Walk?
        var restarts: Int?
        /// What is read is this window, and not the stream.
        var past: Past?

        enum CodingKeys: String, CodingKey {
            case through, past
            case sweptAt = "swept_at"
            case lasting
            case isHiding = "is_hiding"
            case walk, restarts
        }
    }

    private let read: StreamRead
    private let list: RecordList
    private let rules: RuleBook
    private let limits: [LimitHeaders]
    private let path: String
    private var progress: Progress

    /// A list that changes faster than it can be walked is taken as it comes after so many tries.
    private static let restartsMax = 3

    init(_ read: StreamRead, of platform: some ListPlatform) throws(ReadFailure) {
        guard let list = platform.lists.first(where: { $0.resource.name == read.resource }) else {
            throw ReadFailure(UnifiedError(.internalBug, "there is no list \(read.resource)"))
        }
        self.read = read
        self.list = list
        rules = read.rules ?? platform.ownRules
        limits = platform.limitHeaders
        path = try Self.path(list.path, platform.settings, read.settings)
        progress = read.cursor?.decode(Progress.self) ?? Progress()
    }

    /// With the connection's settings in it, each percent-encoded.
    private static func path(
        _ template: String, _ declared: [Setting], _ settings: [String: String]
    ) throws(ReadFailure) -> String {
        var path = template
        while let open = path.firstIndex(of: "{"), let close = path[open...].firstIndex(of: "}") {
            let name = String(path[path.index(after: open)..<close])
            guard let value = settings[name] ?? declared.first(where: { $0.name == name })?.standard, !value.isEmpty
            else { throw ReadFailure(UnifiedError(.configInvalid, "the setting \(name) is missing")) }
            path.replaceSubrange(open...close, with: PercentEncoding.encode(value))
        }
        return path
    }

    // MARK: - The past

    func cursor(reading window: Window) throws(ReadFailure) -> Cursor {
        var next = Progress()
        let to = PlatformTime.floor(window.to)
        next.past = Progress.Past(
            from: window.from.map(PlatformTime.floor), to: to < window.to ? to.addingTimeInterval(1) : to)
        return try Cursor(encoding: next)
    }

    /// A list that cannot be asked for changes is read as a whole.
    func cursor(startingAt start: Date) throws(ReadFailure) -> Cursor {
        var next = Progress()
        if list.since != nil { (next.through, next.sweptAt) = (start, read.now) }
        return try Cursor(encoding: next)
    }

    // MARK: - What to ask

    func step() -> Step {
        guard let walk = progress.walk else { return Step([request(firstQuery(from: start))]) }
        var query: [(name: String, value: String)] = []
        switch list.paging {
        case .token(_, let parameter): query = firstQuery(from: walk.from) + [(parameter, walk.next)]
        case .link, .linkHeader, .whole: query = Self.decoded(walk.next) ?? firstQuery(from: walk.from)
        }
        return Step([request(query)])
    }

    /// Where the next walk lists from; nil: all there is.
    private var start: Date? {
        guard let since = list.since, let through = progress.through, let sweptAt = progress.sweptAt else { return nil }
        if let every = list.sweepEvery, read.now.timeIntervalSince(sweptAt) >= every.seconds { return nil }
        return through.addingTimeInterval(-since.overlap.seconds)
    }

    private func firstQuery(from start: Date?) -> [(name: String, value: String)] {
        func others(_ query: [(name: String, value: String)], than names: [(name: String, value: String)])
            -> [(name: String, value: String)]
        { query.filter { item in !names.contains { $0.name == item.name } } }
        if let past = progress.past, let history = list.history {
            let bounds = [
                past.from.map { (name: history.from, value: PlatformTime.format($0)) },
                (name: history.to, value: PlatformTime.format(past.to)),
            ]
            return others(list.query, than: history.query) + history.query + bounds.compactMap { $0 }
        }
        guard let since = list.since else { return list.query }
        guard let start else { return list.query + others(since.query, than: list.query) }
        return others(list.query, than: since.query) + since.query
            + [(since.parameter, PlatformTime.format(start))]
    }

    private func request(_ query: [(name: String, value: String)]) -> PlatformRequest {
        PlatformRequest(
            .get, path: path, query: query, headers: list.headers, route: list.path, purpose: "list",
            demands: list.demands)
    }

    // MARK: - What it means

    mutating func page(from exchanges: [Exchange]) throws(ReadFailure) -> Page {
        guard let exchange = exchanges.first else {
            throw ReadFailure(UnifiedError(.internalBug, "an answer came back to a request that nobody made"))
        }
        let lessons = lessons(in: exchange.response)
        if let error = rules.failure(in: exchange, now: read.now, operation: "list", resource: read.resource) {
            throw failure(error, lessons: lessons + blocks(for: error, exchange.request))
        }
        let found = try records(in: exchange)
        var walk = progress.walk ?? begun(exchange)
        let count = found.count ?? walk.count
        let isShorter = walk.count.flatMap { before in count.map { $0 < before } } ?? false
        if isShorter, walk.restarts < Self.restartsMax { return try again(walk, lessons) }
        if isShorter { walk.isShaken = true }
        walk.add(found, count: count, next: found.next)
        return try page(found, walk, lessons)
    }

    /// What a page with records comes to, and the end of the walk where it is the last.
    private mutating func page(_ found: Found, _ walk: Progress.Walk, _ lessons: [LimitLesson]) throws(ReadFailure)
        -> Page
    {
        let isPast = progress.past != nil
        let (isSweep, isLast) = (walk.from == nil && !isPast, found.next == nil)
        progress.walk = isLast ? nil : walk
        progress.restarts = nil
        var isComplete = false
        if isLast, !isPast {
            progress.through = walk.bound
            if isSweep {
                progress.sweptAt = walk.startedAt
                let lasting = lasting(in: walk)
                progress.isHiding = lasting < progress.lasting ?? 0 ? true : nil
                isComplete = progress.isHiding == nil && walk.isShaken != true
                if isComplete, list.lasting != nil { progress.lasting = lasting }
            }
        }
        return Page(
            records: found.records, cursor: try Cursor(encoding: progress), isCaughtUp: isLast,
            syncedThrough: isLast && !isPast ? walk.bound : nil, lessons: lessons, flags: found.flags,
            degradation: isLast && progress.isHiding == true ? hiding : nil,
            sweep: isSweep
                ? SweepPart(startedAt: walk.startedAt, resources: [read.resource], isComplete: isComplete) : nil,
            coverage: isLast ? [coverage(of: walk)] : [])
    }

    private func lasting(in walk: Progress.Walk) -> Int {
        switch list.lasting {
        case .unless: walk.lasting
        case .one: min(walk.read, 1)
        case nil: 0
        }
    }

    private var hiding: UnifiedError {
        UnifiedError(
            .authScopeMissing,
            "records that are never deleted are missing from the list: a permission was probably taken away",
            route: list.path)
    }

    /// A place in the list that there is no more is a reason to begin again, as one that was cut short.
    private func failure(_ error: UnifiedError, lessons: [LimitLesson]) -> ReadFailure {
        guard error.code == .requestCursorExpired, let walk = progress.walk, walk.restarts < Self.restartsMax else {
            return ReadFailure(error, lessons: lessons)
        }
        var next = progress
        next.walk = nil
        next.restarts = walk.restarts + 1
        return ReadFailure(error, lessons: lessons, goOnWith: try? Cursor(encoding: next))
    }

    /// The walk that the request began. What the answer means does not depend on when it is looked at.
    private func begun(_ exchange: Exchange) -> Progress.Walk {
        let response = exchange.response
        var bound = response.requestedAt
        let from = list.since.flatMap { since in exchange.request.query.last { $0.name == since.parameter } }
        switch list.since?.bound {
        case .request(let less): bound.addTimeInterval(-less.seconds)
        case .header(let name):
            // A server whose clock is ahead would have later reads ask for what is yet to come.
            bound = min(bound, response.header(name).flatMap { PlatformTime.parse($0, zoneless: 0) } ?? bound)
        case nil: break
        }
        return Progress.Walk(
            startedAt: PlatformTime.floor(response.requestedAt), bound: bound,
            from: from.flatMap { PlatformTime.parse($0.value) }, next: "", count: nil, read: 0, lasting: 0, last: [],
            restarts: progress.restarts ?? 0)
    }

    /// The list got shorter while it was walked: what is on pages that were read may be on none that will be.
    private mutating func again(_ walk: Progress.Walk, _ lessons: [LimitLesson]) throws(ReadFailure) -> Page {
        progress.walk = nil
        progress.restarts = walk.restarts + 1
        return Page(cursor: try Cursor(encoding: progress), isCaughtUp: false, lessons: lessons)
    }

    /// The platform counts pages of a list in motion: its count is proof where nothing moved, and none otherwise.
    private func coverage(of walk: Progress.Walk) -> Coverage {
        Coverage(
            resource: read.resource, from: progress.past.map(\.from) ?? walk.from, to: progress.past?.to ?? walk.bound,
            platformCount: walk.count == walk.read && walk.isShaken != true ? walk.count : nil, distinctCount: walk.read
        )
    }

    fileprivate struct Found {
        var records: [Record] = []
        /// Identifiers of those among them that are never deleted.
        var lasting: Set<String> = []
        var flags: [UnifiedError] = []
        var next: String?
        var count: Int?
    }

    private func records(in exchange: Exchange) throws(ReadFailure) -> Found {
        guard let root = try? JSONDocument(exchange.response.body).root,
            let array = list.records.map({ root[$0] }) ?? root, array.kind == .array,
            let elements = try? array.elements()
        else { throw ReadFailure(malformed(exchange, "the answer holds no list of records")) }
        var found = Found()
        for element in elements {
            guard let id = element.value(at: list.shape.id)?.identifier, !id.isEmpty else {
                found.flags.append(malformed(exchange, "a record has no identifier"))
                continue
            }
            switch list.lasting {
            case .unless(let member) where element.value(at: member)?.bool != true: found.lasting.insert(id)
            case .unless, .one, nil: break
            }
            found.records.append(
                Record(
                    resource: read.resource, id: id, updatedAt: element.time(at: list.shape.updatedAt),
                    createdAt: element.time(at: list.shape.createdAt), payload: element.slice,
                    fetchedAt: exchange.response.requestedAt))
        }
        switch list.paging {
        case .link(let member, let count, let more):
            found.count = count.flatMap { root[$0]?.int64 }.flatMap { Int(exactly: $0) }
            found.next = try root[member]?.string.map { link throws(ReadFailure) in try query(of: link, exchange) }
            if found.next == nil, more.flatMap({ root[$0]?.bool }) == true {
                throw ReadFailure(malformed(exchange, "the list goes on, and the answer does not say where"))
            }
        case .linkHeader:
            let link = exchange.response.header("Link").flatMap(LinkHeader.next)
            found.next = try link.map { link throws(ReadFailure) in try query(of: link, exchange) }
        case .token(let member, _): found.next = root.value(at: member)?.string.flatMap { $0.isEmpty ? nil : $0 }
        case .whole: break
        }
        return found
    }

    /// Of an address that an answer gave nothing is believed but its query: where to go is the connection's to say.
    private func query(of link: String, _ exchange: Exchange) throws(ReadFailure) -> String {
        guard let mark = link.firstIndex(of: "?"), Self.decoded(String(link[link.index(after: mark)...])) != nil else {
            throw ReadFailure(malformed(exchange, "the link to the next page has no query"))
        }
        let query = String(link[link.index(after: mark)...])
        if let walk = progress.walk, walk.next == query {
            throw ReadFailure(malformed(exchange, "the link to the next page leads to the same page"))
        }
        return query
    }

    private static func decoded(_ query: String) -> [(name: String, value: String)]? {
        guard !query.isEmpty else { return nil }
        var parts = URLComponents()
        // Assigning what is no query would end the process.
        guard query.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }),
            !query.contains(/%(?![0-9A-Fa-f]{2})/)
        else { return nil }
        parts.percentEncodedQuery = query.replacing("+", with: "%20")
        return parts.queryItems.map { $0.map { ($0.name, $0.value ?? "") } }
    }

    private func malformed(_ exchange: Exchange, _ sentence: String) -> UnifiedError {
        UnifiedError(
            .dataMalformed, sentence, httpStatus: exchange.response.status, route: list.path,
            evidence: exchange.response.body.start)
    }

    private func lessons(in response: PlatformResponse) -> [LimitLesson] {
        limits.compactMap { limit in
            guard let text = response.header(limit.remaining), let left = Double(text), left.isFinite, left >= 0 else {
                return nil
            }
            var reset: Duration?
            if let source = limit.reset, case .header(let name) = source.place {
                reset = response.header(name).flatMap { source.wait(in: $0, now: read.now) }
            }
            return .remaining(bucket: limit.bucket, count: left, resetsIn: reset)
        }
    }

    private func blocks(for error: UnifiedError, _ request: PlatformRequest) -> [LimitLesson] {
        guard error.code.fault == .quota else { return [] }
        return request.demands.flatMap { demand -> [LimitLesson] in
            let refused = LimitLesson.throttled(bucket: demand.bucket)
            return error.retryAfter.map { [refused, .blocked(bucket: demand.bucket, for: $0)] } ?? [refused]
        }
    }
}

extension ListReading.Progress.Walk {
    /// A cursor is small, and few records enter a list between two pages.
    private static let lastMax = 100

    /// Counts a page; what stood on the page before it is not counted twice.
    fileprivate mutating func add(_ found: ListReading.Found, count: Int?, next: String?) {
        let before = Set(last)
        let ids = found.records.map(\.id)
        self.count = count
        read += Set(ids).subtracting(before).count
        lasting += found.lasting.subtracting(before).count
        last = Array(ids.suffix(Self.lastMax))
        if let next { self.next = next }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension JSONValue {
    /// The value that dots lead to.
    func value(at path: String) -> JSONValue? {
        var value = self
        for name in path.split(separator: ".") {
            guard let next = value[String(name)] else { return nil }
            value = next
        }
        return value
    }

    func time(at path: String?) -> Date? {
        path.flatMap { value(at: $0)?.string }.flatMap { PlatformTime.parse($0, zoneless: 0) }
    }
}

/// The header that leads from page to page, RFC 8288.
package enum LinkHeader {
    /// The address of the relation `next`.
    package static func next(in header: String) -> String? {
        for link in header.split(separator: ",") {
            guard let open = link.firstIndex(of: "<"), let close = link[open...].firstIndex(of: ">") else { continue }
            let parameters = link[close...].dropFirst().filter { $0 != " " && $0 != "\"" && $0 != "'" }.lowercased()
            if parameters.split(separator: ";").contains("rel=next") {
                return String(link[link.index(after: open)..<close])
            }
        }
        return nil
    }
}
