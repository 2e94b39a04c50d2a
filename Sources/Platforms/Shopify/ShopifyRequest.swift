import FoundationEssentials
import RawJSON

/// The variables of a query that was or will be sent.
///
/// A page is understood from its request and not from what would be asked now: between the two, time has passed.
enum ShopifyRequest {
    static let path = "/admin/api/\(ShopifyPlatform.version)/graphql.json"
    static let pagePurpose = "page"
    static let followUpPurpose = "follow_up"

    static func page(_ query: ShopifyQuery, walk: ShopifyCursor.Walk, cursor: ShopifyCursor) -> PlatformRequest {
        let first = cursor.first(for: query)
        return request(
            query, purpose: pagePurpose,
            // What is dearer is refused; and a demand beyond the bucket's capacity would never be met.
            cost: min(query.estimatedCost(first: first, nodeCost: cursor.nodeCost), ShopifyQuery.costMax),
            variables: "\"first\":\(first),\"after\":\(literal(walk.after)),\"query\":\(literal(filter(walk)))")
    }

    static func followUp(_ followUp: ShopifyCursor.FollowUp) -> PlatformRequest {
        let kind = followUp.k
        let gid = "gid://shopify/\(kind.parentType)/\(followUp.i)"
        return request(
            kind.query, purpose: followUpPurpose, cost: kind.query.estimatedCost(first: kind.first),
            variables: "\"id\":\(literal(gid)),\"first\":\(kind.first),\"after\":\(literal(followUp.a))")
    }

    /// Search syntax for the changes of a walk; both bounds are inclusive.
    static func filter(_ walk: ShopifyCursor.Walk) -> String {
        let upTo = "updated_at:<='\(PlatformTime.format(walk.upTo))'"
        guard let from = walk.from else { return upTo }
        return "updated_at:>='\(PlatformTime.format(from))' \(upTo)"
    }

    /// The walk and page length a page request was made for; nil for a request that is none of ours.
    static func walk(
        in request: PlatformRequest, cursor: ShopifyCursor
    ) -> (walk: ShopifyCursor.Walk, first: Int)? {
        guard let body = request.body, let document = try? JSONDocument(PaddedBytes(body)),
            let variables = document.root["variables"], let filter = variables["query"]?.string,
            let upTo = bound("updated_at:<='", in: filter), let first = variables["first"]?.int64
        else { return nil }
        var walk = cursor.walk ?? ShopifyCursor.Walk(from: nil, upTo: upTo)
        walk.from = bound("updated_at:>='", in: filter)
        walk.upTo = upTo
        let after = variables["after"]?.string
        if after == nil { walk.seen = 0 }
        walk.after = after
        return (walk, Int(first))
    }

    private static func bound(_ comparison: String, in filter: String) -> Date? {
        guard let start = filter.firstRange(of: comparison)?.upperBound else { return nil }
        return PlatformTime.parse(String(filter[start...].prefix { $0 != "'" }))
    }

    private static func request(
        _ query: ShopifyQuery, purpose: String, cost: Double, variables: String
    ) -> PlatformRequest {
        var body: [UInt8] = []
        body.reserveCapacity(query.text.utf8.count + variables.utf8.count + 64)
        body += Array("{\"query\":".utf8)
        body += Array(literal(query.text).utf8)
        body += Array(",\"variables\":{".utf8)
        body += Array(variables.utf8)
        body += Array("}}".utf8)
        return PlatformRequest(
            .post, path: path, headers: [("Content-Type", "application/json"), ("Accept", "application/json")],
            body: body, route: "graphql \(query.name)", purpose: purpose,
            demands: [BucketDemand(ShopifyPlatform.bucketName, tokens: cost)])
    }

    /// A JSON string, or null.
    private static func literal(_ text: String?) -> String {
        guard let text else { return "null" }
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\n": literal += "\\n"
            case let other where other.value < 0x20: literal += " "
            case let other: literal.unicodeScalars.append(other)
            }
        }
        return literal + "\""
    }
}
