package import FoundationEssentials

/// A part of a resource's past: half-open, in the platform's time.
package struct Window: Sendable, Equatable {
    /// Inclusive; nil for the beginning of time.
    package let from: Date?
    /// Exclusive.
    package let to: Date

    package init(from: Date?, to: Date) {
        self.from = from
        self.to = to
    }
}

/// How a resource can be read by windows, where it can: so that what is new comes first and the past after it, in parts.
package struct History: Sendable, Equatable {
    /// Which time of a record says in which window it is.
    package enum Clock: String, Sendable {
        case created, changed
    }

    package let clock: Clock
    /// The widest window the platform answers; nil: any.
    package let windowMax: Duration?
    /// How far back the platform answers at all; nil: to the beginning.
    package let reach: Duration?
    /// How wide the first window of a backfill is; what it turns out to cost says how wide the next one is.
    package let firstWindow: Duration

    package init(
        by clock: Clock, windowMax: Duration? = nil, reach: Duration? = nil,
        firstWindow: Duration = .seconds(7 * 86_400)
    ) {
        self.clock = clock
        self.windowMax = windowMax
        self.reach = reach
        self.firstWindow = firstWindow
    }
}
