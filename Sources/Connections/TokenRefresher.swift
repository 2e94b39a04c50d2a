internal import FoundationEssentials
internal import Logging
internal import Platforms
internal import Postgres

/// Gets a connection's access token: from Postgres, or from the token endpoint when it is due. One errand at a time.
struct TokenRefresher: Sendable {
    let store: TokenStore
    let transport: any TokenTransport
    let clock: TokenClock
    let limits: TokenKeeper.Limits
    let logger: Logger
    let onStage: @Sendable (TokenKeeper.Stage) -> Void

    /// A token, and how long it is good for.
    struct Got {
        let token: AccessToken
        /// Uptime that the durations count from.
        let askedAt: Duration
        let refreshIn: Duration
        let expiresIn: Duration
    }

    /// How an attempt ended that began.
    private enum Ended {
        case got(Got)
        /// Other tokens were stored, or another attempt began: look again.
        case overtaken
        case failed(any Error)
    }

    /// An access token that dies sooner is of no use.
    private static let lifeMin = Duration.seconds(5)
    private static let overtakenMax = 5

    /// - Parameters:
    ///   - refused: generation of the access token that the platform refused.
    ///   - isIdle: the tokens are refreshed although they are good.
    func fetch(_ account: Account, refused: Int64?, isIdle: Bool) async throws -> Got {
        guard let grant = account.method.grant else {
            throw UnifiedError(.internalBug, "the connection signs in without tokens")
        }
        let end = clock.uptime() + limits.waitTime
        var pause = Duration.milliseconds(50)
        var overtaken = 0
        var generation: Int64?
        while true {
            let askedAt = clock.uptime()
            guard let stored = try await store.read(account.connectionID) else {
                throw UnifiedError(
                    .configInvalid,
                    "the connection has no tokens; give its credentials again: portolan connections renew")
            }
            let alive = got(stored, askedAt: askedAt, refused: refused)
            // Idle tokens are refreshed once: what another process stores meanwhile is as good.
            let isWanted = isIdle && (generation ?? stored.generation) == stored.generation
            generation = generation ?? stored.generation
            if let alive, alive.refreshIn > .zero, !isWanted { return alive }
            if stored.state == "rejected" { return try alive ?? { throw rejection(stored) }() }
            let began = clock.uptime()
            let begun = try await store.begin(
                account.connectionID, generation: stored.generation, limit: limits.intentTime,
                young: refused == nil ? nil : limits.youngAge)
            switch (begun.verdict, begun.refreshID) {
            case (.go, let refreshID?):
                let attempt = Attempt(
                    account: account, grant: grant, stored: stored, id: refreshID, began: began,
                    doubtfulSince: begun.doubtfulSince)
                switch await run(attempt) {
                case .got(let got): return got
                case .failed(let error): return try alive ?? { throw error }()
                case .overtaken: overtaken += 1
                }
            case (.newer, _), (.go, nil): overtaken += 1
            case (.rejected, _): continue
            case (.young, _):
                throw UnifiedError(
                    .authCredentialsInvalid, "the platform refuses an access token that it gave a moment ago")
            case (.cooling, _):
                if let alive { return alive }
                throw try await cooling(account)
            case (.busy, _):
                if let alive { return alive }
                guard clock.uptime() + pause < end else {
                    throw Self.raced("another worker is getting a token and has not ended", stored.busyFor)
                }
                try await clock.sleep(pause)
                pause = min(pause * 2, .milliseconds(500))
            }
            guard overtaken < Self.overtakenMax else {
                throw Self.raced("the tokens keep changing")
            }
        }
    }

    /// Somebody else is at it: the job comes back in a while, and no attempt of it is spent.
    static func raced(_ message: String, _ wait: Duration? = nil) -> UnifiedError {
        var error = UnifiedError(.authRefreshRaced, message, retryAfter: min(wait ?? .seconds(5), .seconds(30)))
        error.policyOverride = .snooze
        return error
    }

    /// The stored access token, where it is good and not the refused one.
    private func got(_ stored: TokenStore.Stored, askedAt: Duration, refused: Int64?) -> Got? {
        guard let access = stored.pair.access, let expiresIn = stored.expiresIn, expiresIn > Self.lifeMin,
            stored.generation != refused
        else { return nil }
        return Got(
            token: AccessToken(value: access, generation: stored.generation), askedAt: askedAt,
            refreshIn: stored.refreshIn, expiresIn: expiresIn)
    }

    private func rejection(_ stored: TokenStore.Stored) -> UnifiedError {
        let code: ErrorCode =
            switch stored.errorCode {
            case ErrorCode.authCredentialsInvalid.name: .authCredentialsInvalid
            case ErrorCode.authMFARequired.name: .authMFARequired
            default: .authRefreshRejected
            }
        return UnifiedError(code, stored.errorMessage ?? "the merchant has to sign in again")
    }

