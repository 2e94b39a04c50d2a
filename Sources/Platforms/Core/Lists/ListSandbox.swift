import FoundationEssentials
import RawJSON

/// What a simulated merchant of a ``ListPlatform`` is made of: the folder says how its records look and how its server
/// answers, ``ListSandboxStore`` lists, filters, pages, changes and counts.
struct ListSandbox {
    /// The facts a record is written from.
    struct Facts {
        let index: Int
        let createdAt: Date
        let updatedAt: Date
        /// How often it was changed.
        let revision: Int
        /// How many of each kind there were at first, for references: what a record says must not change with others.
        let counts: [String: Int]
        /// Random numbers of this record alone, the same every time it is written.
        var random: SeededRandom
    }

    /// One kind of record.
    struct Kind {
        let resource: String
        /// How many there are where nobody says.
        let usual: Int
        /// Whether records of it can be deleted.
        let isDeletable: Bool
        /// Whether a change of it moves its time of change.
        let isDated: Bool
        /// Where the list is one of many, the record it is a list of: what stands in the path's last pair of braces.
        let parent: (@Sendable (Int) -> String)?
        let id: @Sendable (Int) -> String
        /// The record as JSON.
        let json: @Sendable (inout Facts) -> String

        init(
            _ resource: String, usual: Int, isDeletable: Bool = false, isDated: Bool = true,
            parent: (@Sendable (Int) -> String)? = nil, id: @escaping @Sendable (Int) -> String,
            json: @escaping @Sendable (inout Facts) -> String
        ) {
            self.isDated = isDated
            self.parent = parent
            self.resource = resource
            self.usual = usual
            self.isDeletable = isDeletable
            self.id = id
            self.json = json
        }
    }

    /// What an answer says besides its records.
    struct Found {
        let records: [String]
        /// The query of the next page.
        let next: String?
        let count: Int
        let path: String
        let baseURL: String
        let now: Date
        /// Only the headers are asked for.
        let isHead: Bool
    }

    /// Pages that are counted from 1, over a list that may move between them.
    struct Pages {
        let parameter: String
        /// Whether a request wants the newest first.
        let isDescending: (SandboxRequest) -> Bool
        /// The answer to a page that there is not.
        let beyond: (SandboxRequest) -> SandboxResponse
    }

    let kinds: [Kind]
    let lists: [RecordList]
    /// Nil where pages go on behind the last record shown.
    let pages: Pages?
    /// A list that is not asked for in the order that is safe to walk in comes with the newest first, and what changes
    /// while it is walked moves to its front.
    let isNewestFirst: Bool
    /// The parameter for the end of what is asked for, which is inclusive; nil where there is none.
    let until: String?
    /// Whether the end of a window of the past is part of it.
    let isPastEndInclusive: Bool
    /// The platform's, for the truth.
    let neverStored: NeverStored
    /// The parameter for the size of a page, what holds where it is not sent, and the most there is.
    let size: (parameter: String, usual: Int, most: Int)
    /// Why a request is refused before anything is looked up; nil where it is not.
    let refusal: (SandboxRequest, SandboxOptions) -> SandboxResponse?
    let answer: (Found) -> SandboxResponse
    /// So many requests in so long; nil for a server that counts none.
    let limit: (requests: Double, length: Duration)?
    let throttled: (_ reset: Date) -> SandboxResponse
    /// Headers with the state of the limit.
    let limitHeaders: (_ remaining: Int, _ reset: Date) -> [(name: String, value: String)]

