/// What went wrong with a command, a script, a subscription or a configuration.
///
/// `description` holds the code, a sentence and the server's own words; never an argument, a reply,
/// a password or a URL.
package struct RedisError: Error, Sendable, Hashable {
    /// The kind of failure: open to growth, stable as text, safe as a metric label.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let rawValue: String

        /// No connection, and none could be made in time. The command was not sent. Retryable.
        package static let unavailable = Code(rawValue: "unavailable")
        /// The connection ended after the command was sent. Retryable if the command is idempotent.
        package static let connectionLost = Code(rawValue: "connectionLost")
        /// No answer within the command's time limit. Retryable if the command is idempotent.
        package static let timedOut = Code(rawValue: "timedOut")
        /// The server answered with an error that has no code of its own; see `serverMessage`.
        package static let server = Code(rawValue: "server")
        /// The server refused the user or password, or asked for one. Not retryable: operator's fault.
        package static let authenticationFailed = Code(rawValue: "authenticationFailed")
        /// The server is still loading its data set. Retryable.
        package static let loading = Code(rawValue: "loading")
        /// The server is a replica: it refused a write, or was not connected to. Nothing was executed.
        /// Retryable after a failover has settled.
        package static let readOnly = Code(rawValue: "readOnly")
        /// Another server answers, or another connection leads to it, than the caller named. Not sent.
        package static let serverChanged = Code(rawValue: "serverChanged")
        /// The server does not know a script, even after it has been loaded again.
        package static let noScript = Code(rawValue: "noScript")
        /// The key lives on another node of a cluster (`MOVED`, `ASK`); this client does not follow.
        package static let moved = Code(rawValue: "moved")
        /// The cluster does not serve the key at present. Retryable.
        package static let clusterDown = Code(rawValue: "clusterDown")
        /// The server refused a write because it is at `maxmemory`. Retryable once memory is free.
        package static let outOfMemory = Code(rawValue: "outOfMemory")
        /// More commands or bytes in flight than the configuration allows. Not sent. Retryable.
        package static let overloaded = Code(rawValue: "overloaded")
        /// The server sent bytes or a reply type that cannot be what was asked for.
        package static let protocolViolation = Code(rawValue: "protocolViolation")
        /// The waiting task was cancelled.
        package static let cancelled = Code(rawValue: "cancelled")
        /// The caller asked for something this client cannot do. Not sent; a programming error.
        package static let misuse = Code(rawValue: "misuse")

        package var description: String { rawValue }

        /// Whether trying again later, unchanged, can help.
        package var isRetryable: Bool {
            switch self {
            case .unavailable, .connectionLost, .timedOut, .loading, .readOnly, .clusterDown, .outOfMemory,
                .overloaded:
                true
            default: false
            }
        }
    }

    package let code: Code
    /// A sentence for the operator.
    package let message: String
    /// The server's own error text, as sent, without the arguments it may have quoted.
    package let serverMessage: String?
    /// Whether the server may have executed the command all the same.
    package let outcomeUnknown: Bool
    package let fileID: String
    package let line: Int

    package init(
        _ code: Code, _ message: String, serverMessage: String? = nil, outcomeUnknown: Bool = false,
        fileID: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.serverMessage = serverMessage
        self.outcomeUnknown = outcomeUnknown
        self.fileID = fileID
        self.line = line
    }

    /// The first word of the server's error, such as `WRONGTYPE`; nil when the server said nothing.
    package var serverKind: String? {
        serverMessage?.split(separator: " ", maxSplits: 1).first.map(String.init)
    }
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        var text = "Redis: \(message) [\(code.rawValue)]"
        if let serverMessage { text += ": \(serverMessage)" }
        if outcomeUnknown { text += " (the server may have executed it)" }
        return text
    }
}

extension RedisError {
    /// Longest server text kept, in characters.
    private static let serverMessageLengthMax = 512

    /// The error for an error reply, told apart by its first word.
    static func fromServer(_ text: String, fileID: String = #fileID, line: Int = #line) -> RedisError {
        let kept = withoutQuotedArguments(text)
        let kind = kept.split(separator: " ", maxSplits: 1).first.map(String.init) ?? ""
        let (code, message): (Code, String) =
            switch kind {
            case "NOAUTH", "WRONGPASS": (.authenticationFailed, "the server refused the credentials")
            case "LOADING": (.loading, "the server is loading its data")
            case "MASTERDOWN": (.unavailable, "the replica has no primary")
            case "READONLY": (.readOnly, "the server is a read-only replica")
            case "NOSCRIPT": (.noScript, "the server does not know the script")
            case "MOVED", "ASK": (.moved, "the key is on another cluster node")
            case "CLUSTERDOWN", "TRYAGAIN": (.clusterDown, "the cluster cannot serve the key now")
            case "OOM": (.outOfMemory, "the server is out of memory")
            // Servers before version 7 wrap what a script met.
            default:
                kept.contains("-READONLY ")
                    ? (.readOnly, "the server is a read-only replica")
                    : (.server, "the server answered with an error")
            }
        return RedisError(code, message, serverMessage: kept, fileID: fileID, line: line)
    }

    /// "unknown command" errors quote the arguments, which may be payload or secrets: cut there.
    private static func withoutQuotedArguments(_ text: String) -> String {
        var kept = text[...]
        if let quoted = kept.firstRange(of: ", with args beginning with") { kept = kept[..<quoted.lowerBound] }
        return String(kept.prefix(serverMessageLengthMax))
    }
}