    private func cooling(_ account: Account) async throws -> UnifiedError {
        let stored = try await store.read(account.connectionID)
        let why = stored?.errorMessage ?? "a refresh was interrupted"
        let isOurs = stored?.errorCode == ErrorCode.configInvalid.name
        var error = UnifiedError(
            isOurs ? .configInvalid : .authRefreshUnavailable, "no token for the moment: \(why)",
            retryAfter: stored?.coolingFor ?? .seconds(5))
        // The endpoint is not asked, so this is no attempt of it, and none of the job either.
        if !isOurs { error.policyOverride = .snooze }
        return error
    }

    // MARK: One attempt

    /// A refresh that is this process's to make.
    private struct Attempt {
        let account: Account
        let grant: TokenGrant
        /// The tokens it began with.
        let stored: TokenStore.Stored
        let id: UUID
        /// Uptime when the intent was asked for: it ends that much later at the earliest.
        let began: Duration
        /// Begin of an earlier refresh with these tokens whose answer is not known.
        let doubtfulSince: Date?
    }

    private func run(_ attempt: Attempt) async -> Ended {
        onStage(.begun)
        var refresh = attempt.stored.pair.refresh
        var spare = attempt.stored.pair.spare
        while true {
            do throws(TokenFailure) {
                let issued = try await ask(attempt, with: refresh)
                onStage(.answered)
                return await store(issued, used: refresh, attempt)
            } catch {
                // A pair that lost against another is asked once, when the other no longer works.
                if error.meaning == .grant, attempt.grant.usesRefreshToken, let other = spare {
                    logger.notice(
                        "refresh token refused; trying the spare one",
                        metadata: ["connection": "\(attempt.account.connectionID)"])
                    (refresh, spare) = (other, nil)
                    continue
                }
                return await giveUp(attempt, error)
            }
        }
    }

    /// One call of the token endpoint.
    private func ask(_ attempt: Attempt, with refresh: Secret?) async throws(TokenFailure) -> IssuedTokens {
        let request: TokenRequest
        do throws(UnifiedError) {
            request = try TokenRequest(
                attempt.grant, for: attempt.account, refreshToken: refresh, timeLimit: limits.requestTime,
                now: clock.wall())
        } catch {
            throw TokenFailure(.request, error, isInDoubt: false)
        }
        if request.wait > .zero { try? await clock.sleep(request.wait) }
        // A process that was stopped for long must not send what another may be sending by now.
        guard clock.uptime() - attempt.began + limits.requestTime < limits.intentTime else {
            throw TokenFailure(
                .trouble, Self.raced("the refresh took too long to begin"), isInDoubt: false)
        }
        onStage(.sending)
        let response: TokenResponse
        do throws(TokenTransportFailure) {
            response = try await transport.send(request)
        } catch {
            throw Self.failure(error)
        }
        do throws(TokenFailure) {
            return try attempt.grant.read(
                response, clientIsOurs: attempt.account.method.isClientOurs, at: clock.wall())
        } catch {
            var failure = error
            failure.error.platformMessage = failure.error.platformMessage.map {
                Self.redacted($0, attempt.account.credentials.values + [refresh].compactMap { $0 })
            }
            throw failure
        }
    }

    private static func failure(_ failure: TokenTransportFailure) -> TokenFailure {
        switch failure.error.policy {
        // What is wrong with the address, or with us, is told as it is.
        case .blockConnection, .fail, .abandon:
            return TokenFailure(.trouble, failure.error, isInDoubt: failure.isInDoubt)
        default:
            var error = UnifiedError(
                .authRefreshUnavailable, "no answer from the token endpoint: \(failure.error.message)",
                route: "token endpoint")
            error.retryAfter = failure.error.retryAfter
            return TokenFailure(.trouble, error, isInDoubt: failure.isInDoubt)
        }
    }

    /// Some endpoints repeat in their error what they were sent.
    private static func redacted(_ text: String, _ secrets: [Secret]) -> String {
        secrets.reduce(text) { text, secret in
            let value = secret.reveal()
            return value.utf8.count < 4 ? text : text.replacing(value, with: "•••")
        }
    }

    // MARK: Its end

