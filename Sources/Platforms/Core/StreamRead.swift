package import FoundationEssentials
package import RawJSON

/// Where one stream stands, as a platform is told it: everything a request may depend on.
package struct StreamRead: Sendable {
    package let resource: String
    /// The last committed cursor; nil for a stream that was never read.
    package let cursor: Cursor?
    /// The connection's settings, e.g. `time_zone`. Never credentials.
    package let settings: [String: String]
    /// The wall clock now. A platform never looks at a clock of its own.
    package let now: Date
    /// What failures mean, with an operator's rules before the platform's; nil for the platform's own.
    package let rules: RuleBook?

    package init(
        resource: String, cursor: Cursor?, settings: [String: String] = [:], now: Date, rules: RuleBook? = nil
    ) {
        self.resource = resource
        self.cursor = cursor
        self.settings = settings
        self.now = now
        self.rules = rules
    }
}

/// Where a stream has got to, in its platform's own terms: a small JSON object that only the platform reads.
///
/// It is committed in the transaction that stores the page it belongs to, so it must hold everything that is
/// needed to go on after a crash, in the middle of a walk as well as between two.
package struct Cursor: Sendable, Equatable {
    /// JSON text, at most ``bytesMax``.
    package let json: String

    package static let bytesMax = 64 * 1024

    package init(json: String) { self.json = json }

    /// The cursor that holds `value`. Keys are sorted, so equal values give equal cursors.
    ///
    /// - Throws: `data.malformed` when it cannot be stored. What goes into a cursor comes from the platform in part, so
    ///   a server can make it too long or put a NUL into it: that is its page's failure and must not end a worker.
    package init(encoding value: some Encodable) throws(ReadFailure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .secondsSince1970
        guard let data = try? encoder.encode(value), data.count <= Self.bytesMax, !Self.holdsNUL(data) else {
            throw ReadFailure(
                UnifiedError(
                    .dataMalformed,
                    "where the platform says to go on is too long, or holds characters that cannot be stored"))
        }
        json = String(decoding: data, as: UTF8.self)
    }

    /// Whether a string in the JSON holds the one character that jsonb cannot: an escape, since the encoder escapes it.
    private static func holdsNUL(_ json: Data) -> Bool {
        let escape = Array("u0000".utf8)
        var index = json.startIndex
        while let backslash = json[index...].firstIndex(of: UInt8(ascii: "\\")) {
            if json[(backslash + 1)...].starts(with: escape) { return true }
            // Past the escaped character, so that an escaped backslash is not taken for the beginning of an escape.
            index = min(backslash + 2, json.endIndex)
        }
        return false
    }

    /// The value in the cursor; nil when it was written by a version that meant something else by it. A
    /// platform then starts the stream over, which costs requests and loses nothing.
    package func decode<Value: Decodable>(_ type: Value.Type = Value.self) -> Value? {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        return try? decoder.decode(type, from: Data(json.utf8))
    }
}

/// What to ask next: requests that do not depend on each other's answers, or one whose answer is too large to be held.
package struct Step: Sendable {
    package let requests: [PlatformRequest]
    /// What reads the answer as it arrives; nil where the answers are held and given to the platform as a whole.
    package let reader: (any DocumentReader)?

    package static let requestsMax = 20

    package init(_ requests: [PlatformRequest]) {
        precondition((1...Self.requestsMax).contains(requests.count), "a step asks for something, within bounds")
        self.requests = requests
        reader = nil
    }

    /// A document of any size.
    package init(download request: PlatformRequest, with reader: any DocumentReader) {
        requests = [request]
        self.reader = reader
    }
}

/// Reads a document while it arrives, so that its size does not matter.
///
/// A value with no I/O, used for one download: `begin`, then `take` for each piece, then `finish`; after each of them
/// `nextPage` until it gives none. Every page is committed like any other, with its cursor. A download that was cut
/// short begins again with the cursor of its last page, which says what of the document is stored already.
///
/// An answer whose status is not 200 never gets here: it is given to ``Platform/page(from:in:)``.
package protocol DocumentReader: Sendable {
    /// The head of the answer; its body is empty.
    mutating func begin(_ head: PlatformResponse) throws(ReadFailure)
    /// The next bytes, in order; pieces have no meaningful boundaries.
    mutating func take(_ bytes: [UInt8]) throws(ReadFailure)
    /// The document is complete.
    mutating func finish() throws(ReadFailure)
    /// What has been read and can be stored; nil until there is enough of it. After `finish` all that is left, the last
    /// page with the cursor that goes on behind the document.
    mutating func nextPage() -> Page?
}

/// A request without host and credentials: the worker knows those.
package struct PlatformRequest: Sendable {
    package enum Method: String, Sendable { case get = "GET", post = "POST" }

    package var method: Method
    /// Path below the connection's base URL, percent-encoded, beginning with a slash.
    package var path: String
    /// Query parameters, not encoded, in order.
    package var query: [(name: String, value: String)]
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    /// The path with variables named, for logs and errors: `/v1/customers/{id}`. Never holds a value.
    package var route: String
    /// The platform's own word for what the request is for; comes back with the answer.
    package var purpose: String
    /// The tokens it costs.
    package var demands: [BucketDemand]
    /// A larger answer is cut off and ends as `data.too_large`.
    package var responseBytesMax: Int
    /// An address elsewhere, complete and signed, that an answer of the platform named. No credential is sent to it, and
    /// `path` and `query` do not matter. Nil: below the connection's base URL.
    package var url: String?
    /// Which of the method's ``Authentication/Method/alternatives`` the credentials go by; nil: by its placement.
    package var placement: String?

    package init(
        _ method: Method, path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8]? = nil, route: String, purpose: String,
        demands: [BucketDemand], responseBytesMax: Int = 64 * 1024 * 1024
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.route = route
        self.purpose = purpose
        self.demands = demands
        self.responseBytesMax = responseBytesMax
    }
}

/// An answer as it came from the wire, decompressed and complete.
package struct PlatformResponse: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: PaddedBytes
    /// When the request was sent: what the answer says is true at this time or later.
    package let requestedAt: Date

    package init(status: Int, headers: [(name: String, value: String)], body: PaddedBytes, requestedAt: Date) {
        self.status = status
        self.headers = headers
        self.body = body
        self.requestedAt = requestedAt
    }

    /// The first header of that name, whatever its case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name.lowercased() == name }?.value
    }
}

/// A request and its answer.
package struct Exchange: Sendable {
    package let request: PlatformRequest
    package let response: PlatformResponse

    package init(request: PlatformRequest, response: PlatformResponse) {
        self.request = request
        self.response = response
    }
}

extension PaddedBytes {
    /// The first bytes as text, for whoever has to write a missing rule.
    var start: String { String(decoding: bytes.prefix(4 * UnifiedError.evidenceBytesMax), as: UTF8.self) }
}
