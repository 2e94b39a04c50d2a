import FoundationEssentials

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
        /// The store's, for references to other kinds.
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
        let id: @Sendable (Int) -> String
        /// The record as JSON.
        let json: @Sendable (inout Facts) -> String

        init(
            _ resource: String, usual: Int, isDeletable: Bool = false, id: @escaping @Sendable (Int) -> String,
            json: @escaping @Sendable (inout Facts) -> String
        ) {
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
    }

    let kinds: [Kind]
    let lists: [RecordList]
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
        kinds: [Kind], lists: [RecordList], size: (parameter: String, usual: Int, most: Int),
        refusal: @escaping (SandboxRequest, SandboxOptions) -> SandboxResponse?,
        answer: @escaping (Found) -> SandboxResponse, limit: (requests: Double, length: Duration)? = nil,
        throttled: @escaping (_ reset: Date) -> SandboxResponse = { _ in .json(429, #"{"error":"too many"}"#) },
        limitHeaders: @escaping (_ remaining: Int, _ reset: Date) -> [(name: String, value: String)] = { _, _ in [] }
    ) {
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
/// asked for what changed goes by time of change, others by the order in which records came to be; pages go on behind
/// the last record shown, as cursors of real servers do.
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
    private var shelves: [String: Shelf] = [:]
    private var random: SeededRandom
    /// When the requests of the last window came.
    private var requestTimes: [Date] = []

    private static let spanSeconds = 400 * 86_400

    init(_ plan: ListSandbox, _ options: SandboxOptions) {
        self.plan = plan
        self.options = options
        random = SeededRandom(seed: options.seed ^ 0x1157)
        let start = Int(options.startsAt.timeIntervalSince1970)
        for kind in plan.kinds {
            let count = options.sizes[kind.resource] ?? kind.usual
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
            counts: shelves.mapValues(\.entries.count),
            random: SeededRandom(
                seed: options.seed ^ UInt64(truncatingIfNeeded: index &* 0x9E37 &+ entry.revision)
                    ^ UInt64(shelf.kind.resource.utf8.reduce(7) { $0 &* 31 &+ Int($1) })))
        return shelf.kind.json(&facts)
    }

    func truth(resource: String) -> [SandboxRecord] {
        guard let shelf = shelves[resource] else { return [] }
        return shelf.entries.indices.filter { !shelf.entries[$0].isDeleted }.map {
            SandboxRecord(resource: resource, id: shelf.kind.id($0), payload: Array(json(shelf, $0).utf8))
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
                    shelf.entries[index].updated = second
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
        guard request.method == "GET", let list = plan.lists.first(where: { Self.matches($0.path, request.path) })
        else {
            counters.refused += 1
            return .json(404, #"{"error":{"type":"not_found","message":"Not found."},"detail":"Not found."}"#)
        }
        var answer = page(of: list, request, now)
        answer.headers += plan.limitHeaders(state.remaining, state.reset)
        return answer
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
        func value(_ name: String) -> String? { request.query.last { $0.name == name }?.value }
        let size = min(plan.size.most, value(plan.size.parameter).flatMap { Int($0) } ?? plan.size.usual)
        let since = list.since.flatMap { value($0.parameter) }.flatMap { PlatformTime.parse($0, zoneless: 0) }
        let isByChange = list.since.map { $0.query.allSatisfy { value($0.name) == $0.value } } ?? false
        let order =
            isByChange ? ordered(list.resource.name) : shelf.entries.indices.filter { !shelf.entries[$0].isDeleted }
        let bound = since.map { Int($0.timeIntervalSince1970) }
        let wanted = bound.map { bound in order.filter { shelf.entries[$0].updated >= bound } } ?? order
        let after = value("cursor").flatMap(Self.place)
        var rest = wanted[...]
        if let after {
            rest = rest.drop { index in
                isByChange
                    ? (shelf.entries[index].updated, index) <= (after.updated, after.index) : index <= after.index
            }
        }
        let shown = rest.prefix(size)
        var next: String?
        if let last = shown.last, rest.count > shown.count {
            let rest =
                request.query.filter { $0.name != "cursor" } + [
                    ("cursor", "\(shelf.entries[last].updated):\(last)")
                ]
            next = rest.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
                .joined(separator: "&")
        }
        return plan.answer(
            ListSandbox.Found(
                records: shown.map { json(shelf, $0) }, next: next, count: wanted.count, path: request.path,
                baseURL: request.baseURL, now: now))
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