    /// Stores what was got, before anybody uses it; tries for long, since there may be no other copy in the world.
    private func store(_ issued: IssuedTokens, used: Secret?, _ attempt: Attempt) async -> Ended {
        let id = attempt.account.connectionID
        let pair = attempt.grant.pair(of: issued, after: used)
        let idle = attempt.grant.idleInterval(refreshLife: issued.refreshLife)
        let askedAt = clock.uptime()
        var pause = Duration.milliseconds(100)
        while true {
            do {
                let verdict = try await store.complete(
                    id, refreshID: attempt.id, generation: attempt.stored.generation, pair: pair, issued: issued,
                    idle: idle)
                switch verdict {
                case .stored:
                    onStage(.stored)
                    logger.debug("token refreshed", metadata: ["connection": "\(id)"])
                    let token = AccessToken(
                        value: Secret(issued.accessToken), generation: attempt.stored.generation + 1)
                    return .got(
                        Got(
                            token: token, askedAt: askedAt,
                            refreshIn: issued.life - TokenGrant.margin(ofLife: issued.life), expiresIn: issued.life))
                case .superseded:
                    await keepAsSpare(pair.refresh, id)
                    return .overtaken
                case .gone, nil: return .overtaken
                }
            } catch {
                guard clock.uptime() - askedAt < limits.storeTime else {
                    logger.error(
                        "the platform gave new tokens and they could not be stored",
                        metadata: ["connection": "\(id)", "why": "\(error)"])
                    return .failed(error)
                }
                // Not cancelled by whoever waits: the errand has a task of its own.
                try? await clock.sleep(pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// Two refreshes were answered with one token. Which of the pairs the platform holds for valid is not known: the
    /// stored one is used, and this one kept for when it does not work.
    private func keepAsSpare(_ refresh: Secret?, _ id: Int64) async {
        guard let refresh else { return }
        for _ in 0..<5 {
            guard let stored = try? await store.read(id) else { return }
            var pair = stored.pair
            if pair.refresh?.reveal() == refresh.reveal() { return }
            pair.spare = refresh
            if (try? await store.amend(id, generation: stored.generation, pair: pair)) == true { return }
        }
    }

    private func giveUp(_ attempt: Attempt, _ failure: TokenFailure) async -> Ended {
        var error = failure.error
        let isRejected =
            switch failure.meaning {
            case .grant, .secondFactor: true
            case .client: error.code == .authCredentialsInvalid
            case .tooMany, .trouble, .request: false
            }
        if isRejected, let since = attempt.doubtfulSince, attempt.grant.isUsedUpByUse {
            error.message =
                "a refresh begun at \(since.formatted(.iso8601)) was interrupted and its answer lost, and "
                + "\(error.message): the merchant has to sign in again"
        }
        let counts = failure.meaning != .tooMany && error.code != .cancelled && error.code != .authRefreshRaced
        // Who did not ask the endpoint does not make others leave it alone.
        var told = error
        if error.code == .authRefreshRaced { told.retryAfter = nil }
        do {
            let verdict = try await store.fail(
                attempt.account.connectionID, refreshID: attempt.id, generation: attempt.stored.generation,
                error: told, isRejected: isRejected, isInDoubt: failure.isInDoubt, counts: counts)
            switch verdict {
            case .superseded: return .overtaken
            case .rejected where !isRejected:
                return .failed(UnifiedError(.authRefreshRejected, "refreshing was given up: \(error.message)"))
            case .noted, .rejected, .gone, nil: return .failed(error)
            }
        } catch let unstored {
            // The intent runs out by itself, and is then one that was interrupted.
            logger.warning(
                "a failed refresh could not be written down",
                metadata: ["connection": "\(attempt.account.connectionID)", "why": "\(unstored)"])
            return .failed(error)
        }
    }
}

extension TokenGrant {
    /// The pair to store: a refresh token that the answer leaves out goes on. Where a used one still works for a while
    /// it is kept as a spare.
    fileprivate func pair(of issued: IssuedTokens, after used: Secret?) -> TokenStore.Pair {
        guard usesRefreshToken else { return TokenStore.Pair(access: Secret(issued.accessToken)) }
        let refresh = issued.refreshToken.map { Secret($0) } ?? used
        var spare: Secret?
        if case .refreshToken(.withGrace) = kind, let used, used.reveal() != refresh?.reveal() { spare = used }
        return TokenStore.Pair(access: Secret(issued.accessToken), refresh: refresh, spare: spare)
    }

    /// Whether a refresh whose answer was lost can have used up what it was made with.
    fileprivate var isUsedUpByUse: Bool {
        switch kind {
        case .refreshToken(let rotation): rotation != .never
        case .clientCredentials, .login: false
        }
    }
}

extension Authentication.Method {
    /// Whether the application that asks for tokens is one we registered, and so its secret ours to mend.
    fileprivate var isClientOurs: Bool {
        let id: String? =
            switch grant?.client {
            case .body(let id, _)?, .basic(let id, _)?: id
            case .some(.none), nil: nil
            }
        return fields.contains { $0.name == id && $0.owner == .app }
    }
}
