extension PretixPlatform {
    package var ownRules: RuleBook { Self.book }

    private static let book = RuleBook(of: PretixPlatform())

    /// `{"detail": "…"}`, or `{"field": ["…"]}`; there is no code anywhere.
    package var errorShape: ErrorShape {
        ErrorShape(codes: [], messages: ["detail", "modified_since.*"], requestIDHeaders: [])
    }

    /// What pretix's refusals mean. Its texts are in the language that is asked for, English where none is, and half of
    /// them in English in any.
    package var errorRules: [ErrorRule] {
        [
            .init(
                "pretix.token_inactive", statuses: [401],
                texts: ["en": ["token inactive or deleted"], "de": ["token inaktiv oder gelöscht"]],
                .authCredentialsInvalid, "The token was revoked."),
            .init(
                "pretix.token_unknown", statuses: [401],
                texts: ["en": ["invalid token"], "de": ["ungültiger token"]], .authCredentialsInvalid,
                "The server does not know the token."),
            .init(
                "pretix.no_token", statuses: [401],
                texts: [
                    "en": ["authentication credentials were not provided"], "de": ["anmeldedaten fehlen"],
                ], .authCredentialsInvalid, "The token did not reach the server."),
            .init(
                "pretix.permission", statuses: [403],
                texts: [
                    "en": ["you do not have permission to perform this action"],
                    "de": ["sie sind nicht berechtigt, diese aktion durchzuführen"],
                ], .authScopeMissing,
                "The token's team lacks the permission, or there is no such organizer or event: both look alike."),
            .init(
                "pretix.page", statuses: [404], texts: ["en": ["invalid page"], "de": ["ungültige seite"]],
                .requestCursorExpired, "The list has got shorter than the page that was asked for."),
            .init(
                "pretix.no_record", statuses: [404], bodies: [.json],
                texts: ["en": ["no * matches the given query"]], .dataNotFound, "There is no such record."),
            .init(
                "pretix.no_list", statuses: [404], bodies: [.html],
                texts: ["en": ["<title>not found</title>"], "de": ["<title>nicht gefunden</title>"]],
                .platformEndpointGone, "This version of pretix does not have the list."),
            .init(
                "pretix.conflict", statuses: [409], .rateConcurrency, "The same request is under way already.",
                waits: [WaitSource(.header("retry-after"), .retryAfter)], fixedWait: .seconds(5)),
        ]
    }
}
