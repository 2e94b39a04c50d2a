import FoundationEssentials

/// Where a stream of WooCommerce has got to.
struct WooCommerceCursor: Codable, Equatable, Sendable {
    /// What was found out; nil until it was, unless the connection's settings know.
    var server: WooCommerceServer?
    var search: WooCommerceSearch?
    /// When the last search ended: one that has just been made need not be made again.
    var searchedAt: Date?

    /// The walk that is going on; nil between two reads.
    var walk: WooCommerceWalk?
    /// Records are asked for parent by parent: this version has no list of them all.
    var isByParent = false

    /// Everything that changed before this, on the shop's clock, is known.
    var through: Date?
    /// When the last walk over everything began, with records and at least with identifiers, on our clock.
    var fullAt: Date?
    var sweptAt: Date?

    /// How times are written for this server, as tried out; nil where nothing has been there to try it with.
    var dates: WooCommerceDates?
    /// When it was found that no way of writing them works: it is tried again some day.
    var blindSince: Date?
    /// What to try it with.
    var sample: Sample?
    var trial: Trial?
    /// There is no use in asking for trash.
    var refusesTrash = false

    /// Rows of a page, lowered where pages fail.
    var pageSize: Int
    private var goodPages = 0

    /// Seconds by which the shop's clock is ahead of ours.
    var clockAhead = 0

    /// What is read is this window, and not the stream.
    var past: Past?
    /// The stream begins at ``through``: how times are written is tried out with what is newest, before anything is read.
    var isBegun: Bool?

    /// A window of times of creation, half-open.
    struct Past: Codable, Equatable, Sendable {
        var from: Date?
        var to: Date
    }

    /// A record, and when it last changed.
    struct Sample: Codable, Equatable, Sendable {
        var id: Int64
        var changed: Int
    }

    /// Ways of writing times that were found not to work.
    struct Trial: Codable, Equatable, Sendable {
        var tried: [WooCommerceDates] = []
        /// The sample was looked up again.
        var rounds = 0
        var isLookup = false

        var next: WooCommerceDates? { WooCommerceDates.worthTrying.first { !tried.contains($0) } }
    }

    static let pageSizes = [100, 50, 25, 10, 1]
    private static let goodPagesToGrow = 4

    init(pageSizeMax: Int) { pageSize = Self.pageSizes.first { $0 <= pageSizeMax } ?? 1 }

    /// The next smaller length of a page; nil where there is none.
    var smallerPage: Int? { Self.pageSizes.first { $0 < pageSize } }

    /// A page went well: after some of them, larger ones are tried again.
    mutating func noteGoodPage(max pageSizeMax: Int) {
        guard pageSize < pageSizeMax else { return }
        goodPages += 1
        guard goodPages >= Self.goodPagesToGrow else { return }
        pageSize = Self.pageSizes.last { $0 > pageSize && $0 <= pageSizeMax } ?? pageSize
        goodPages = 0
    }

    mutating func shrink() {
        pageSize = smallerPage ?? 1
        goodPages = 0
    }
}

/// How a server understands the bounds of a list. Which works depends on version, storage and time zone.
enum WooCommerceDates: String, Codable, Sendable {
    /// UTC without a zone, with `dates_are_gmt=true`.
    case gmt
    /// With `Z`, and without that parameter.
    case zoned
    /// Not at all: bounds are ignored, or answered wrongly.
    case none

    static let worthTrying: [WooCommerceDates] = [.gmt, .zoned]

    /// The parameters that bound a list; bounds are exclusive.
    func query(
        _ filter: WooCommerceStream.Filter, after: Date?, before: Date?
    ) -> [(name: String, value: String)] {
        guard self != .none, let names = filter.names else { return [] }
        let zone = self == .zoned ? "Z" : ""
        var query: [(name: String, value: String)] = []
        if let after { query.append((names.after, WooCommerceTime.format(after) + zone)) }
        if let before { query.append((names.before, WooCommerceTime.format(before) + zone)) }
        if self == .gmt { query.append(("dates_are_gmt", "true")) }
        return query
    }
}

