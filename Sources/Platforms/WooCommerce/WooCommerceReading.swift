import FoundationEssentials
import RawJSON

/// One read of one stream at one cursor: which request comes next, and what an answer changes.
///
/// The first read is a walk over everything, in the order of identifiers. Later ones read what changed in a window of
/// the shop's own time, then what was put into the trash in it; once a day the identifiers of everything are listed,
/// which shows what was deleted, and once a week everything is read again, which shows what changed without saying so.
struct WooCommerceReading {
    let stream: WooCommerceStream
    let read: StreamRead
    let rules: RuleBook
    var cursor: WooCommerceCursor

    /// What a connection's settings may change.
    struct Habits {
        /// Rows of a page at most.
        let pageSizeMax: Int
        /// Changes younger than this are left to the next read: transactions take a moment to be seen.
        let lagSeconds: Double
        /// How far a window reaches back behind the end of the last.
        let overlapSeconds: Double
        let sweepSeconds: Double
        let fullSeconds: Double

        init(_ settings: [String: String]) {
            func number(_ name: String, _ usual: Double, _ range: ClosedRange<Double>) -> Double {
                guard let value = settings[name].flatMap({ Double($0) }), range.contains(value) else { return usual }
                return value
            }
            pageSizeMax = Int(number("page_size", 100, 1...100))
            lagSeconds = number("lag_seconds", 10, 0...3600)
            overlapSeconds = number("overlap_seconds", 300, 0...86_400)
            sweepSeconds = number("sweep_hours", 24, 0.01...8760) * 3600
            fullSeconds = number("full_hours", 168, 0.01...8760) * 3600
        }
    }

    let habits: Habits
    /// A server that cannot say what changed is read as a whole this often.
    static let blindSeconds = 3600.0
    /// What was found is looked for again at most this often.
    private static let searchSeconds = 600.0

    /// Whether what was found out about the server may be in doubt.
    func maySearch(_ exchange: Exchange) -> Bool {
        cursor.searchedAt.map { exchange.response.requestedAt.timeIntervalSince($0) > Self.searchSeconds } ?? true
    }

    /// The server is looked for anew.
    mutating func searchAgain() throws(ReadFailure) -> Page {
        cursor.server = nil
        cursor.search = WooCommerceSearch()
        return try page()
    }

    init(_ read: StreamRead, rules: RuleBook) throws(ReadFailure) {
        guard let stream = WooCommerceStream.named(read.resource) else {
            throw ReadFailure(UnifiedError(.internalBug, "there is no resource of this name"))
        }
        self.stream = stream
        self.read = read
        self.rules = rules
        habits = Habits(read.settings)
        cursor =
            read.cursor?.decode(WooCommerceCursor.self) ?? WooCommerceCursor(pageSizeMax: habits.pageSizeMax)
        if cursor.server == nil, cursor.search == nil { cursor.server = WooCommerceServer(settings: read.settings) }
        // Whatever wrote it: a page has a length that servers take.
        if !WooCommerceCursor.pageSizes.contains(cursor.pageSize) { cursor.pageSize = 1 }
    }

    // MARK: - What comes next

    func step() -> Step {
        guard let server = cursor.server, cursor.search == nil else {
            return Step((cursor.search ?? WooCommerceSearch()).requests)
        }
        if let trial = cursor.trial, let sample = cursor.sample { return trialStep(trial, sample, server) }
        let walk = cursor.walk ?? plannedWalk()
        if !walk.parents.isEmpty { return childStep(walk, server) }
        return listStep(walk, server)
    }

    mutating func page(from exchanges: [Exchange]) throws(ReadFailure) -> Page {
        guard let first = exchanges.first else {
            throw ReadFailure(UnifiedError(.internalBug, "a step without an answer"))
        }
        guard let server = cursor.server, cursor.search == nil else { return try searchPage(exchanges) }
        if cursor.trial != nil { return try trialPage(exchanges, server) }
        guard let walk = cursor.walk ?? plannedWalk(for: first.request) else {
            throw ReadFailure(UnifiedError(.internalBug, "an answer to a request that is not ours"))
        }
        if !walk.parents.isEmpty { return try childPage(exchanges, walk) }
        if walk.isProbing { return try probePage(exchanges, walk) }
        return try listPage(first, walk)
    }

