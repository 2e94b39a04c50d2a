/// Something that goes wrong between a simulated merchant and whoever reads it, and how often.
///
/// As JSON: `{"fault":"truncate","share":0.1}` or `{"fault":"status","status":500,"next":3}`; a fault with
/// neither `share` nor `next` always strikes. Of a store's faults, all latencies that strike add up, and of the
/// others the first in the list that strikes is played.
///
/// Whether the store sees the request: those that lose or spoil an answer (`drop`, `reset`, `cut`, `drip` and
/// all that change bytes) let the store do its work and count its limits first, as a platform would have; those
/// that answer in its place (`status`, `throttle`, `maintenance`, `outage`, `html`, `hang`) do not.
package struct Fault: Sendable, Equatable {
    /// What goes wrong.
    package enum Kind: Sendable, Equatable {
        /// Waits before anything else happens: the fixed part and up to the jitter on top.
        case latency(milliseconds: Int, jitterMilliseconds: Int)
        /// An error status with a body that is JSON, HTML or empty.
        case status(Int, body: BodyStyle, retryAfterSeconds: Int?)
        /// 429, from the platform's edge rather than its own arithmetic.
        case throttle(retryAfterSeconds: Int?)
        /// 503 with the page a shop shows while it is updated.
        case maintenance(retryAfterSeconds: Int)
        /// 503 with a proxy's page, for as long as the fault is set.
        case outage
        /// The connection ends in good order before the answer.
        case drop
        /// The connection is reset before the answer.
        case reset
        /// The connection ends in the middle of the body: fewer bytes come than were promised.
        case cut
        /// Valid HTTP around a JSON text that stops half way.
        case truncate
        /// 200 with a web page where JSON should be.
        case html
        /// A byte order mark in front of the body.
        case byteOrderMark
        /// A PHP warning in front of the body.
        case phpWarning
        /// Bytes that are no UTF-8 inside a string.
        case invalidUTF8
        /// `\u0000` inside a string.
        case nulEscape
        /// Half a surrogate pair, escaped, inside a string.
        case loneSurrogate
        /// One string that is far too long.
        case hugeString(bytes: Int)
        /// The body comes a few bytes at a time.
        case drip(bytesPerSecond: Int)
        /// No answer until the client gives up.
        case hang
        /// The request's credentials do not count any more: the store sees the request without them.
        case authRevoked
    }

    /// What an error's body is.
    package enum BodyStyle: String, Sendable, CaseIterable { case json, html, empty }

    /// How often a fault strikes.
    package enum Trigger: Sendable, Equatable {
        /// A share of the requests, 0 to 1.
        case share(Double)
        /// That many requests from now on, then never again.
        case next(Int)
    }

    /// What goes wrong.
    package var kind: Kind
    /// How often.
    package var trigger: Trigger

    /// A fault of that kind, striking always unless told otherwise.
    package init(_ kind: Kind, _ trigger: Trigger = .share(1)) {
        self.kind = kind
        self.trigger = trigger
    }

    static let millisecondsMax = 600_000
    static let bytesMax = 64_000_000
}

extension Fault.Kind {
    /// The word for it in JSON and in counters.
    package var word: String {
        switch self {
        case .latency: "latency"
        case .status: "status"
        case .throttle: "throttle"
        case .maintenance: "maintenance"
        case .outage: "outage"
        case .drop: "drop"
        case .reset: "reset"
        case .cut: "cut"
        case .truncate: "truncate"
        case .html: "html"
        case .byteOrderMark: "bom"
        case .phpWarning: "php_warning"
        case .invalidUTF8: "invalid_utf8"
        case .nulEscape: "nul_escape"
        case .loneSurrogate: "lone_surrogate"
        case .hugeString: "huge_string"
        case .drip: "drip"
        case .hang: "hang"
        case .authRevoked: "auth_revoked"
        }
    }

    /// One of each kind with its usual figures; the list of words is made from it.
    package static let all: [Fault.Kind] = [
        .latency(milliseconds: 0, jitterMilliseconds: 0), .status(500, body: .json, retryAfterSeconds: nil),
        .throttle(retryAfterSeconds: nil), .maintenance(retryAfterSeconds: 600), .outage, .drop, .reset, .cut,
        .truncate, .html, .byteOrderMark, .phpWarning, .invalidUTF8, .nulEscape, .loneSurrogate,
        .hugeString(bytes: 5_000_000), .drip(bytesPerSecond: 1024), .hang, .authRevoked,
    ]
}

