package import FoundationEssentials

/// An external system, as a value: which request comes next, and what an answer means.
///
/// A platform performs no I/O and keeps no state. Given where a stream has got to it says what to ask; given
/// the answers it says which records they hold (as slices of the received bytes), where the stream has got to
/// now, what the answers teach about limits, or which unified error they are. The worker does the rest, the
/// same way for every platform: tokens, sockets, storage, leases, retries.
///
/// One folder holds all there is to a platform; the registry of platforms is generated from the folders.
package protocol Platform: Sendable {
    /// Lower-case word, unique, never changed: it is stored in every row. Example: `shopify`.
    var key: String { get }

    /// The name people use. Example: `Shopify`.
    var name: String { get }

    /// The version of the platform's interface the folder was written for. Example: `2026-01`.
    var apiVersion: String { get }

    var hosting: Hosting { get }
    var authentication: Authentication { get }
    var resources: [Resource] { get }
    var buckets: [Bucket] { get }
    /// What a person says of a connection besides its credentials; nothing unless it says so.
    var settings: [Setting] { get }
    /// Members of its records that are cut out before anything is stored; none unless it says so.
    var neverStored: NeverStored { get }
    /// What failures of this platform mean, in the order in which they are asked. What no rule here knows is decided by
    /// the rules that hold everywhere.
    var errorRules: [ErrorRule] { get }
    /// Where its answers say what went wrong.
    var errorShape: ErrorShape { get }
    /// Its own rules and the common ones, without an operator's; made once where a platform has many.
    var ownRules: RuleBook { get }

    /// What to ask next for a stream.
    ///
    /// Called with `read.cursor == nil` for a stream that was never read, with the last committed cursor
    /// otherwise; after a page that was caught up, it starts the next incremental read.
    /// - Returns: one or more requests, all of which are sent (at most ``Step/requestsMax``).
    func nextStep(in read: StreamRead) throws(ReadFailure) -> Step

    /// What the answers to a step mean.
    ///
    /// - Parameter exchanges: one for each request of the step, in its order. Transport failures never get
    ///   here; any HTTP status does.
    /// - Throws: ``ReadFailure`` when the step as a whole failed: nothing of it is stored.
    func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page

    /// Where to go on after a request of this step that was given up because no answer came in time, where asking for less
    /// at once may help; nil, as it is unless a platform says otherwise: that is a failure like any other.
    func cursorAfterSilence(in read: StreamRead) -> Cursor?

    /// Where a read of one window of a resource begins; asked for resources with a ``Resource/history`` only.
    ///
    /// The read goes on like any other, each page with the cursor of the one before, until a page is caught up: then all
    /// records of the window were in its pages, whichever else were. It is not the stream's own read and may run beside
    /// it, so what its pages say of the stream (up to when it is known, sweeps) is not stored.
    ///
    /// - Parameter read: as for the stream; its cursor is the stream's own, for what was found out about the server.
    func cursor(reading window: Window, in read: StreamRead) throws(ReadFailure) -> Cursor
    /// Where a stream that was never read begins when its past is left to a backfill: as though all that was created and
    /// changed before `start` had been read. Asked for resources with a ``Resource/history`` only.
    func cursor(startingAt start: Date, in read: StreamRead) throws(ReadFailure) -> Cursor

    /// The merchants that a demonstration shows; one small one unless it says so.
    var showcase: [SandboxShowcase] { get }
    /// A simulated merchant on this platform, deterministic for its options.
    func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore
}

extension Platform {
    package var settings: [Setting] { [] }
    package var showcase: [SandboxShowcase] { [SandboxShowcase("\(key)-corner", resources[0].name, share: 0.02)] }
    package var errorRules: [ErrorRule] { [] }
    package var errorShape: ErrorShape { ErrorShape() }
    package var ownRules: RuleBook { RuleBook(of: self) }

    package func cursorAfterSilence(in read: StreamRead) -> Cursor? { nil }

    package func cursor(reading window: Window, in read: StreamRead) throws(ReadFailure) -> Cursor {
        throw ReadFailure(UnifiedError(.internalBug, "\(read.resource) cannot be read by windows"))
    }

    package func cursor(startingAt start: Date, in read: StreamRead) throws(ReadFailure) -> Cursor {
        throw ReadFailure(UnifiedError(.internalBug, "\(read.resource) cannot be read from a time on"))
    }

    package func resource(_ name: String) -> Resource? { resources.first { $0.name == name } }
}

/// Where a platform's interface lives.
package enum Hosting: Sendable {
    /// One address for all merchants. Example: `https://api.stripe.com`.
    case shared(baseURL: String)
    /// A host for each merchant, run by the platform; `pattern` shows people what to type.
    /// Example: `https://{shop}.myshopify.com`.
    case perMerchant(pattern: String)
    /// The merchant's own server: any address, any state of repair.
    case selfHosted
    /// A few addresses of the platform's own, by region; a merchant's account is in one of them.
    case regional([Region])

    /// Example: `eu`, `https://sellingpartnerapi-eu.amazon.com`.
    package struct Region: Sendable {
        package let name: String
        package let baseURL: String

        package init(_ name: String, baseURL: String) {
            self.name = name
            self.baseURL = baseURL
        }
    }
}

/// Something a person says about a connection when adding it, e.g. which of several shops is meant.
package struct Setting: Sendable {
    /// Key in the connection's settings. Example: `organizer`.
    package let name: String
    /// One sentence for the person who has to know it.
    package let help: String
    package let example: String
    /// What holds where nobody says anything; nil: it has to be said.
    package let standard: String?

    package init(_ name: String, help: String, example: String, standard: String? = nil) {
        self.name = name
        self.help = help
        self.example = example
        self.standard = standard
    }
}

/// A kind of record a platform offers, and so a stream of each of its connections.
package struct Resource: Sendable {
    /// How its records are got, and so which kind of job reads it.
    package enum Kind: String, Sendable {
        /// Page by page.
        case sync
        /// From documents that are requested, waited for and downloaded.
        case report
    }

    /// The resource's name in every table. Example: `orders`.
    package let name: String
    package let kind: Kind
    /// How old the newest fact may get before a stream counts as late; the scheduler's interval.
    package let freshnessTarget: Duration
    /// Which of the connection's lanes its jobs run in.
    package let lane: String
    /// Raw resources that are stored while this one is read. Example: `order_line_items`.
    package let children: [String]
    /// How its past can be read in parts; nil: only as a whole.
    package let history: History?

    package init(
        _ name: String, kind: Kind = .sync, freshnessTarget: Duration, lane: String = "main", children: [String] = [],
        history: History? = nil
    ) {
        self.history = history
        self.name = name
        self.kind = kind
        self.freshnessTarget = freshnessTarget
        self.lane = lane
        self.children = children
    }

    /// The same resource, its past read in this way.
    func with(_ history: History) -> Resource {
        Resource(
            name, kind: kind, freshnessTarget: freshnessTarget, lane: lane, children: children, history: history)
    }
}