    init(
        kinds: [Kind], lists: [RecordList], size: (parameter: String, usual: Int, most: Int), pages: Pages? = nil,
        isNewestFirst: Bool = false, until: String? = nil, isPastEndInclusive: Bool = true,
        neverStored: NeverStored = .nothing,
        refusal: @escaping (SandboxRequest, SandboxOptions) -> SandboxResponse?,
        answer: @escaping (Found) -> SandboxResponse, limit: (requests: Double, length: Duration)? = nil,
        throttled: @escaping (_ reset: Date) -> SandboxResponse = { _ in .json(429, #"{"error":"too many"}"#) },
        limitHeaders: @escaping (_ remaining: Int, _ reset: Date) -> [(name: String, value: String)] = { _, _ in [] }
    ) {
        self.pages = pages
        self.isNewestFirst = isNewestFirst
        self.until = until
        self.isPastEndInclusive = isPastEndInclusive
        self.neverStored = neverStored
        self.kinds = kinds
        self.lists = lists
        self.size = size
        self.refusal = refusal
        self.answer = answer
        self.limit = limit
        self.throttled = throttled
        self.limitHeaders = limitHeaders
    }
}

extension SandboxResponse {
    static func json(
        _ status: Int, _ text: String, headers: [(name: String, value: String)] = []
    ) -> SandboxResponse {
        SandboxResponse(
            status: status, headers: [("Content-Type", "application/json")] + headers, body: Array(text.utf8))
    }
}

/// A simulated merchant whose resources are all lists.
///
/// Records are made from the seed when somebody asks for them; only what was changed since is kept. A list that is
/// asked for what changed goes by time of change, others by the order in which records came to be; pages are counted
/// where the plan says so, else they go on behind the last record shown, as cursors of real servers do.
///
/// A word that every plan knows: `ignores: created_before`, the parameters that the server takes no notice of.
final class ListSandboxStore: SandboxStore {
    private struct Entry {
        let created: Int
        var updated: Int
        var revision = 0
        var isDeleted = false
    }

    private struct Shelf {
        let kind: ListSandbox.Kind
        var entries: [Entry]
        /// Living records by time of change; made when first needed after a change.
        var byChange: [Int]?
    }

    private(set) var counters = SandboxCounters()
    private let plan: ListSandbox
    private let options: SandboxOptions
    private let counts: [String: Int]
    private let ignored: Set<String>
    private var shelves: [String: Shelf] = [:]
    private var random: SeededRandom
    /// When the requests of the last window came.
    private var requestTimes: [Date] = []

    private static let spanSeconds = 400 * 86_400

    init(_ plan: ListSandbox, _ options: SandboxOptions) {
        self.plan = plan
        self.options = options
        random = SeededRandom(seed: options.seed ^ 0x1157)
        ignored = Set((options.quirks["ignores"] ?? "").split(separator: ",").map(String.init))
        let start = Int(options.startsAt.timeIntervalSince1970)
        counts = Dictionary(
            plan.kinds.map { ($0.resource, options.sizes[$0.resource] ?? $0.usual) }, uniquingKeysWith: { $1 })
        for kind in plan.kinds {
            let count = counts[kind.resource] ?? 0
            let entries = (0..<count).map { index in
                let created = start - (count - index) * Self.spanSeconds / max(1, count)
                return Entry(created: created, updated: created)
            }
            shelves[kind.resource] = Shelf(kind: kind, entries: entries)
        }
    }

    // MARK: - Records

    private func json(_ shelf: Shelf, _ index: Int) -> String {
        let entry = shelf.entries[index]
        var facts = ListSandbox.Facts(
            index: index, createdAt: Date(timeIntervalSince1970: Double(entry.created)),
            updatedAt: Date(timeIntervalSince1970: Double(entry.updated)), revision: entry.revision,
            counts: counts,
            random: SeededRandom(
                seed: options.seed ^ UInt64(truncatingIfNeeded: index &* 0x9E37 &+ entry.revision)
                    ^ UInt64(shelf.kind.resource.utf8.reduce(7) { $0 &* 31 &+ Int($1) })))
        let json = shelf.kind.json(&facts)
        guard options.spoiltShare > 0, Double.random(in: 0..<1, using: &facts.random) < options.spoiltShare else {
            return json
        }
        let shapes = plan.lists.filter { $0.resource.name == shelf.kind.resource }.map(\.shape)
        let names = shapes.flatMap { [$0.id, $0.updatedAt, $0.createdAt] }
            .compactMap { $0?.split(separator: ".").last.map(String.init) }
        return ListSandboxSpoiler.spoilt(json, keeping: Set(names), using: &facts.random)
    }

    func truth(resource: String) -> [SandboxRecord] {
        guard let shelf = shelves[resource] else { return [] }
        return shelf.entries.indices.filter { !shelf.entries[$0].isDeleted }.map { index in
            let parent = shelf.kind.parent.map { $0(index) + ":" } ?? ""
            var payload = Array(json(shelf, index).utf8)
            if case .cut(let left)? = plan.neverStored[resource]?.cut(payload) { payload = left }
            return SandboxRecord(resource: resource, id: parent + shelf.kind.id(index), payload: payload)
        }
    }

    func change(count: Int, now: Date) {
        let second = Int(now.timeIntervalSince1970)
        for _ in 0..<max(0, count) {
            let kind = plan.kinds[Int.random(in: 0..<plan.kinds.count, using: &random)]
            guard var shelf = shelves[kind.resource] else { continue }
            shelf.byChange = nil
            let roll = Int.random(in: 0..<100, using: &random)
            if roll < 14 || shelf.entries.isEmpty {
                shelf.entries.append(Entry(created: second, updated: second))
            } else {
                let index = Int.random(in: 0..<shelf.entries.count, using: &random)
                if !shelf.entries[index].isDeleted {
                    shelf.entries[index].revision += 1
                    if kind.isDated { shelf.entries[index].updated = second }
                    if kind.isDeletable, roll < 20 { shelf.entries[index].isDeleted = true }
                }
            }
            shelves[kind.resource] = shelf
        }
    }

    // MARK: - Requests

    func respond(to request: SandboxRequest, now: Date) -> SandboxResponse {
        counters.requests += 1
        if let refusal = plan.refusal(request, options) {
            counters.refused += 1
            return refusal
        }
        guard let state = countedIn(now) else {
            counters.throttled += 1
            return plan.throttled(resetTime(now))
        }
        guard ["GET", "HEAD"].contains(request.method), let list = list(for: request) else {
            counters.refused += 1
            return .json(404, #"{"error":{"type":"not_found","message":"Not found."},"detail":"Not found."}"#)
        }
        var answer = page(of: list, request, now)
        answer.headers += plan.limitHeaders(state.remaining, state.reset)
        if request.method == "HEAD" { answer.body = [] }
        return answer
    }

    /// Of several lists with one path the one whose query is the request's.
    private func list(for request: SandboxRequest) -> RecordList? {
        plan.lists.filter { Self.matches($0.path, request.path) }.max { one, other in
            func likeness(_ list: RecordList) -> Int {
                list.query.count { item in request.query.contains { $0 == item } }
            }
            return likeness(one) < likeness(other)
        }
    }

    private static func matches(_ template: String, _ path: String) -> Bool {
        let (one, other) = (
            template.split(separator: "/", omittingEmptySubsequences: false),
            path.split(separator: "/", omittingEmptySubsequences: false)
        )
        return one.count == other.count && zip(one, other).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
    }

    private func countedIn(_ now: Date) -> (remaining: Int, reset: Date)? {
        guard let limit = plan.limit else { return (Int.max, now) }
        let most = limit.requests * options.limitFactor
        requestTimes.removeAll { now.timeIntervalSince($0) >= limit.length.seconds }
        guard Double(requestTimes.count) < most else { return nil }
        if options.limitFactor <= 1000 { requestTimes.append(now) }
        return (Int(most) - requestTimes.count, resetTime(now))
    }

    private func resetTime(_ now: Date) -> Date {
        (requestTimes.first ?? now).addingTimeInterval(plan.limit?.length.seconds ?? 0)
    }

    private func page(of list: RecordList, _ request: SandboxRequest, _ now: Date) -> SandboxResponse {
        guard let shelf = shelves[list.resource.name] else { return .json(404, "{}") }
        func value(_ name: String) -> String? {
            ignored.contains(name) ? nil : request.query.last { $0.name == name }?.value
        }
        func time(_ name: String) -> Int? {
            value(name).flatMap { PlatformTime.parse($0, zoneless: 0) }.map { Int($0.timeIntervalSince1970) }
        }
        let size = min(plan.size.most, value(plan.size.parameter).flatMap { Int($0) } ?? plan.size.usual)
        let past = list.history.flatMap { Self.asks(for: $0, of: list, value) ? $0 : nil }
        let isByChange = list.since.map { $0.query.allSatisfy { value($0.name) == $0.value } } ?? false
        let isBackwards = plan.isNewestFirst && !isByChange && past == nil
        // The first parameter of the safe order says what it is sorted by.
        let isSortedByChange = list.since?.query.first.map { value($0.name) == $0.value } ?? false
        let goesByChange = past.map { $0.history.clock == .changed } ?? (isByChange || isBackwards && isSortedByChange)
        var order =
            goesByChange ? ordered(list.resource.name) : shelf.entries.indices.filter { !shelf.entries[$0].isDeleted }
        if isBackwards { order.reverse() }
        if let parent = shelf.kind.parent {
            let asked = Self.parent(in: list.path, request.path)
            order = order.filter { parent($0) == asked }
        }
        let bound = (past?.from ?? list.since?.parameter).flatMap(time) ?? .min
        var end = (past?.to ?? plan.until).flatMap(time) ?? .max
        if past != nil, !plan.isPastEndInclusive, end != .max { end -= 1 }
        let wanted = order.filter { index in
            let entry = shelf.entries[index]
            let isByCreation = past.map { $0.history.clock == .created } ?? (isBackwards && !goesByChange)
            let time = isByCreation ? entry.created : entry.updated
            return time >= bound && time <= end
        }
        if let pages = plan.pages { return page(pages, of: wanted, shelf, size, request, now) }
        let after = value("cursor").flatMap(Self.place)
        var rest = wanted[...]
        if let after {
            rest = rest.drop { index in
                let entry = (goesByChange ? shelf.entries[index].updated : 0, index)
                let last = (goesByChange ? after.updated : 0, after.index)
                return isBackwards ? entry >= last : entry <= last
            }
        }
        let shown = rest.prefix(size)
        var next: String?
        if let last = shown.last, rest.count > shown.count {
            next = Self.query(of: request, with: "cursor", "\(shelf.entries[last].updated):\(last)")
        }
        return answer(Array(shown), shelf, next, wanted.count, request, now)
    }

    /// Whether a request asks for a window of the past: in the order that is safe for one, or by parameters that nothing
    /// else has.
    private static func asks(
        for past: RecordList.Past, of list: RecordList, _ value: (String) -> String?
    ) -> Bool {
        guard past.query.allSatisfy({ value($0.name) == $0.value }) else { return false }
        return [past.from, past.to].contains { $0 != list.since?.parameter && value($0) != nil }
    }

    private func page(
        _ pages: ListSandbox.Pages, of wanted: [Int], _ shelf: Shelf, _ size: Int, _ request: SandboxRequest,
        _ now: Date
    ) -> SandboxResponse {
        let number = request.query.last { $0.name == pages.parameter }.map { Int($0.value) ?? 0 } ?? 1
        let pageCount = max(1, (wanted.count + size - 1) / max(1, size))
        guard (1...pageCount).contains(number) else {
            counters.refused += 1
            return pages.beyond(request)
        }
        let start = (number - 1) * size
        let places = start..<min(start + size, wanted.count)
        let shown =
            pages.isDescending(request)
            ? places.map { wanted[wanted.count - 1 - $0] } : Array(wanted[places])
        let next = number < pageCount ? Self.query(of: request, with: pages.parameter, "\(number + 1)") : nil
        return answer(shown, shelf, next, wanted.count, request, now)
    }

    private func answer(
        _ shown: [Int], _ shelf: Shelf, _ next: String?, _ count: Int, _ request: SandboxRequest, _ now: Date
    ) -> SandboxResponse {
        plan.answer(
            ListSandbox.Found(
                records: shown.map { json(shelf, $0) }, next: next, count: count, path: request.path,
                baseURL: request.baseURL, now: now, isHead: request.method == "HEAD"))
    }

    /// The request's query with one parameter set.
    private static func query(of request: SandboxRequest, with name: String, _ value: String) -> String {
        (request.query.filter { $0.name != name } + [(name, value)])
            .map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }.joined(separator: "&")
    }

    /// What stands where the template has its last pair of braces.
    private static func parent(in template: String, _ path: String) -> String? {
        Array(zip(template.split(separator: "/"), path.split(separator: "/"))).last { $0.0.hasPrefix("{") }
            .map { String($0.1) }
    }

    private static func place(_ cursor: String) -> (updated: Int, index: Int)? {
        let parts = cursor.split(separator: ":").compactMap { Int($0) }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    private func ordered(_ resource: String) -> [Int] {
        guard let shelf = shelves[resource] else { return [] }
        if let known = shelf.byChange { return known }
        let made = shelf.entries.indices.filter { !shelf.entries[$0].isDeleted }
            .sorted { (shelf.entries[$0].updated, $0) < (shelf.entries[$1].updated, $1) }
        shelves[resource]?.byChange = made
        return made
    }
}
