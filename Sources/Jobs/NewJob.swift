/// A job to be enqueued.
package struct NewJob: Sendable {
    package var connectionID: Int64
    package var kind: String
    /// The kind's arguments as a JSON object. Only fields the kind declares; never secrets.
    package var arguments: String
    /// Which form of the arguments this is; nil: the newest there is.
    package var argumentsVersion: Int?
    package var band: Band
    /// Not before so long from now, by the queue's clock.
    package var delay: Duration
    /// At most one waiting job of a lane, and of one parent, has it. A running one never swallows a follow-up.
    package var dedupeKey: String?
    /// Which of the connection's lanes.
    package var family: String
    /// Failed attempts without progress after which it fails for good; nil: what the kind says.
    package var attemptsMax: Int?
    /// The job this one is a part of. It must be live, and not a part itself.
    package var parentID: Int64?

    package init(
        connectionID: Int64, kind: String, arguments: String = "{}", argumentsVersion: Int? = nil,
        band: Band = .incremental, delay: Duration = .zero, dedupeKey: String? = nil, family: String = "main",
        attemptsMax: Int? = nil, parentID: Int64? = nil
    ) {
        self.connectionID = connectionID
        self.kind = kind
        self.arguments = arguments
        self.argumentsVersion = argumentsVersion
        self.band = band
        self.delay = delay
        self.dedupeKey = dedupeKey
        self.family = family
        self.attemptsMax = attemptsMax
        self.parentID = parentID
    }
}