/// A walk through a list in the order of its identifiers.
///
/// The list may lose and gain rows while it is walked. Each page is asked for with the last rows of the one before: one
/// of those, or any row with a smaller identifier, at its beginning proves that nothing stands between the two.
struct WooCommerceWalk: Codable, Equatable, Sendable {
    enum Kind: String, Codable, Sendable {
        /// Everything there is, with its records.
        case full
        /// The identifiers of everything there is.
        case sweep
        /// What changed in a window.
        case window
        /// What was put into the trash in a window.
        case trash
        /// Parents of everything, or those that changed in a window; the records are theirs.
        case fullByParent = "full_by_parent"
        case windowByParent = "window_by_parent"
        /// The newest records only, where a server cannot say what changed.
        case newest
        /// What was made in a window of the past, or what parents have that were made in it.
        case past
        case pastByParent = "past_by_parent"

        /// It lists all there is: what it does not meet is gone.
        var listsAll: Bool { [.full, .sweep, .fullByParent].contains(self) }
        var isByParent: Bool { [.fullByParent, .windowByParent, .pastByParent].contains(self) }
        var isPast: Bool { [.past, .pastByParent].contains(self) }
        /// Rows without their records are enough.
        var isThin: Bool { [.sweep, .trash].contains(self) || isByParent }
    }

    /// A parent whose records are to be asked for.
    struct Parent: Codable, Equatable, Sendable {
        /// Identifier.
        var i: Int64
        /// Where its list goes on, and behind which identifier.
        var o = 0
        var l: Int64 = 0
    }

    var kind: Kind
    /// Half-open, in whole seconds of the shop's clock; nil for a walk without bounds.
    var from: Date?
    var to: Date?
    /// When the first page was asked for, on our clock.
    var startedAt: Date?
    /// What the shop's clock said then.
    var serverTime: Date?

    /// How many places of the list are behind us.
    var offset = 0
    /// The last identifier that was read; nothing up to it is missing.
    var last: Int64 = 0
    /// How far the next step back goes, when a page has not proved to follow.
    var back = 0
    /// No page may begin before this: the row in front of it cannot be read.
    var clear = 0
    /// The row at ``offset`` fails whatever is asked of it: is it this row, or is it the server?
    var isProbing = false
    /// The platform's count at the last page.
    var total: Int?
    /// Different rows that were read.
    var seen = 0
    /// Places of the list at which the shop showed nothing.
    var hidden = 0
    /// Pages without anything new, in a row.
    var stalls = 0
    /// How often the walk was begun again because it could not be proven.
    var restarts = 0
    /// The newest change that was met.
    var newest: WooCommerceCursor.Sample?
    /// What was said once needs not be said again in this walk.
    var said: [String] = []
    /// Something is missing of which nobody knows what it is: the walk proves no deletions.
    var isIncomplete = false

    /// Parents still to be asked, and what their lists counted.
    var parents: [Parent] = []
    /// All parents were listed.
    var hasListed = false
    var childTotal = 0
    var childSeen = 0
    /// One parent at a time, because a step with two failed.
    var isSingle = false

    static let overlap = 3
    static let restartsMax = 2
    /// A page without anything new follows a step back; so many of them are a server that ignores where a page begins.
    static let stallsMax = 30

    init(_ kind: Kind, from: Date? = nil, to: Date? = nil) {
        self.kind = kind
        self.from = from
        self.to = to
    }

    /// The same from its beginning.
    func restarted() -> WooCommerceWalk {
        var walk = WooCommerceWalk(kind, from: from, to: to)
        walk.restarts = restarts + 1
        walk.said = said
        return walk
    }
}

/// The search for the interface at a shop's address.
struct WooCommerceSearch: Codable, Equatable, Sendable {
    enum Stage: String, Codable, Sendable {
        /// The index of the interface at ``root``.
        case index
        /// The shop's home page, whose header says where the interface is, and the index by the way without readable
        /// addresses.
        case home
        /// Whether keys are taken there.
        case plain
        /// The shop's currency, and with it whether the credentials arrive.
        case settings
    }

    var stage = Stage.index
    var root = WooCommerceServer.usualRoot
    /// Roots that were tried.
    var tried: [String] = []
    /// Addresses we were sent to.
    var hops: [String] = []
    /// What was found; complete after the last stage.
    var server: WooCommerceServer?
    /// The credentials were tried in the query.
    var hasTriedQuery = false

    static let hopsMax = 3
    static let rootsMax = 3
}
