import FoundationEssentials

/// The past of a stream, which is read apart from what is new.
extension StripeReading {
    /// How far back a stream may begin. Events are kept for 30 days; two more are for the time until the first request:
    /// what has changed in these is found by the backfill that reads the past, since a list shows objects as they are.
    static let eventsReachSeconds = 32 * 86_400

    /// A list takes `created` on both sides, and no record's `created` ever changes.
    func cursor(reading window: Window) throws(ReadFailure) -> Cursor {
        var next = StripeCursor()
        next.past = StripeCursor.Past(
            from: window.from.map { Int($0.timeIntervalSince1970.rounded(.down)) },
            before: Int(window.to.timeIntervalSince1970.rounded(.up)))
        if cursor.isWindowRefused, !isLimitationOld {
            next.isWindowRefused = true
            next.limitationSeen = cursor.limitationSeen
        }
        return try Cursor(encoding: next)
    }

    /// A pass over what was created since, and the events since for what is older and has changed. Where these cannot
    /// reach so far back, all there is is read.
    func cursor(startingAt start: Date) throws(ReadFailure) -> Cursor {
        var next = StripeCursor()
        let second = Int(start.timeIntervalSince1970.rounded(.down))
        if !hasEvents {
            next.phase = .idle
            next.newestCreated = second
        } else if now - second <= Self.eventsReachSeconds {
            next.windowFrom = second
            next.eventsSince = second
        }
        return try Cursor(encoding: next)
    }
}
