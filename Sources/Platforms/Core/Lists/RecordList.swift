package import FoundationEssentials

/// How one resource of a REST interface is listed, as data: all that most platforms' folders have to say about reading.
///
/// ``ListReading`` does the rest: it walks the pages, goes on where it stopped, reads what changed since, and lists
/// everything now and then to find what was deleted.
package struct RecordList: Sendable {
    package let resource: Resource
    /// Path below the base URL. What stands in braces is a setting of the connection: `/organizers/{organizer}/orders/`.
    package let path: String
    /// Sent with every first page; the links to further pages hold it already. Where changes are asked for, a parameter
    /// of ``Since/query`` takes the place of one with its name here.
    package var query: [(name: String, value: String)]
    package var headers: [(name: String, value: String)]
    /// The member of the answer that holds the records; nil where the answer is the array.
    package var records: String?
    package var shape: RecordShape
    package var paging: Paging
    /// How the platform is asked for what changed; nil where it cannot be: then all there is is listed with every read.
    package var since: Since?
    /// How often all there is is listed although changes can be asked for, because deletions are not among them; nil
    /// where nothing is ever deleted, or a deletion shows as a change.
    package var sweepEvery: Duration?
    /// Which records are never deleted; nil where any may be.
    package var lasting: Lasting?
    /// How a window of its past is asked for; nil where it cannot be.
    package let history: Past?
    /// What a page takes.
    package var demands: [BucketDemand]

    package init(
        _ resource: Resource, path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], records: String?, shape: RecordShape, paging: Paging,
        since: Since? = nil, sweepEvery: Duration? = nil, lasting: Lasting? = nil, history: Past? = nil,
        demands: [BucketDemand]
    ) {
        self.lasting = lasting
        self.history = history
        self.resource = history.map { resource.with($0.history) } ?? resource
        self.path = path
        self.query = query
        self.headers = headers
        self.records = records
        self.shape = shape
        self.paging = paging
        self.since = since
        self.sweepEvery = sweepEvery
        self.demands = demands
    }

    /// Where a record says what it is. Dots lead into objects.
    package struct RecordShape: Sendable {
        package let id: String
        package let updatedAt: String?
        package let createdAt: String?

        package init(id: String = "id", updatedAt: String? = nil, createdAt: String? = nil) {
            self.id = id
            self.updatedAt = updatedAt
            self.createdAt = createdAt
        }
    }

    /// Records that stay for ever. A walk over all there is that meets fewer of them than the one before it does not
    /// show that they are gone but that they are hidden, as where a permission that was taken away makes the list shorter
    /// instead of a refusal. Such a walk marks nothing as deleted, and the stream says so until one meets them again.
    package enum Lasting: Sendable {
        /// Of all records, whichever they are, never the last.
        case one
        /// All in which this member is not true.
        case unless(String)
    }

    /// How an answer says where its list goes on.
    package enum Paging: Sendable {
        /// A member holds the next page's address, whole or from the path on; null or missing at the end. Its query is
        /// used as it is.
        ///
        /// - `count`: the member that holds how many records the list has; nil where it tells none. One that shrinks
        ///   while the list is walked means that records moved up to pages that were read already: it is walked again.
        /// - `more`: the member that says whether there is another page, as a boolean; nil where there is none. One
        ///   that says so on a page that leads nowhere makes the answer a malformed one, and no end.
        case link(member: String, count: String? = nil, more: String? = nil)
        /// The header `Link: <address>; rel="next"` of RFC 8288.
        case linkHeader
        /// A member holds a token, which the next request is sent with, beside the query of the first.
        case token(member: String, parameter: String)
        /// There is one page.
        case whole
    }

    /// How a platform is asked for a window of the past: by two parameters, whose times have a zone and no fractions of a
    /// second. Whether the bounds are inclusive does not matter.
    ///
    /// Better by creation than by change where there is a choice: nothing enters or leaves such a window while it is read.
    package struct Past: Sendable {
        package let history: History
        /// The parameters of the lower and of the upper bound.
        package let from: String
        package let to: String
        /// Sent with them, e.g. the order that is safe to walk in; takes the place of what the list's own query has under
        /// the same name.
        package let query: [(name: String, value: String)]

        package init(_ history: History, from: String, to: String, query: [(name: String, value: String)] = []) {
            self.history = history
            self.from = from
            self.to = to
            self.query = query
        }
    }

    /// How a platform is asked for what changed since.
    package struct Since: Sendable {
        /// Up to when a completed walk has read.
        package enum Bound: Sendable {
            /// When its first page was asked for, less what the platform's servers may differ by.
            case request(less: Duration)
            /// The time in a header of its first page.
            case header(String)
        }

        package let parameter: String
        package let bound: Bound
        /// How far before the last bound the next read begins: what the platform may show late.
        package let overlap: Duration
        /// Sent with it, e.g. the order that is safe to walk in. Sent with a walk over all there is as well, but for what
        /// the list's own query has under the same name.
        package let query: [(name: String, value: String)]

        package init(
            _ parameter: String, bound: Bound, overlap: Duration, query: [(name: String, value: String)] = []
        ) {
            self.parameter = parameter
            self.bound = bound
            self.overlap = overlap
            self.query = query
        }
    }
}

/// Headers in which every answer tells how much of a bucket is left.
package struct LimitHeaders: Sendable {
    package let bucket: String
    package let remaining: String
    /// When it is whole again, and how that is written.
    package let reset: WaitSource?

    package init(bucket: String, remaining: String, reset: WaitSource? = nil) {
        self.bucket = bucket
        self.remaining = remaining
        self.reset = reset
    }
}

/// A platform whose resources are all lists. Its folder says which; nothing of reading is written again.
package protocol ListPlatform: Platform {
    var lists: [RecordList] { get }
    var limitHeaders: [LimitHeaders] { get }
}

extension ListPlatform {
    package var limitHeaders: [LimitHeaders] { [] }
    package var resources: [Resource] { lists.map(\.resource) }

    package func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        try ListReading(read, of: self).step()
    }

    package func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        var reading = try ListReading(read, of: self)
        return try reading.page(from: exchanges)
    }

    package func cursor(reading window: Window, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try ListReading(read, of: self).cursor(reading: window)
    }

    package func cursor(startingAt start: Date, in read: StreamRead) throws(ReadFailure) -> Cursor {
        try ListReading(read, of: self).cursor(startingAt: start)
    }
}
