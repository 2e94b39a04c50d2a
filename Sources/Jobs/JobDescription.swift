/// What is known of one job, live or ended.
package struct JobDescription: Sendable, Equatable {
    /// Where it stands: `scheduled`, `queued`, `handed over`, `running`, `awaiting` its children; or how it ended:
    /// `done`, `failed`, `poison`, `cancelled`, `merged`.
    package enum State: String, Sendable, CaseIterable {
        case scheduled, queued, running, awaiting
        case handedOver = "handed over"
        case done, failed, poison, cancelled, merged

        package var isEnd: Bool { [.done, .failed, .poison, .cancelled, .merged].contains(self) }
    }

    /// One run that did not end the job.
    package struct Event: Sendable, Equatable {
        /// The run's number, from 1.
        package let run: Int
        /// What the run came to: retry, snooze, yield, again, awaiting, or rescue.
        package let what: String
        /// Pages the job had committed by then, in all its runs.
        package let pages: Int
        /// Code of the error it ended with, or nil.
        package let code: String?

        package init(run: Int, what: String, pages: Int, code: String?) {
            self.run = run
            self.what = what
            self.pages = pages
            self.code = code
        }
    }

    /// Of a parent: how its children stand.
    package struct Children: Sendable, Equatable {
        package var live = 0
        package var done = 0
        /// Failed for good or poison.
        package var failed = 0
        package var cancelled = 0

        package init(live: Int = 0, done: Int = 0, failed: Int = 0, cancelled: Int = 0) {
            self.live = live
            self.done = done
            self.failed = failed
            self.cancelled = cancelled
        }
    }

    package var state: State
    package var connectionID: Int64
    package var kind: String
    package var band: Band
    /// Failed attempts that count; of an ended job, the last one included.
    package var attempt: Int
    package var snoozes: Int
    package var rescues: Int
    /// Runs that were reported or taken away.
    package var runs: Int
    package var pages: Int
    package var records: Int
    package var isCancelAsked: Bool
    /// Code of the error it ended with, or that sent it back last.
    package var errorCode: String?
    package var parentID: Int64?
    package var children: Children
    /// Oldest first, bounded.
    package var events: [Event]

    package init(
        state: State, connectionID: Int64, kind: String, band: Band, attempt: Int = 0, snoozes: Int = 0,
        rescues: Int = 0, runs: Int = 0, pages: Int = 0, records: Int = 0, isCancelAsked: Bool = false,
        errorCode: String? = nil, parentID: Int64? = nil, children: Children = Children(), events: [Event] = []
    ) {
        self.state = state
        self.connectionID = connectionID
        self.kind = kind
        self.band = band
        self.attempt = attempt
        self.snoozes = snoozes
        self.rescues = rescues
        self.runs = runs
        self.pages = pages
        self.records = records
        self.isCancelAsked = isCancelAsked
        self.errorCode = errorCode
        self.parentID = parentID
        self.children = children
        self.events = events
    }
}
