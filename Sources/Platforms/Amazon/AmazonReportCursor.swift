import FoundationEssentials

/// Where a stream of reports has got to, and what has become of the report under way.
struct AmazonReportCursor: Codable, Sendable, Equatable {
    /// What is to be asked next; the words are the requests' purposes, too.
    enum Phase: String, Codable, Sendable {
        /// In which months anything was sold: before the first of them no report is asked for.
        case scout
        /// Whether the report that is wanted exists: after a crash, or because somebody else asked for it.
        case find
        case request
        case poll
        /// After a report was cancelled: whether there was anything to report.
        case check
        /// The signed address of the document.
        case link
        case download
        /// The same for a document that says why a report failed.
        case reasonLink
        case reason
    }

    var phase = Phase.find
    /// Up to which time windows are done.
    var through: Date?
    /// Where the run under way ends.
    var upTo: Date?
    /// The window under way.
    var from: Date?
    var to: Date?
    /// Number of the marketplace under way, for snapshots; when the snapshot began.
    var unit = 0
    var startedAt: Date?
    /// Something of the snapshot is missing: what it has not seen may still be there.
    var isPartial = false
    /// Rows that each marketplace had in the last snapshot.
    var lastRows: [String: Int] = [:]
    /// Of the list of reports.
    var token: String?
    var pages = 0
    /// Reports that Amazon made and that are still to be read; the last that were read: they are no news any more.
    var queue: [Found] = []
    var done: [String] = []

    // MARK: The report under way

    var reportID: String?
    var documentID: String?
    var url: String?
    var urlAt: Date?
    var requestedAt: Date?
    var polls = 0
    var links = 0
    /// Rows of the document that are stored.
    var rows = 0
    var cancels = 0
    var failures = 0
    var isClampTold = false
    var isScouted = false
    /// What is read is a window of the past, and not the stream.
    var isPast: Bool?

    struct Found: Codable, Sendable, Equatable {
        var report: String
        var document: String
    }

    static let linkSecondsMax = 240.0
    static let linksMax = 6
    static let failuresMax = 3
    static let doneMax = 250
    static let queueMax = 200
    /// Seconds between polls: most reports take a minute, some an hour.
    static let pauses = [30.0, 30, 60, 120, 240, 300]
    /// A report that is not made by then is asked for again.
    static let waitSecondsMax = 12 * 3600.0

    init() {}

    /// Forgets the report under way.
    mutating func forgetReport() {
        (reportID, documentID, url, urlAt, requestedAt, token) = (nil, nil, nil, nil, nil, nil)
        (polls, links, rows, pages) = (0, 0, 0, 0)
    }

    /// Forgets the report and what had become of it: what comes next is another one.
    mutating func closeReport() {
        if let reportID {
            done.append(reportID)
            done.removeFirst(max(0, done.count - Self.doneMax))
            queue.removeAll { $0.report == reportID }
        }
        forgetReport()
        (cancels, failures) = (0, 0)
    }

    /// The window to work on, opened where there is none.
    mutating func open(_ report: AmazonReport, now: Date) {
        switch report.source {
        case .windows(let days):
            if upTo == nil { upTo = AmazonTime.floor(now.addingTimeInterval(-125)) }
            guard from == nil || to == nil, let upTo else { return }
            let earliest = AmazonTime.floor(now.addingTimeInterval(-AmazonReport.historySeconds))
            let start = from ?? through.map { max(earliest, $0.addingTimeInterval(-report.overlapSeconds)) } ?? earliest
            from = min(start, upTo.addingTimeInterval(-1))
            to = min(upTo, start.addingTimeInterval(days * 86_400))
        case .snapshot:
            if startedAt == nil { startedAt = AmazonTime.floor(now) }
        case .found:
            if upTo == nil { upTo = AmazonTime.floor(now) }
        }
    }
}
