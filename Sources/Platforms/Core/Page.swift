package import FoundationEssentials
package import RawJSON

/// What a step brought: everything here is stored in one transaction, together with the cursor.
package struct Page: Sendable {
    package var records: [Record]
    package var deletions: [Deletion]
    /// Where the stream has got to with this page.
    package var cursor: Cursor
    /// Nothing more to ask for now: the job is done and the next one starts an incremental read.
    package var isCaughtUp: Bool
    /// Platform time up to which everything is known, set on a page that is caught up.
    package var syncedThrough: Date?
    package var lessons: [LimitLesson]
    /// Things that went wrong without stopping the page: each becomes a row in `portolan.errors`.
    package var flags: [UnifiedError]
    /// Set when the stream can only be read in part, e.g. an endpoint that this server does not have. The
    /// stream shows it as its state until a page comes without it.
    package var degradation: UnifiedError?
    /// Nothing can be asked before then, e.g. a report is being made: the job is put off and holds no slot.
    package var resumeAt: Date?
    /// This page's part of a walk over all there is.
    package var sweep: SweepPart?
    /// What this page proves to have been read.
    package var coverage: [Coverage]
    /// What was found out about the connection's server: stored with its settings, and in every read from then on.
    package var discoveries: [String: String]

    package init(
        records: [Record] = [], deletions: [Deletion] = [], cursor: Cursor, isCaughtUp: Bool,
        syncedThrough: Date? = nil, lessons: [LimitLesson] = [], flags: [UnifiedError] = [],
        degradation: UnifiedError? = nil, resumeAt: Date? = nil, sweep: SweepPart? = nil,
        coverage: [Coverage] = [], discoveries: [String: String] = [:]
    ) {
        self.resumeAt = resumeAt
        self.sweep = sweep
        self.coverage = coverage
        self.discoveries = discoveries
        self.records = records
        self.deletions = deletions
        self.cursor = cursor
        self.isCaughtUp = isCaughtUp
        self.syncedThrough = syncedThrough
        self.lessons = lessons
        self.flags = flags
        self.degradation = degradation
    }
}

/// One record as the platform sent it.
package struct Record: Sendable {
    /// The raw resource it is stored under: the stream's own, or one of its children.
    package let resource: String
    /// The platform's identifier, as text.
    package let id: String
    /// The platform's own last-changed time; nil where the platform has none. Decides which of two versions is
    /// newer; on a tie and where it is nil, the later fetch wins.
    package let updatedAt: Date?
    package let createdAt: Date?
    /// The record's JSON exactly as received.
    package let payload: ByteSlice
    /// When the request that brought it was sent.
    package let fetchedAt: Date

    package init(
        resource: String, id: String, updatedAt: Date?, createdAt: Date?, payload: ByteSlice, fetchedAt: Date
    ) {
        self.resource = resource
        self.id = id
        self.updatedAt = updatedAt
        self.createdAt = createdAt
        self.payload = payload
        self.fetchedAt = fetchedAt
    }
}

/// A record the platform no longer has. Marks a stored record; does nothing where there is none.
package struct Deletion: Sendable {
    /// How the deletion was learned; the words of `raw_records.deletion_source`.
    package enum Source: String, Sendable {
        case platformFlag = "platform_flag"
        case tombstoneEndpoint = "tombstone_endpoint"
        case webhook
        case missingInFullSync = "missing_in_full_sync"
        case notFoundOnFetch = "not_found_on_fetch"
        case merged
    }

    package let resource: String
    package let id: String
    /// The platform's time of deletion where it says one, else when it was found out.
    package let deletedAt: Date
    package let source: Source

    package init(resource: String, id: String, deletedAt: Date, source: Source) {
        self.resource = resource
        self.id = id
        self.deletedAt = deletedAt
        self.source = source
    }
}
