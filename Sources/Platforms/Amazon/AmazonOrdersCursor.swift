import FoundationEssentials

/// Where the stream of orders has got to.
///
/// A *walk* reads the orders changed between two instants. After each of its pages come the items of that page's
/// orders, a few orders at a time; only then the next page.
struct AmazonOrdersCursor: Codable, Sendable, Equatable {
    /// The marketplaces for which `through` holds.
    var marketplaces: String?
    var walk: Walk?
    /// Upper bound of the last walk that reached its end.
    var through: Date?
    /// Orders whose items are still to be read.
    var pending: [Pending] = []
    /// It was said that older orders cannot be had.
    var isClampTold = false

    struct Walk: Codable, Sendable, Equatable {
        /// Inclusive.
        var from: Date
        /// Inclusive; at least two minutes before the request.
        var upTo: Date
        var token: String?
        /// When the answer that held `token` was asked for.
        var askedAt: Date?
        /// The newest change seen, and whether changes have come oldest first so far: then the walk can restart there.
        var newest: Date?
        var isAscending = true
        /// Orders seen since the walk began.
        var seen = 0
        /// The last page was read; only items are left.
        var isAtEnd = false

        /// The same walk without a page token: from the newest change where the order of the answers allows it.
        func restarted() -> Walk {
            var walk = self
            if isAscending, let newest, newest > from { walk.from = newest }
            walk.token = nil
            walk.newest = nil
            return walk
        }
    }

    struct Pending: Codable, Sendable, Equatable {
        /// Order.
        var o: String
        /// Seconds since 1970 of its last change.
        var u: Double?
        /// Page token, behind the first page of its items.
        var t: String?
    }

    /// Orders are kept for two years.
    static let historySeconds = 729.0 * 86_400
    /// `LastUpdatedBefore` has to lie two minutes back.
    static let lagSeconds = 125.0
    /// How far a walk reaches back behind the end of the last: what changed may show late.
    static let overlapSeconds = 600.0
    /// An older page token is not used: how long they live is not documented.
    static let tokenSecondsMax = 6 * 3600.0
    /// Orders whose items are asked for in one step: 24 seconds' worth of the operation's rate.
    static let itemsPerStep = 12

    init() {}

    /// The walk to go on with: the one under way, or a new one that ends now.
    func currentWalk(_ marketplaces: AmazonMarketplaces, now: Date) -> Walk {
        if let walk {
            guard walk.token != nil else { return walk }
            let age = walk.askedAt.map { now.timeIntervalSince($0) } ?? .infinity
            return age > Self.tokenSecondsMax ? walk.restarted() : walk
        }
        let upTo = AmazonTime.floor(now.addingTimeInterval(-Self.lagSeconds))
        let earliest = AmazonTime.floor(now.addingTimeInterval(-Self.historySeconds))
        // Before the first walk no marketplace is known: where a stream begins holds for all of them.
        guard let through, self.marketplaces == nil || isKnown(marketplaces) else {
            return Walk(from: earliest, upTo: upTo)
        }
        let from = max(earliest, through.addingTimeInterval(-Self.overlapSeconds))
        return Walk(from: min(from, upTo.addingTimeInterval(-1)), upTo: upTo)
    }

    /// Whether all of the marketplaces were read before; one that is new has a history of its own.
    private func isKnown(_ marketplaces: AmazonMarketplaces) -> Bool {
        let known = Set((self.marketplaces ?? "").split(separator: ",").map(String.init))
        return Set(marketplaces.ids).isSubset(of: known)
    }
}
