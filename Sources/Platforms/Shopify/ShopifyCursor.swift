import FoundationEssentials

/// Where a stream of Shopify has got to.
///
/// A *walk* reads everything changed between two instants, oldest change first. A record that changes meanwhile
/// moves behind the upper bound, and so into the next walk. Within a walk the platform's page cursor is used while
/// it is fresh; if it is refused or old, or has come too far, the walk goes on from the newest change it has seen.
struct ShopifyCursor: Codable, Sendable, Equatable {
    /// The walk that is going on; nil between two.
    var walk: Walk?
    /// Upper bound of the last walk that reached its end.
    var through: Date?
    /// The most records to ask for at once, lowered where a page was too heavy.
    var firstMax: Int
    /// Main pages without trouble since ``firstMax`` was last changed.
    var goodPages: Int = 0
    /// Points a node costs, learned from the platform.
    var nodeCost: Double?
    /// Pages of nested connections still to be asked for.
    var pending: [FollowUp] = []

    struct Walk: Codable, Sendable, Equatable {
        /// Inclusive; nil for the beginning of time.
        var from: Date?
        /// Inclusive.
        var upTo: Date
        var after: String?
        /// The newest change seen so far: where the walk restarts without a page cursor.
        var newest: Date?
        /// ``newest`` as it was before the last page: everything of that page changed at this time or later.
        var newestBefore: Date?
        /// Records seen since the walk began or last restarted.
        var seen: Int = 0
        /// When the answer that held ``after`` was asked for.
        var askedAt: Date?
        /// The last page was read; only follow-ups are left.
        var isAtEnd = false

        /// The same walk without a page cursor.
        func restarted() -> Walk {
            var walk = self
            walk.from = newest ?? from
            walk.after = nil
            walk.seen = 0
            return walk
        }

        /// The same walk, with its last page still to be read.
        func restartedBeforeLastPage() -> Walk {
            var walk = self
            walk.from = newestBefore ?? from
            walk.after = nil
            walk.seen = 0
            walk.isAtEnd = false
            return walk
        }
    }

    struct FollowUp: Codable, Sendable, Equatable {
        /// What is paged.
        var k: ShopifyOverflow
        /// Numeric identifier of the parent.
        var i: String
        /// Number of the page, from 1.
        var n: Int
        /// Page cursor.
        var a: String
    }

    /// Page lengths that make sense: the largest of each cost weight.
    static let lengths = [250, 148, 90, 54, 33, 20, 12, 7, 4, 2, 1]
    /// Follow-ups that a cursor can hold, by number and by size.
    static let pendingMax = 240
    static let pendingBytesMax = 48 * 1024
    static let cursorBytesMax = 4096
    /// A page cursor older than this is not used: how long they live is not documented.
    static let pageCursorSecondsMax = 3600.0
    /// Shopify stops paging at 25,000 records of one result; a walk restarts before that.
    static let seenMax = 24_000
    /// How far a walk reaches back behind the end of the last: clocks and the search index lag.
    static let overlapSeconds = 120.0
    private static let goodPagesToGrow = 16

    init() { firstMax = Self.lengths[0] }

    /// Nothing read yet, with what a stream has learned about pages.
    private init(after stream: ShopifyCursor?) {
        self.init()
        guard let stream else { return }
        firstMax = stream.firstMax
        goodPages = stream.goodPages
        nodeCost = stream.nodeCost
    }

    /// One walk over a window. A change is stamped with a second, and both bounds of a walk are inclusive.
    init(reading window: Window, after stream: ShopifyCursor?, now: Date) {
        self.init(after: stream)
        walk = Walk(from: window.from.map(PlatformTime.floor), upTo: PlatformTime.floor(min(window.to, now)))
    }

    /// As after a walk that ended at `start`.
    init(startingAt start: Date, after stream: ShopifyCursor?) {
        self.init(after: stream)
        through = start
    }

    /// The walk to go on with: the one under way, or a new one that ends now.
    func currentWalk(now: Date) -> Walk {
        guard var walk else {
            let upTo = PlatformTime.floor(max(now, through ?? .distantPast))
            return Walk(from: through?.addingTimeInterval(-Self.overlapSeconds), upTo: upTo)
        }
        if walk.after != nil {
            let age = walk.askedAt.map { now.timeIntervalSince($0) } ?? .infinity
            let hasComeFar = walk.seen >= Self.seenMax && walk.newest != nil && walk.newest != walk.from
            if age > Self.pageCursorSecondsMax || hasComeFar { walk = walk.restarted() }
        }
        return walk
    }

    /// How many records to ask for: as many as the points of one query allow.
    func first(for query: ShopifyQuery) -> Int {
        Self.lengths.first {
            $0 <= firstMax && query.estimatedCost(first: $0, nodeCost: nodeCost) <= ShopifyQuery.costMax
        } ?? 1
    }

    /// The cursor after a page of `first` records that was too heavy; nil when it cannot get any smaller.
    func withSmallerPages(than first: Int, halved: Bool = false) -> ShopifyCursor? {
        guard let smaller = Self.lengths.first(where: { halved ? $0 <= first / 2 : $0 < first }) else { return nil }
        var cursor = self
        cursor.firstMax = smaller
        cursor.goodPages = 0
        return cursor
    }

    /// A page went well: after some of them, larger ones are tried again.
    mutating func noteGoodPage() {
        guard firstMax < Self.lengths[0] else { return }
        goodPages += 1
        guard goodPages >= Self.goodPagesToGrow else { return }
        firstMax = Self.lengths.last { $0 > firstMax } ?? Self.lengths[0]
        goodPages = 0
    }

    /// The follow-ups to ask for next, as many as one step may cost.
    var followUpsOfNextStep: ArraySlice<FollowUp> {
        var cost = 0.0
        var count = 0
        while count < min(pending.count, 10) {
            let kind = pending[count].k
            cost += kind.query.estimatedCost(first: kind.first)
            if count > 0, cost > ShopifyQuery.costMax { break }
            count += 1
        }
        return pending.prefix(count)
    }

    var pendingFits: Bool {
        pending.count <= Self.pendingMax && pending.reduce(0) { $0 + $1.a.utf8.count + 64 } <= Self.pendingBytesMax
    }
}
