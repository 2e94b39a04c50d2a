import Foundation
import RawJSON
import Testing

@testable import Platforms

@Suite("pretix's refusals") struct PretixErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let status: Int
        let body: String
        let rule: String
        let code: ErrorCode
        var testDescription: String { "\(status) \(body.prefix(60))" }
    }

    static func detail(_ text: String) -> String { #"{"detail":"\#(text)"}"# }

    /// As recorded, in both languages where it has them.
    static let cases: [Case] = [
        Case(
            status: 401, body: detail("Authentication credentials were not provided."), rule: "pretix.no_token",
            code: .authCredentialsInvalid),
        Case(status: 401, body: detail("Anmeldedaten fehlen."), rule: "pretix.no_token", code: .authCredentialsInvalid),
        Case(status: 401, body: detail("Invalid token."), rule: "pretix.token_unknown", code: .authCredentialsInvalid),
        Case(
            status: 401, body: detail("Ung\\u00fcltiger Token Header. Keine Zugangsdaten angegeben."),
            rule: "pretix.token_unknown", code: .authCredentialsInvalid),
        Case(
            status: 401, body: detail("Token inactive or deleted."), rule: "pretix.token_inactive",
            code: .authCredentialsInvalid),
        Case(
            status: 403, body: detail("You do not have permission to perform this action."), rule: "pretix.permission",
            code: .authScopeMissing),
        Case(
            status: 403, body: detail("Sie sind nicht berechtigt, diese Aktion durchzuf\\u00fchren."),
            rule: "pretix.permission", code: .authScopeMissing),
        Case(status: 404, body: detail("Invalid page."), rule: "pretix.page", code: .requestCursorExpired),
        Case(
            status: 404, body: detail("Ung\\u00fcltige Seite."), rule: "pretix.page", code: .requestCursorExpired),
        Case(
            status: 404, body: detail("No Order matches the given query."), rule: "pretix.no_record",
            code: .dataNotFound),
        Case(
            status: 404, body: "<!DOCTYPE html><html><head><title>Nicht gefunden</title></head></html>",
            rule: "pretix.no_list", code: .platformEndpointGone),
        Case(
            status: 400, body: #"{"modified_since":["Enter a valid date/time."]}"#, rule: "status.refused",
            code: .requestInvalid),
        Case(
            status: 405, body: detail("Methode \\\"POST\\\" nicht erlaubt."), rule: "status.refused",
            code: .requestInvalid),
        Case(status: 409, body: detail("busy"), rule: "pretix.conflict", code: .rateConcurrency),
    ]

    @Test("each has its rule", arguments: cases)
    func rules(one: Case) throws {
        let platform = PretixPlatform()
        let read = StreamRead(
            resource: "orders", cursor: nil, settings: ["organizer": "harbour"],
            now: Date(timeIntervalSince1970: 1.79e9))
        let response = PlatformResponse(
            status: one.status, headers: [("Content-Type", "application/json")],
            body: PaddedBytes(Array(one.body.utf8)), requestedAt: read.now)
        let exchange = Exchange(request: try platform.nextStep(in: read).requests[0], response: response)
        guard case .failure(let failure) = platform.meaning(of: [exchange], in: read) else {
            Issue.record("it is a failure")
            return
        }
        #expect(failure.error.ruleID == one.rule && failure.error.code == one.code)
    }

    @Test("the sandbox refuses as the server does", arguments: ["en", "de"])
    func sandbox(language: String) {
        let store = PretixPlatform().makeSandboxStore(
            SandboxOptions(
                seed: 1, credentials: ["api_token": "t"], startsAt: Date(timeIntervalSince1970: 1.79e9)))
        func ask(_ path: String, _ query: [(name: String, value: String)] = [], token: String? = "t") -> SandboxResponse
        {
            var headers = [(name: "Accept-Language", value: language)]
            if let token { headers.append(("Authorization", "Token " + token)) }
            return store.respond(
                to: SandboxRequest(method: "GET", path: path, query: query, headers: headers),
                now: Date(timeIntervalSince1970: 1.79e9))
        }
        let orders = "/api/v1/organizers/harbour/orders/"
        #expect(ask(orders).status == 200)
        #expect(ask(orders, token: nil).status == 401 && ask(orders, token: "x").status == 401)
        #expect(ask(orders, [("page", "99")]).status == 404)
        #expect(ask(orders, [("modified_since", "yesterday")]).status == 400)
        #expect(ask("/api/v1/organizers/harbour/events/nowhere/items/").status == 403)
        #expect(
            String(decoding: ask("/api/v1/organizers/harbour/events/nowhere/items/").body, as: UTF8.self).contains(
                language == "de" ? "berechtigt" : "permission"))
        let most = String(decoding: ask(orders, [("page_size", "500")]).body, as: UTF8.self)
        #expect(most.ranges(of: #"{"code":"#).count == 50, "more are silently fifty")
    }
}
