import Foundation
import RawJSON

@testable import Platforms

/// An answer that no connector hopes for.
struct ConformanceAnswer {
    let name: String
    let status: Int
    let contentType: String
    let body: String

    func to(_ exchange: Exchange) -> Exchange {
        exchange.answered(
            status, Array(body.utf8), headers: [("Content-Type", contentType), ("X-Token", "shpat_\(Self.planted)")])
    }

    /// Part of what looks like a credential in the answers below: nobody may find it in a log.
    static let planted = "PLANTED7c1f"

    static let all: [ConformanceAnswer] = {
        let html = "<!DOCTYPE html><html><body>sk_live_\(planted) shpat_\(planted) Bearer \(planted)</body></html>"
        let broken = [
            ("nothing", ""), ("a page", html), ("{}", "{}"), ("[]", "[]"), ("null", "null"), ("blank", " \n"),
            ("a text", "\"\(planted)\""), ("cut short", #"{"data":[{"id":"1","#),
            ("cut short", #"{"data":{"orders":{"nodes":["#),
            ("no object", #"{"data":7}"#), ("errors of no kind", #"{"errors":7,"error":[]}"#),
        ].map { ConformanceAnswer(name: "200 with \($0)", status: 200, contentType: "text/html", body: $1) }
        let bodies = [
            ("nothing", "", "text/plain"), ("a page", html, "text/html"), ("{}", "{}", "application/json"),
            (
                "an envelope", #"{"error":{"type":"x","code":"y","message":"no: sk_live_\#(planted)"}}"#,
                "application/json"
            ),
            ("a list of errors", #"{"errors":[{"message":"no: shpat_\#(planted)"}]}"#, "application/json"),
        ]
        let statuses = [
            301, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 418, 422, 423, 429, 430, 500, 502, 503, 504, 520,
            599,
        ]
        let refusals = statuses.flatMap { status in
            bodies.map {
                ConformanceAnswer(name: "\(status) with \($0.0)", status: status, contentType: $0.2, body: $0.1)
            }
        }
        return broken + refusals
    }()
}
