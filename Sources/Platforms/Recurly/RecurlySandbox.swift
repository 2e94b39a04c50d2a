import FoundationEssentials

/// How Recurly's server answers a simulated site. What its records look like is in ``RecurlySandboxRecords``.
///
/// Words it knows: `mode: sandbox` (a site in its sandbox mode, with the lower limit), `region: eu` (the region that
/// the site is in; the server asked is the American one unless its name says else), `missing_feature: items,coupons`
/// and `forbidden: transactions` (lists that are refused).
struct RecurlySandbox: Sendable {
    let options: SandboxOptions

    func plan(_ lists: [RecordList]) -> ListSandbox {
        let requests: Double = options.quirks["mode"] == "sandbox" ? 2000 : 5000
        return ListSandbox(
            kinds: RecurlySandboxRecords(options: options).kinds, lists: lists, size: ("limit", usual: 20, most: 200),
            isNewestFirst: true, until: "end_time", neverStored: RecurlyPlatform().neverStored, refusal: Self.refusal,
            answer: Self.answer, limit: (requests, .seconds(300)),
            throttled: { reset in
                let headers = Self.limitHeaders(limit: requests, remaining: 0, reset: reset)
                return Self.error(429, "rate_limited", "The request rate limit was exceeded.", headers: headers)
            },
            limitHeaders: { Self.limitHeaders(limit: requests, remaining: $0, reset: $1) })
    }

    private static func limitHeaders(
        limit: Double, remaining: Int, reset: Date
    ) -> [(name: String, value: String)] {
        [
            ("X-RateLimit-Limit", "\(Int(limit))"), ("X-RateLimit-Remaining", "\(remaining)"),
            ("X-RateLimit-Reset", "\(Int(reset.timeIntervalSince1970.rounded(.up)))"),
        ]
    }

    // MARK: - Refusals

    /// The version is asked for before the key is looked at.
    private static func refusal(_ request: SandboxRequest, _ options: SandboxOptions) -> SandboxResponse? {
        guard let accept = request.header("Accept"), [version, version + "+json"].contains(accept) else {
            return unacceptable
        }
        let user = (options.credentials["api_key"] ?? "") + ":"
        let key = "Basic " + Data(user.utf8).base64EncodedString()
        let region = request.header("Host")?.hasPrefix("v3.eu.") == true ? "eu" : "us"
        guard request.header("Authorization") == key, options.quirks["region"] ?? region == region else {
            return error(401, "unauthorized", "There was an error authenticating your request.")
        }
        let list = String(request.path.dropFirst())
        if words(options.quirks["missing_feature"]).contains(list) {
            return error(422, "missing_feature", "The feature for \(list) is not enabled for your site.")
        }
        if words(options.quirks["forbidden"]).contains(list) {
            return error(403, "invalid_permissions", "Your API key does not have permission for this.")
        }
        let unknown = request.query.first { !parameters.contains($0.name) }
        if let unknown {
            return error(400, "bad_request", "The parameter \(unknown.name) is not permitted.")
        }
        return nil
    }

    private static func words(_ text: String?) -> [String] { text?.split(separator: ",").map(String.init) ?? [] }

    private static let version = "application/vnd.recurly.v2021-02-25"
    private static let parameters = ["limit", "order", "sort", "begin_time", "end_time", "cursor", "state", "type"]

    private static let unacceptable = SandboxResponse.json(
        406,
        #"{"error":{"type":"invalid_api_version","message":"That accept header isn't in the format we use to specify "#
            + #"an API version. Try one of these instead:","acceptable_accept_headers":["\#(version)"]}}"#)

    private static func error(
        _ status: Int, _ type: String, _ message: String, headers: [(name: String, value: String)] = []
    ) -> SandboxResponse {
        .json(
            status, #"{"error":{"type":"\#(type)","message":"\#(message)","params":[]}}"#,
            headers: [("Recurly-Version", "recurly.v2021-02-25")] + headers)
    }

    // MARK: - Answers

    /// The next page is a path; the count is told by a request for the headers alone.
    private static func answer(_ found: ListSandbox.Found) -> SandboxResponse {
        let next = found.next.map { #""\#(found.path)?\#($0)""# } ?? "null"
        var headers = [(name: "Recurly-Version", value: "recurly.v2021-02-25")]
        if found.isHead { headers.append(("Recurly-Total-Records", "\(found.count)")) }
        let records = found.records.joined(separator: ",")
        return .json(
            200, #"{"object":"list","has_more":\#(found.next != nil),"next":\#(next),"data":[\#(records)]}"#,
            headers: headers)
    }
}
