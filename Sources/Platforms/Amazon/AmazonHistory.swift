import FoundationEssentials

/// The past of the streams, which is read apart from what is new: each cursor has its walk begun, with the window's bounds.

/// A window with the bounds that Amazon takes: within its reach, two minutes back at the end, and never empty.
private struct AmazonWindow {
    let from: Date
    let to: Date

    init(_ window: Window, reach: Double, lag: Double, now: Date) {
        let earliest = AmazonTime.floor(now.addingTimeInterval(-reach))
        let latest = AmazonTime.floor(now.addingTimeInterval(-lag))
        let floor = AmazonTime.floor(window.to)
        let end = floor < window.to ? floor.addingTimeInterval(1) : floor
        to = max(min(end, latest), earliest.addingTimeInterval(1))
        from = min(max(window.from.map(AmazonTime.floor) ?? earliest, earliest), to.addingTimeInterval(-1))
    }
}

extension AmazonOrders {
    static let history = History(by: .changed, reach: .seconds(Int64(AmazonOrdersCursor.historySeconds)))

    func cursor(reading window: Window) throws(ReadFailure) -> Cursor {
        let bounds = AmazonWindow(
            window, reach: AmazonOrdersCursor.historySeconds, lag: AmazonOrdersCursor.lagSeconds, now: read.now)
        var next = AmazonOrdersCursor()
        next.isClampTold = true
        next.walk = AmazonOrdersCursor.Walk(from: bounds.from, upTo: bounds.to)
        return try Cursor(encoding: next)
    }

    func cursor(startingAt start: Date) throws(ReadFailure) -> Cursor {
        var next = AmazonOrdersCursor()
        next.isClampTold = true
        next.through = start
        return try Cursor(encoding: next)
    }
}

extension AmazonFinances {
    static let history = History(
        by: .created, windowMax: .seconds(Int64(windowSeconds)), reach: .seconds(Int64(historySeconds)),
        firstWindow: .seconds(30 * 86_400))

    func cursor(reading window: Window) throws(ReadFailure) -> Cursor {
        let bounds = AmazonWindow(window, reach: Self.historySeconds, lag: Self.lagSeconds, now: read.now)
        var next = AmazonFinancesCursor()
        let to = min(bounds.to, bounds.from.addingTimeInterval(Self.windowSeconds))
        next.walk = AmazonFinancesCursor.Walk(from: bounds.from, to: to, upTo: bounds.to)
        return try Cursor(encoding: next)
    }

    func cursor(startingAt start: Date) throws(ReadFailure) -> Cursor {
        var next = AmazonFinancesCursor()
        next.through = start
        return try Cursor(encoding: next)
    }
}

extension AmazonReport {
    /// What is requested for windows of time. Snapshots are of now, and reports that Amazon makes are found.
    var history: History? {
        windowSeconds.map { length in
            History(
                by: updated == nil ? .created : .changed, windowMax: .seconds(Int64(length)),
                reach: .seconds(Int64(Self.historySeconds)), firstWindow: .seconds(Int64(length)))
        }
    }
}

extension AmazonReports {
    /// The first month with sales is asked for again: a window before it needs no report.
    func cursor(reading window: Window) throws(ReadFailure) -> Cursor {
        let bounds = AmazonWindow(window, reach: AmazonReport.historySeconds, lag: 125, now: read.now)
        var next = AmazonReportCursor()
        next.isClampTold = true
        next.isPast = true
        next.from = bounds.from
        next.to = min(bounds.to, bounds.from.addingTimeInterval(report.windowSeconds ?? .infinity))
        next.upTo = bounds.to
        return try Cursor(encoding: next)
    }

    func cursor(startingAt start: Date) throws(ReadFailure) -> Cursor {
        var next = AmazonReportCursor()
        next.isClampTold = true
        next.through = start
        return try Cursor(encoding: next)
    }
}