    /// The walk that a read begins with.
    private func plannedWalk() -> WooCommerceWalk {
        if let past = cursor.past { return pastWalk(past) }
        let kind: WooCommerceWalk.Kind
        switch true {
        case stream.filter == .none: kind = .full
        case cursor.isBegun == true: return WooCommerceWalk(.newest)
        case cursor.fullAt == nil, cursor.through == nil: kind = cursor.isByParent ? .fullByParent : .full
        // Nothing has been there to try the writing of times with.
        case cursor.dates == nil: kind = cursor.isByParent ? .fullByParent : .full
        case cursor.dates == WooCommerceDates.none:
            let age = read.now.timeIntervalSince(cursor.fullAt ?? .distantPast)
            if age < Self.blindSeconds, !cursor.isByParent { return WooCommerceWalk(.newest) }
            kind = cursor.isByParent ? .fullByParent : .full
        default: kind = cursor.isByParent ? .windowByParent : .window
        }
        guard [.window, .windowByParent].contains(kind), let through = cursor.through else {
            return WooCommerceWalk(kind)
        }
        let shopNow = read.now.timeIntervalSince1970 + Double(cursor.clockAhead)
        // A shop whose clock was ahead and was put right has been read up to a time that is yet to come.
        let known = min(through.timeIntervalSince1970, shopNow - habits.lagSeconds)
        let from = (known - habits.overlapSeconds).rounded(.down)
        let to = max((shopNow - habits.lagSeconds).rounded(.down), from + 1)
        return WooCommerceWalk(
            kind, from: Date(timeIntervalSince1970: from), to: Date(timeIntervalSince1970: to))
    }

    /// The same from the request that began it: when the answer is looked at must not matter.
    private func plannedWalk(for request: PlatformRequest) -> WooCommerceWalk? {
        guard let kind = WooCommerceWalk.Kind(rawValue: request.purpose) else { return nil }
        var walk = WooCommerceWalk(kind)
        guard let names = listing(of: kind).filter.names else { return walk }
        walk.from = request.time(names.after)?.addingTimeInterval(1)
        walk.to = request.time(names.before)
        return walk
    }

    /// The list a walk goes through.
    func listing(
        of kind: WooCommerceWalk.Kind
    ) -> (path: String, query: [(name: String, value: String)], filter: WooCommerceStream.Filter) {
        if kind.isByParent || (kind == .newest && cursor.isByParent), let parents = stream.parents {
            return (parents.path, parents.query, kind.isPast ? .created : .modified)
        }
        if kind.isPast { return (stream.path, stream.query, .created) }
        return (stream.path, kind == .trash ? [("status", "trash")] : stream.query, stream.filter)
    }

    /// The list of which the times are tried out.
    var triedListing: (path: String, query: [(name: String, value: String)], filter: WooCommerceStream.Filter) {
        listing(of: cursor.isByParent ? .fullByParent : .full)
    }

    // MARK: - A page of a list

    private func listStep(_ walk: WooCommerceWalk, _ server: WooCommerceServer) -> Step {
        if walk.isProbing {
            return Step([
                listRequest(walk, server, offset: walk.offset + 1, size: 1, isThin: walk.kind.isThin),
                listRequest(walk, server, offset: walk.offset, size: 1, isThin: true),
            ])
        }
        let overlap = cursor.pageSize > 1 ? WooCommerceWalk.overlap : 0
        let offset = max(walk.clear, walk.offset - overlap - walk.back, 0)
        return Step([listRequest(walk, server, offset: offset, size: cursor.pageSize, isThin: walk.kind.isThin)])
    }

    private func listRequest(
        _ walk: WooCommerceWalk, _ server: WooCommerceServer, offset: Int, size: Int, isThin: Bool
    ) -> PlatformRequest {
        let listing = listing(of: walk.kind)
        var query = listing.query
        if walk.kind == .newest {
            query += [("orderby", "id"), ("order", "desc"), ("per_page", "\(cursor.pageSize)")]
            if cursor.isByParent { query.append(("_fields", "id,\(listing.filter.member)")) }
            return server.request(listing.path, query: query, purpose: walk.kind.rawValue)
        }
        query += [("orderby", "id"), ("order", "asc"), ("per_page", "\(size)"), ("offset", "\(offset)")]
        if walk.from != nil || walk.to != nil {
            let dates = walk.kind.isPast && cursor.dates == WooCommerceDates.none ? nil : cursor.dates
            query += (dates ?? .gmt).query(
                listing.filter, after: walk.from?.addingTimeInterval(-1), before: walk.to)
        }
        if isThin {
            let members =
                ["id", listing.filter.member]
                + (walk.kind.isByParent ? [stream.parents?.member] : [])
                .compactMap { $0 }
            query.append(("_fields", members.joined(separator: ",")))
        }
        return server.request(listing.path, query: query, purpose: walk.kind.rawValue)
    }

