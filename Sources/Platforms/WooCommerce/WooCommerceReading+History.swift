import FoundationEssentials

/// The past of a stream, which is read apart from what is new.
extension WooCommerceReading {
    /// Every version bounds its lists by time of creation, which never changes; not every version says in which zone. So a
    /// window is asked for with as much on both sides as the clocks of the world differ by.
    private static let zoneSeconds = 15 * 3600.0

    func cursor(reading window: Window) throws(ReadFailure) -> Cursor {
        var next = afresh
        next.past = WooCommerceCursor.Past(from: window.from, to: window.to)
        return try Cursor(encoding: next)
    }

    func cursor(startingAt start: Date) throws(ReadFailure) -> Cursor {
        var next = afresh
        next.dates = nil
        next.through = start
        next.isBegun = true
        return try Cursor(encoding: next)
    }

    /// Nothing read yet, with what is known of the server.
    private var afresh: WooCommerceCursor {
        var next = WooCommerceCursor(pageSizeMax: habits.pageSizeMax)
        next.server = cursor.server
        next.searchedAt = cursor.searchedAt
        next.isByParent = cursor.isByParent
        next.dates = cursor.dates
        next.clockAhead = cursor.clockAhead
        return next
    }

    /// The walk over a window of the past.
    func pastWalk(_ past: WooCommerceCursor.Past) -> WooCommerceWalk {
        let isTried = stream.filter == .created && !cursor.isByParent && [.gmt, .zoned].contains(cursor.dates)
        let margin = isTried ? 0 : Self.zoneSeconds
        let to = past.to.timeIntervalSince1970.rounded(.up) + margin
        return WooCommerceWalk(
            cursor.isByParent ? .pastByParent : .past,
            from: past.from.map { Date(timeIntervalSince1970: $0.timeIntervalSince1970.rounded(.down) - margin) },
            to: Date(timeIntervalSince1970: to))
    }

    // MARK: - The beginning of a stream

    /// What is newest was read: how times are written is tried with it. Where there is nothing, nothing can have changed.
    mutating func beginTrial(
        _ walk: WooCommerceWalk, _ page: inout Page, at time: Date
    ) throws(ReadFailure) {
        if let sample = walk.newest {
            cursor.sample = sample
            cursor.trial = WooCommerceCursor.Trial()
        } else if walk.seen > 0 {
            // Rows that do not say when they changed cannot be asked for by that.
            goBlind(at: time)
            cursor.isBegun = nil
        } else {
            page.isCaughtUp = true
            page.syncedThrough = cursor.through.map { min($0, time) }
        }
        page.cursor = try Cursor(encoding: cursor)
    }

    /// What changed since the beginning can be asked for, or else all there is has to be read.
    mutating func goOn(with dates: WooCommerceDates, at time: Date) throws(ReadFailure) -> Page {
        cursor.isBegun = nil
        guard dates != .none else { return try page(flags: [Self.blindness]) }
        cursor.fullAt = time
        cursor.sweptAt = time
        return try page()
    }
}
