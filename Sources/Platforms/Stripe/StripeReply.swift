import FoundationEssentials
import RawJSON

/// An answer, looked into once: its JSON, and what Stripe's error envelope says where it is one.
struct StripeReply {
    let request: PlatformRequest
    let response: PlatformResponse
    /// Nil where the body is no JSON object.
    let root: JSONValue?
    let type: String?
    let code: String?
    let message: String?
    let parameter: String?
    /// The body is an error envelope.
    let hasEnvelope: Bool
    let rules: RuleBook
    let resource: String

    init(_ exchange: Exchange, rules: RuleBook, resource: String) {
        self.rules = rules
        self.resource = resource
        request = exchange.request
        response = exchange.response
        let value = (try? JSONDocument(exchange.response.body))?.root
        root = value?.kind == .object ? value : nil
        let error = root?["error"]
        hasEnvelope = error?.kind == .object
        // OAuth's errors are flat: {"error": "invalid_grant", "error_description": "…"}.
        type = error?["type"]?.string
        code = error?["code"]?.string ?? error?.string
        message = error?["message"]?.string ?? root?["error_description"]?.string
        parameter = error?["param"]?.string
    }

    var isSuccess: Bool { (200..<300).contains(response.status) }
    var requestedAt: Int { Int(response.requestedAt.timeIntervalSince1970) }
    var requestID: String? { response.header("Request-Id") }

    /// The server took no offence at anything but the parameter of that name.
    func refuses(_ name: String) -> Bool {
        guard response.status == 400 else { return false }
        if let parameter { return parameter.hasPrefix(name) }
        return message?.contains(name) ?? false
    }

    /// The id to go on after is not known any more.
    var refusesStartingAfter: Bool {
        guard request.query.contains(where: { $0.name == "starting_after" }) else { return false }
        switch response.status {
        case 404: return true
        case 400: return code == "resource_missing" || refuses("starting_after") || says("No such")
        default: return false
        }
    }

    /// The object asked for does not exist, in a server that knows what kind of thing was asked for.
    var isMissingObject: Bool {
        response.status == 404 && hasEnvelope && !says("Unrecognized request URL") && !says("similar object exists")
    }

    func says(_ pattern: String) -> Bool {
        message?.lowercased().contains(pattern.lowercased()) ?? false
    }
}
