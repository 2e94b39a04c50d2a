/// One line of a platform's table of failures: under which conditions an answer means which code.
///
/// Data only. A rule fits when all the conditions it has hold; the first that fits decides. The same form is used in
/// the platforms' folders and, as JSON, in `portolan.error_rules`.
package struct ErrorRule: Sendable, Hashable {
    /// Stable, e.g. `shopify.throttled`: errors are stored and clustered with it.
    package var id: String

    // MARK: Conditions. An empty list, and nil, ask for nothing.

    /// What was being done, e.g. `list` or `auth`.
    package var operations: [String] = []
    package var resources: [String] = []
    /// Only on merchants' own servers, or only on hosted platforms.
    package var hosting: HostingKind?
    package var statuses: [StatusRange] = []
    /// libcurl's result codes, where no answer came.
    package var curlCodes: [Int] = []
    /// Words of the HTTP client for why no answer came, e.g. `timeoutFirstByte`.
    package var transports: [String] = []
    /// All must hold.
    package var headers: [Header] = []
    package var bodies: [BodyKind] = []
    /// Whether the answer says why, in a code or a message.
    package var hasReason: Bool?
    /// The platform's own codes, as its ``ErrorShape`` finds them; one must be there. Exact, case included.
    package var codes: [String] = []
    /// All must hold.
    package var paths: [Path] = []
    /// One must be in the answer's messages, or in its text where it has none.
    package var texts: [Text] = []

    // MARK: What it means

    package var code: ErrorCode
    /// One English sentence for engineers.
    package var sentence: String
    /// Where the answer says how long to wait; of several that do, the longest counts.
    package var waits: [WaitSource] = []
    /// How long to wait where the answer does not say.
    package var fixedWait: Duration?
    package var remedy: Remedy
    /// Instead of the code's own.
    package var policy: ErrorCode.Policy?
    package var customerCode: CustomerCode?

    package init(
        _ id: String, operations: [String] = [], resources: [String] = [], hosting: HostingKind? = nil,
        statuses: [StatusRange] = [], curlCodes: [Int] = [], transports: [String] = [], headers: [Header] = [],
        bodies: [BodyKind] = [], hasReason: Bool? = nil, codes: [String] = [], paths: [Path] = [],
        texts: KeyValuePairs<String, [String]> = [:], _ code: ErrorCode, _ sentence: String,
        waits: [WaitSource] = [], fixedWait: Duration? = nil, remedy: Remedy? = nil, policy: ErrorCode.Policy? = nil,
        customerCode: CustomerCode? = nil
    ) {
        self.id = id
        self.operations = operations
        self.resources = resources
        self.hosting = hosting
        self.statuses = statuses
        self.curlCodes = curlCodes
        self.transports = transports
        self.headers = headers
        self.bodies = bodies
        self.hasReason = hasReason
        self.codes = codes
        self.paths = paths
        self.texts = texts.flatMap { language, patterns in patterns.map { Text(language: language, pattern: $0) } }
        self.code = code
        self.sentence = sentence
        self.waits = waits
        self.fixedWait = fixedWait
        self.remedy = remedy ?? .none
        self.policy = policy
        self.customerCode = customerCode
    }

    /// A rule without conditions would decide everything.
    package var hasConditions: Bool {
        !(operations.isEmpty && resources.isEmpty && statuses.isEmpty && curlCodes.isEmpty && transports.isEmpty
            && headers.isEmpty && bodies.isEmpty && codes.isEmpty && paths.isEmpty && texts.isEmpty)
    }
}

extension ErrorRule {
    package enum HostingKind: String, Sendable, CaseIterable {
        case merchant, platform

        package init(_ hosting: Hosting) { self = hosting.isSelfHosted ? .merchant : .platform }
    }

    /// What a body is, told by its bytes: content types lie.
    package enum BodyKind: String, Sendable, CaseIterable {
        case json
        /// Begins like JSON and is none: cut off, or with something in it.
        case brokenJSON = "broken_json"
        case xml, html, text, empty
    }

    /// What the platform's code may do at once instead of asking the same again.
    package enum Remedy: String, Sendable, CaseIterable {
        case none
        /// The same with fewer records, or half the window.
        case smallerPage = "smaller_page"
        /// Without the page cursor.
        case restartWindow = "restart_window"
        /// From what the platform still has.
        case clampWindow = "clamp_window"
        case refreshToken = "refresh_token"
        /// With our stored state (a link, a token) read again.
        case reload
        /// Without this one object.
        case skipObject = "skip_object"
    }

    /// A status, or a range of them.
    package struct StatusRange: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
        package let range: ClosedRange<Int>

        package init(integerLiteral value: Int) { range = value...value }
        package init(_ range: ClosedRange<Int>) { self.range = range }
        package static func range(_ range: ClosedRange<Int>) -> StatusRange { StatusRange(range) }

        package var description: String {
            range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
        }
    }

    /// A header whose whole value fits a pattern, in any case; `*` stands for anything.
    package struct Header: Sendable, Hashable {
        package var name: String
        package var pattern: String

        package init(_ name: String, _ pattern: String) {
            self.name = name
            self.pattern = pattern
        }
    }

    /// A value in the body.
    package struct Path: Sendable, Hashable {
        package enum Test: Sendable, Hashable {
            /// There, and neither null nor an empty text or list.
            case present
            case absent
            /// Exactly one of these.
            case anyOf([String])
            /// One of these patterns is in it, in any case; `*` stands for anything.
            case contains([String])
        }

        /// Member names with dots between, `*` for every element of a list: `errors.*.extensions.code`. In XML the
        /// names of the elements from the root on.
        package var path: String
        package var test: Test

        package init(_ path: String, _ test: Test) {
            self.path = path
            self.test = test
        }
    }

    /// Words of a message, in the language they are in.
    package struct Text: Sendable, Hashable {
        /// Two letters (ISO 639-1).
        package var language: String
        /// Anywhere in the text, in any case, with any spaces and quotation marks; `*` stands for anything.
        package var pattern: String

        package init(language: String, pattern: String) {
            self.language = language
            self.pattern = pattern
        }
    }
}

/// How a platform's answers are read: where they say what went wrong.
package struct ErrorShape: Sendable {
    /// A place of codes: a path, and the members whose values make one code where it takes several.
    package struct CodePath: Sendable, ExpressibleByStringLiteral {
        package var path: String
        /// Joined with a slash: `errors.*` with `domain` and `errorId` gives `API_ORDER/32100`.
        package var members: [String]

        package init(_ path: String, joining members: [String]) {
            self.path = path
            self.members = members
        }

        package init(stringLiteral value: String) {
            path = value
            members = []
        }
    }

    package var codes: [CodePath]
    package var messages: [String]
    /// The first header that is there names the request.
    package var requestIDHeaders: [String]
    package var requestIDPaths: [String]
    /// What a good answer is.
    package var answers: ErrorRule.BodyKind
    /// Paths of which one is present in an answer that failed although its status says otherwise.
    package var marks: [String]
    /// Headers that are kept as evidence besides the usual ones.
    package var headers: [String]

    package init(
        codes: [CodePath] = ["code", "error", "error.code"],
        messages: [String] = ["message", "error_description", "error.message", "errors"],
        requestIDHeaders: [String] = ["x-request-id", "request-id"], requestIDPaths: [String] = [],
        answers: ErrorRule.BodyKind = .json, marks: [String] = [], headers: [String] = []
    ) {
        self.codes = codes
        self.messages = messages
        self.requestIDHeaders = requestIDHeaders
        self.requestIDPaths = requestIDPaths
        self.answers = answers
        self.marks = marks
        self.headers = headers
    }
}
