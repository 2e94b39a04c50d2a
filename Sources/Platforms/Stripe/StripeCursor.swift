/// Where a Stripe stream has got to. All times are Unix seconds.
struct StripeCursor: Codable, Equatable {
    enum Phase: String, Codable {
        /// Between two reads: the last page was caught up.
        case idle
        /// Walking the list.
        case walk
        /// Walking the event log and fetching what it names.
        case events
    }

    /// How this server's event log can be asked, as found out.
    enum EventLog: String, Codable {
        /// With `types[]` and `created[gte]`, as documented: the log is trusted.
        case filtered
        /// Without `types[]`: somebody else's idea of Stripe, whose log may leave things out.
        case unfiltered
        /// Not at all.
        case none
    }

    /// A page of a nested list still to be fetched.
    struct Overflow: Codable, Equatable {
        var id: String
        /// Which page it is, from 1.
        var page: Int
        /// The last row of the page before.
        var after: String?
    }

    var phase = Phase.walk

    // The walk over a list, of objects or of events.

    /// The last ids of the page before, the very last one last; the walk goes on after it. Empty at the beginning.
    var after: [String] = []
    /// Fingerprints of the first id of the walk and of the page before: a server that shows one of them again
    /// did not know the id to go on after.
    var walkFirst: String?
    var pageFirst: String?
    var restarts = 0
    /// The lower bound of `created` for the walk in progress.
    var windowFrom: Int?
    var overflow: [Overflow] = []

    // The pass: a walk over the whole list.

    var passStarted: Int?
    /// Requests the pass in progress, or the last one, took.
    var passPages = 0
    /// Set when the read in progress has had its pass.
    var hasPassed = false

    // The event log.

    var eventLog = EventLog.filtered
    /// When the event log, or `created`, was last found wanting.
    var limitationSeen: Int?
    /// Everything that changed before this second is known.
    var eventsSince: Int?
    var eventsStarted: Int?
    /// The last page of events was read; what is left is ``pending``.
    var eventsRead = false
    /// Objects to fetch.
    var pending: [String] = []
    /// Fingerprints of objects handled since ``eventsStarted``.
    var handled: [String] = []
    /// Events inside the look-back that are done with: fingerprint to `created`.
    var seen: [String: Int] = [:]

    // A list with a time filter (for what has no events).

    var newestCreated: Int?
    /// The server does not take `created`: a stream without events, or a window of the past, is read as a whole.
    var isWindowRefused = false

    // The past.

    /// A window of `created`, half-open.
    struct Past: Codable, Equatable {
        var from: Int?
        var before: Int
    }

    /// What is read is this window, and not the stream.
    var past: Past?
    /// Of the pass that the events in progress follow: it listed what was created from here on, and nothing older.
    var passFrom: Int?

    /// Platform time up to which everything is known once the read is through.
    var syncedThrough: Int?

    static let afterMax = 4
    static let restartsMax = 3
    static let handledMax = 300
    static let seenMax = 1000
    /// Longer identifiers cannot be kept and make a record unusable.
    static let idBytesMax = 512
    static let pendingBytesMax = 12 * 1024
    static let overflowBytesMax = 8 * 1024

    /// A short stand-in for an identifier of any length (FNV-1a, 64 bits).
    static func fingerprint(_ id: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return String(hash, radix: 36)
    }

    var pendingBytes: Int { pending.reduce(0) { $0 + $1.utf8.count + 3 } }
    var overflowBytes: Int { overflow.reduce(0) { $0 + $1.id.utf8.count + ($1.after?.utf8.count ?? 0) + 32 } }

    mutating func beginWalk() {
        after = []
        walkFirst = nil
        pageFirst = nil
        restarts = 0
    }

    /// Remembers where to go on. `ids` are those of the page just read, in its order.
    mutating func advance(past ids: [String]) {
        if let first = ids.first.map(Self.fingerprint) {
            if walkFirst == nil { walkFirst = first }
            pageFirst = first
        }
        after = Array((after + ids).suffix(Self.afterMax))
    }

    /// The id to go on after was refused: the one before it, else the walk from its beginning.
    ///
    /// - Returns: false when that has been tried often enough.
    mutating func stepBack() -> Bool {
        if after.count > 1 {
            after.removeLast()
            return true
        }
        guard restarts < Self.restartsMax else { return false }
        let count = restarts + 1
        beginWalk()
        restarts = count
        return true
    }

    mutating func remember(event: String, created: Int, notBefore: Int) {
        guard created >= notBefore else { return }
        seen[Self.fingerprint(event)] = created
        // Forgetting costs a request for an object that is fetched once more, nothing else.
        if seen.count > Self.seenMax {
            let bound = seen.values.sorted()[seen.count / 4]
            seen = seen.filter { $0.value > bound }
        }
    }

    mutating func markHandled(_ id: String) {
        let mark = Self.fingerprint(id)
        if !handled.contains(mark) { handled.append(mark) }
        if handled.count > Self.handledMax { handled.removeFirst() }
    }
}