extension Fault: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(FieldReader(decoder))
    }

    init(_ fields: FieldReader) throws(SandboxError) {
        let word = try fields.requiredString("fault")
        guard let usual = Kind.all.first(where: { $0.word == word }) else {
            throw SandboxError(
                .badField, field: fields.at("fault"), message: "there is no such fault",
                fix: "the faults are " + Kind.all.map(\.word).joined(separator: ", "))
        }
        let (kind, names) = try Self.read(usual, fields)
        try fields.allowOnly(["fault", "share", "next"] + names)
        let share = try fields.number("share", in: 0...1)
        let next = try fields.integer("next", in: 0...1_000_000)
        guard share == nil || next == nil else {
            throw SandboxError(
                .badField, field: fields.at("next"), message: "a fault has either a share or a next", fix: "drop one")
        }
        self.init(kind, next.map(Trigger.next) ?? .share(share ?? 1))
    }

    /// The kind with the figures it was given, and which fields those are in.
    private static func read(_ usual: Kind, _ fields: FieldReader) throws(SandboxError) -> (Kind, [String]) {
        func milliseconds(_ name: String) throws(SandboxError) -> Int {
            try fields.integer(name, in: 0...millisecondsMax) ?? 0
        }
        let retryAfter = "retry_after"
        switch usual {
        case .latency:
            let kind = Kind.latency(
                milliseconds: try milliseconds("ms"), jitterMilliseconds: try milliseconds("jitter_ms"))
            return (kind, ["ms", "jitter_ms"])
        case .status:
            let word = try fields.string("body") ?? BodyStyle.json.rawValue
            guard let body = BodyStyle(rawValue: word) else {
                throw SandboxError(
                    .badField, field: fields.at("body"), message: "there is no such body",
                    fix: "the bodies are " + BodyStyle.allCases.map(\.rawValue).joined(separator: ", "))
            }
            let status = try fields.integer("status", in: 400...599) ?? 500
            let seconds = try fields.integer(retryAfter, in: 0...86_400)
            return (.status(status, body: body, retryAfterSeconds: seconds), ["status", "body", retryAfter])
        case .throttle:
            return (.throttle(retryAfterSeconds: try fields.integer(retryAfter, in: 0...86_400)), [retryAfter])
        case .maintenance(let seconds):
            let given = try fields.integer(retryAfter, in: 0...86_400)
            return (.maintenance(retryAfterSeconds: given ?? seconds), [retryAfter])
        case .hugeString(let bytes):
            return (.hugeString(bytes: try fields.integer("bytes", in: 1...bytesMax) ?? bytes), ["bytes"])
        case .drip(let rate):
            let given = try fields.integer("bytes_per_second", in: 1...bytesMax)
            return (.drip(bytesPerSecond: given ?? rate), ["bytes_per_second"])
        case .outage, .drop, .reset, .cut, .truncate, .html, .byteOrderMark, .phpWarning, .invalidUTF8, .nulEscape,
            .loneSurrogate, .hang, .authRevoked:
            return (usual, [])
        }
    }

    private enum Key: String, CodingKey {
        case fault, share, next, ms, status, body, bytes
        case jitter = "jitter_ms"
        case retryAfter = "retry_after"
        case bytesPerSecond = "bytes_per_second"
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(kind.word, forKey: .fault)
        switch trigger {
        case .share(let share): try fields.encode(share, forKey: .share)
        case .next(let count): try fields.encode(count, forKey: .next)
        }
        switch kind {
        case .latency(let milliseconds, let jitter):
            try fields.encode(milliseconds, forKey: .ms)
            try fields.encode(jitter, forKey: .jitter)
        case .status(let status, let body, let seconds):
            try fields.encode(status, forKey: .status)
            try fields.encode(body.rawValue, forKey: .body)
            try fields.encodeIfPresent(seconds, forKey: .retryAfter)
        case .throttle(let seconds): try fields.encodeIfPresent(seconds, forKey: .retryAfter)
        case .maintenance(let seconds): try fields.encode(seconds, forKey: .retryAfter)
        case .hugeString(let bytes): try fields.encode(bytes, forKey: .bytes)
        case .drip(let rate): try fields.encode(rate, forKey: .bytesPerSecond)
        case .outage, .drop, .reset, .cut, .truncate, .html, .byteOrderMark, .phpWarning, .invalidUTF8, .nulEscape,
            .loneSurrogate, .hang, .authRevoked:
            break
        }
    }
}
