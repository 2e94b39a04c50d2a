package import FoundationEssentials

/// One page's part of a sweep: a walk that lists all there is of some resources.
///
/// What was stored before a sweep began and is not seen by it no longer exists; that is found out when the sweep is
/// complete, and never before. A sweep that is not completed marks nothing.
package struct SweepPart: Sendable {
    /// When the sweep began, as its cursor remembers it: which sweep it is. A later one takes an unfinished one's place.
    package let startedAt: Date
    /// The resources that it lists completely. The records of these on the page are seen by being there.
    package let resources: [String]
    /// What the page lists without bringing its record.
    package let seen: [(resource: String, id: String)]
    /// The page is the sweep's last: what it has not seen is marked as deleted.
    package let isComplete: Bool

    package init(
        startedAt: Date, resources: [String], seen: [(resource: String, id: String)] = [], isComplete: Bool = false
    ) {
        self.startedAt = startedAt
        self.resources = resources
        self.seen = seen
        self.isComplete = isComplete
    }
}

/// A window of platform time that was read to its end, and what proves it.
package struct Coverage: Sendable, Equatable {
    /// The raw resource.
    package let resource: String
    /// Half-open, `[from, to)`; nil where that end is open: since ever, or up to the read.
    package let from: Date?
    package let to: Date?
    /// What the platform itself counted there; nil where it counts nothing.
    package let platformCount: Int?
    /// How many different records were read there.
    package let distinctCount: Int

    package init(resource: String, from: Date?, to: Date?, platformCount: Int?, distinctCount: Int) {
        self.resource = resource
        self.from = from
        self.to = to
        self.platformCount = platformCount
        self.distinctCount = distinctCount
    }
}