    // MARK: - Ends

    /// The page that goes on with the cursor as it is now.
    func page(
        records: [Record] = [], flags: [UnifiedError] = [], sweep: SweepPart? = nil
    ) throws(ReadFailure) -> Page {
        Page(
            records: records, cursor: try Cursor(encoding: cursor), isCaughtUp: false, flags: flags, sweep: sweep)
    }

    /// A walk is over: what follows it, or the end of the read.
    mutating func finish(_ walk: WooCommerceWalk, _ page: inout Page, at time: Date) throws(ReadFailure) {
        cursor.walk = nil
        switch walk.kind {
        case .full, .fullByParent:
            cursor.fullAt = walk.startedAt ?? time
            cursor.sweptAt = cursor.fullAt
            let known = (walk.serverTime ?? walk.startedAt ?? time).addingTimeInterval(-habits.lagSeconds)
            cursor.through = max(cursor.through ?? known, known)
            let isBlindForLong = cursor.blindSince.map { time.timeIntervalSince($0) > habits.fullSeconds } ?? false
            if cursor.dates == WooCommerceDates.none, isBlindForLong { cursor.dates = nil }
            if stream.filter != .none, cursor.dates == nil {
                cursor.sample = walk.newest
                if walk.newest != nil { cursor.trial = WooCommerceCursor.Trial() }
                // Rows that do not say when they changed cannot be asked for by that.
                if walk.newest == nil, walk.seen > 0 { goBlind(at: time) }
            }
        case .sweep: cursor.sweptAt = walk.startedAt ?? time
        case .window, .windowByParent:
            if !walk.isIncomplete, let to = walk.to { cursor.through = max(cursor.through ?? to, to) }
            cursor.walk = walkAfterWindow(walk, at: time)
        case .trash: cursor.walk = dueWalk(at: time)
        case .newest where cursor.isBegun == true: return try beginTrial(walk, &page, at: time)
        case .newest: break
        case .past, .pastByParent:
            page.isCaughtUp = true
            page.cursor = try Cursor(encoding: cursor)
            return
        }
        if cursor.walk == nil, cursor.trial == nil {
            page.isCaughtUp = true
            page.syncedThrough = cursor.through.map { min($0, time) }
            if cursor.dates == WooCommerceDates.none, stream.filter != .none { page.degradation = Self.blindness }
        }
        page.cursor = try Cursor(encoding: cursor)
    }

    private mutating func walkAfterWindow(_ walk: WooCommerceWalk, at time: Date) -> WooCommerceWalk? {
        if stream.hasTrash, !cursor.refusesTrash { return WooCommerceWalk(.trash, from: walk.from, to: walk.to) }
        return dueWalk(at: time)
    }

    /// The walk over everything whose time has come.
    private mutating func dueWalk(at time: Date) -> WooCommerceWalk? {
        func isDue(_ last: Date?, _ seconds: Double) -> Bool {
            last.map { time.timeIntervalSince($0) >= seconds } ?? true
        }
        if isDue(cursor.fullAt, habits.fullSeconds) {
            // A newer version may have a list where the one before had none.
            if cursor.isByParent { forgetParents(false) }
            return WooCommerceWalk(.full)
        }
        guard isDue(cursor.sweptAt, habits.sweepSeconds) else { return nil }
        return WooCommerceWalk(cursor.isByParent ? .fullByParent : .sweep)
    }

    /// Records come from another list from now on: what was tried out with the one before does not hold for it.
    mutating func forgetParents(_ isByParent: Bool) {
        cursor.isByParent = isByParent
        cursor.dates = nil
        cursor.sample = nil
    }

    /// Changes cannot be asked for by time.
    mutating func goBlind(at time: Date) {
        cursor.dates = WooCommerceDates.none
        cursor.blindSince = time
    }

    static let blindness = UnifiedError(
        .platformEndpointGone, "the shop's version of WooCommerce cannot be asked for what changed")
}

extension PlatformRequest {
    /// The value of a parameter.
    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    func number(_ name: String) -> Int? { parameter(name).flatMap { Int($0) } }

    func time(_ name: String) -> Date? { parameter(name).flatMap { WooCommerceTime.parse($0) } }
}
