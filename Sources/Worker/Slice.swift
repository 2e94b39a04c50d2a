internal import Connections
internal import FoundationEssentials
internal import HTTP
internal import Health
internal import Ingest
internal import Jobs
internal import Limits
internal import Logging
internal import Platforms
internal import Postgres
internal import RawJSON

/// What every slice of a worker shares.
struct SliceContext: Sendable {
    let pool: PostgresPool
    let queue: PostgresQueue
    let store: PageStore
    let limiter: any Limiter
    let transport: any Transport
    let vault: Vault
    let tokens: TokenKeeper
    let rules: ErrorRuleStore
    let requests: RequestLog
    let platforms: [String: any Platform]
    let configuration: WorkerConfiguration
    let wallClock: @Sendable () -> Date
    let signs: WorkerSigns
    let logger: Logger

    /// Looks whether the rules of what failures mean have changed. A rule that cannot be read is left out, and told.
    func readRules() async {
        guard (try? await rules.refresh()) == true else { return }
        for problem in rules.problems { logger.warning("error rule left out", metadata: ["why": "\(problem)"]) }
    }
}

/// One slice: a job run page by page under one lease, until its end, its share of time, or a failure.
///
/// ask the platform what comes next → take tokens → send → ask the platform what it means → commit → again
///
/// Nothing is kept between pages but the cursor, which each commit stores: a slice can be killed anywhere and the
/// next one goes on at the last committed page.
struct Slice {
    let context: SliceContext
    let job: LeasedJob
    /// Whose chunks it reads; nil: it reads the stream.
    let backfill: Int64?
    private let logger: Logger
    private var random = SystemRandomNumberGenerator()
    private var pages = 0
    private var goOns = 0
    /// Failures that were gone round; they are stored with the next page.
    private var pendingFlags: [UnifiedError] = []
    /// How far apart pages like the one under way may be within the connection's quota.
    private var pageInterval: Duration?

    init(_ job: LeasedJob, backfill: Int64? = nil, in context: SliceContext) {
        self.context = context
        self.job = job
        self.backfill = backfill
        var logger = context.logger
        logger[metadataKey: "job"] = "\(job.jobID)"
        logger[metadataKey: "connection"] = "\(job.connectionID)"
        self.logger = logger
    }

    /// Why a slice ended.
    enum Ending {
        /// With what it waits for, where it waits.
        case outcome(Outcome, why: String? = nil)
        case failure(UnifiedError)
        /// All that a backfill could read is read, and some it could not; with what the last of that failed with.
        case incomplete(UnifiedError)
        /// The database said that the lease is another's.
        case lost
        /// The worker could not confirm its beat: its leases may be another's, and it must fall silent.
        case silent
    }

    /// Runs to its end. An end that is more than an outcome is reported here, together with what it means for stream and
    /// connection.
    mutating func run() async -> Ran {
        let (ending, resource) = await runToItsEnd()
        switch ending {
        case .outcome(let outcome, let why):
            logger.debug("slice ended", metadata: ["outcome": "\(outcome.word)", "pages": "\(pages)"])
            let detail = why.flatMap { try? JSONEncoder().encode(["why": $0]) }
            return .ended(outcome, detail: detail.map { String(decoding: $0, as: UTF8.self) })
        case .failure(let error):
            // A page that was committed is progress: failed attempts before it no longer count.
            let verdict = Verdict(
                on: error, attempt: pages > 0 ? 1 : job.attempt, attemptsMax: context.configuration.attemptsMax,
                using: &random)
            logger.notice(
                "slice failed",
                metadata: [
                    "code": "\(error.code.name)", "why": "\(error.message)", "outcome": "\(verdict.outcome.word)",
                ])
            if let backfill { return await finish(verdict, error, chunkOf: backfill, resource: resource) }
            return await finish(
                verdict.outcome, error, resource: resource, streamState: verdict.streamState,
                event: verdict.healthEvent)
        case .incomplete(let error):
            return await finish(.failed, error, resource: resource, event: nil)
        case .lost:
            logger.notice("slice abandoned: the lease is lost")
            return .lost
        case .silent:
            logger.notice("slice abandoned: the worker could not confirm that it is alive")
            return .unknown
        }
    }

    private mutating func runToItsEnd() async -> (Ending, resource: String?) {
        guard let arguments = try? JSONDecoder().decode(SyncArguments.self, from: Data(job.arguments.utf8))
        else {
            let message = "a \(job.kind) job needs arguments like {\"resource\": \"orders\"}; these are something else"
            return (.failure(UnifiedError(.requestInvalid, message)), nil)
        }
        do {
            return (try await read(arguments.resource), arguments.resource)
        } catch let error as UnifiedError {
            return (.failure(error), arguments.resource)
        } catch let error as ConnectionParked {
            // Its lane is parked as a rule. Where somebody wrote the state by hand it is not, and must not come back at once.
            let wait = Duration.seconds(60)
            return (.outcome(.snooze(for: wait), why: "the connection is \(error.state)"), arguments.resource)
        } catch let error as PostgresError {
            return (.failure(UnifiedError(databaseError: error)), arguments.resource)
        } catch is CancellationError {
            return (.outcome(.yield), arguments.resource)
        } catch {
            let failure = UnifiedError(.internalBug, "unexpected \(type(of: error))")
            return (.failure(failure), arguments.resource)
        }
    }

    private mutating func read(_ resource: String) async throws -> Ending {
        await context.readRules()
        guard var stream = try await OpenStream(job, resource: resource, in: context) else { return .lost }
        if let ending = try await begin(&stream) { return ending }
        let deadline = ContinuousClock.now + context.configuration.sliceTimeMax
        while true {
            if context.signs.isDrainAsked { return .outcome(.yield) }
            guard context.signs.isConfirmed else { return .silent }
            switch try await advance(&stream) {
            case .again: continue
            case .ended(let ending): return ending
            case .wait(let duration, let bucket):
                guard duration < Self.longWait else { throw Self.exhausted(bucket, duration) }
                return .outcome(.snooze(for: duration), why: "no token free in bucket \(bucket)")
            case .committed(let page, let answer):
                if page.isCaughtUp, backfill == nil { return .outcome(.done) }
                if let next = page.resumeAt {
                    let pause = Duration.seconds(max(1, next.timeIntervalSince(context.wallClock())))
                    return .outcome(.snooze(for: pause), why: "the platform is not ready yet")
                }
                let isUsedUp = pages >= context.configuration.slicePagesMax || ContinuousClock.now >= deadline
                if answer.isToStop || answer.isYieldWanted || isUsedUp { return .outcome(.yield) }
                if page.isCaughtUp, let ending = try await begin(&stream) { return ending }
            }
        }
    }

    /// Where to begin: with the next chunk of a backfill, or where a stream that was never read is to begin.
    ///
    /// - Returns: why there is nothing to read; nil: there is.
    private func begin(_ stream: inout OpenStream) async throws -> Ending? {
        if let backfill { return try await openChunk(of: backfill, &stream) }
        if stream.cursor == nil { try await stream.startWhereToldTo(job, in: context) }
        return nil
    }

    /// A wait for tokens that is no longer a matter of turns: the connection is shown to be held up by its limits.
    private static let longWait = Duration.seconds(900)

    private static func exhausted(_ bucket: String, _ wait: Duration) -> UnifiedError {
        UnifiedError(.quotaExhausted, "no token free in bucket \(bucket)", retryAfter: wait)
    }

    /// What became of one step.
    enum Advance {
        case committed(Page, PageAnswer)
        /// Go on with the cursor as it is now.
        case again
        case wait(Duration, bucket: String)
        case ended(Ending)
    }

    /// One step: asked, answered, stored.
    private mutating func advance(_ stream: inout OpenStream) async throws -> Advance {
        let read = stream.read(at: context.wallClock())
        do {
            let step = try stream.platform.nextStep(in: read)
            pageInterval = ReadPace.pageInterval(
                of: step.requests.flatMap(\.demands), buckets: stream.buckets, streams: stream.platform.resources.count)
            if let reader = step.reader { return try await download(step.requests[0], reader, read, &stream) }
            switch try await ask(step, read, &stream) {
            case .page(let page): return try await commit(page, &stream)
            case .wait(let wait, let bucket): return .wait(wait, bucket: bucket)
            }
        } catch let failure as ReadFailure {
            guard let cursor = failure.goOnWith else { throw failure.error }
            return try goOn(with: cursor, round: failure.error, &stream)
        } catch let error as UnifiedError {
            guard error.code == .platformTimeout, let cursor = stream.platform.cursorAfterSilence(in: read) else {
                throw error
            }
            return try goOn(with: cursor, round: error, &stream)
        }
    }

    /// Asks again, and differently, for a bounded number of times.
    private mutating func goOn(
        with cursor: Cursor, round error: UnifiedError, _ stream: inout OpenStream
    ) throws -> Advance {
        guard goOns < context.configuration.goOnsMax else { throw error }
        goOns += 1
        pendingFlags.append(error)
        stream.cursor = cursor
        return .again
    }

    /// Stores a page, with what had to be gone round before it.
    mutating func commit(_ page: Page, _ stream: inout OpenStream) async throws -> Advance {
        var page = page
        page.flags += pendingFlags
        goOns = 0
        let answer: PageAnswer
        do throws(PostgresError) {
            answer = try await context.store.commit(
                page, of: job, stream: stream.resource, platform: stream.platform, backfill: backfill,
                pageInterval: pageInterval)
        } catch {
            guard error.isConnectionFailure || error.isTransient else { throw error }
            // Nobody knows whether the page was committed. The cursor tells, if the lease is still ours.
            logger.warning("commit interrupted", metadata: ["error": "\(error)"])
            switch try await reopen(stream.resource) {
            case .open(let again):
                stream = again
                if let ending = try await begin(&stream) { return .ended(ending) }
            case .ending(let ending): return .ended(ending)
            }
            return .again
        }
        guard answer.isHeld else { return .ended(.lost) }
        pages += 1
        pendingFlags = []
        stream.advance(to: page)
        logger.debug(
            "page",
            metadata: [
                "resource": "\(stream.resource)", "records": "\(page.records.count)", "inserted": "\(answer.inserted)",
                "changed": "\(answer.changed)", "unchanged": "\(answer.unchanged)",
            ])
        return .committed(page, answer)
    }

    private enum Asked {
        case page(Page)
        case wait(Duration, bucket: String)
    }

    /// Takes tokens, sends, and says what the answers mean. An access token that is refused is replaced, once.
    private func ask(
        _ step: Step, _ read: StreamRead, _ stream: inout OpenStream, replacing refused: AccessToken? = nil
    ) async throws -> Asked {
        let asked = ContinuousClock.now
        let grant: Grant
        switch try await takeTokens(for: step.requests, &stream) {
        case .granted(let granted): grant = granted
        case .wait(let wait, let bucket): return .wait(wait, bucket: bucket)
        }
        let sent: [SentRequest]
        do {
            sent = try await send(step, stream, tokenWait: asked.duration(to: .now), replacing: refused)
        } catch {
            await settle([], grant, stream)
            throw error
        }
        do throws(ReadFailure) {
            let page = try judge(sent, read, stream)
            await settle(page.lessons, grant, stream)
            return .page(page)
        } catch {
            await settle(error.lessons, grant, stream)
            let isRefusal =
                error.error.httpStatus == 401 || error.error.policy == .refreshThenRetry
                || error.error.isWorthFreshToken
            guard refused == nil, isRefusal, let token = sent.lazy.compactMap(\.token).first else { throw error }
            logger.debug("access token refused", metadata: ["code": "\(error.error.code.name)"])
            return try await ask(step, read, &stream, replacing: token)
        }
    }

    /// What the answers mean. Their traces say so, too.
    private func judge(_ sent: [SentRequest], _ read: StreamRead, _ stream: OpenStream) throws(ReadFailure) -> Page {
        do throws(ReadFailure) {
            let page = try stream.platform.page(from: sent.map(\.exchange), in: read)
            for request in sent { context.requests.record(request.trace) }
            return page
        } catch {
            for request in sent {
                var trace = request.trace
                if sent.count == 1 || trace.status == error.error.httpStatus { trace.errorCode = error.error.code.name }
                context.requests.record(trace)
            }
            throw error
        }
    }

    /// Granted, or for how long the job is to be put off.
    func takeTokens(for requests: [PlatformRequest], _ stream: inout OpenStream) async throws -> Admission {
        let demands = requests.flatMap(\.demands)
        if demands.isEmpty { return .granted }
        let band = LimitBand(named: job.band.rawValue) ?? .incremental
        var patience = context.configuration.tokenWaitMax
        while true {
            let admission = try await stream.acquire(demands, band: band, of: job, in: context)
            guard case .wait(let wait, let bucket) = admission else { return admission }
            // The limiter tells everybody who waits there a time of their own.
            if wait > patience || context.signs.isDrainAsked { return .wait(wait, bucket: bucket) }
            // Slept while the lease is held, so never for long in all: then others get the slot.
            patience -= wait
            try await Task.sleep(for: wait)
        }
    }

    func settle(_ lessons: [LimitLesson], _ grant: Grant, _ stream: OpenStream) async {
        if lessons.isEmpty { return await context.limiter.release(grant, platform: job.platform) }
        await context.limiter.settle(
            lessons, grant: grant, buckets: stream.buckets, connectionID: job.connectionID, platform: job.platform)
    }

    /// Sends all requests of a step at once; the first failure cancels the others.
    private func send(
        _ step: Step, _ stream: OpenStream, tokenWait: Duration, replacing refused: AccessToken?
    ) async throws -> [SentRequest] {
        let subject = subject(stream)
        if step.requests.count == 1 {
            return [
                try await stream.send(
                    step.requests[0], for: subject, tokenWait: tokenWait, replacing: refused, in: context)
            ]
        }
        return try await withThrowingTaskGroup(of: (Int, SentRequest).self) { group in
            for (index, request) in step.requests.enumerated() {
                group.addTask {
                    let sent = try await stream.send(
                        request, for: subject, tokenWait: tokenWait, replacing: refused, in: context)
                    return (index, sent)
                }
            }
            var sent = [SentRequest?](repeating: nil, count: step.requests.count)
            for try await (index, request) in group { sent[index] = request }
            return sent.compactMap { $0 }
        }
    }

    func subject(_ stream: OpenStream) -> RequestTrace.Subject {
        RequestTrace.Subject(
            platform: job.platform, connectionID: job.connectionID, resource: stream.resource, jobID: job.jobID)
    }

    private enum Reopened {
        case open(OpenStream)
        case ending(Ending)
    }

    /// Opens the stream again after the database was lost, for as long as the lease can still be ours.
    private func reopen(_ resource: String) async throws -> Reopened {
        var delay = Duration.milliseconds(100)
        while context.signs.isConfirmed {
            do {
                return try await OpenStream(job, resource: resource, in: context).map(Reopened.open) ?? .ending(.lost)
            } catch let error as PostgresError where error.isConnectionFailure || error.isTransient {
                try await Task.sleep(for: delay)
                delay = min(delay * 2, .seconds(2))
            }
        }
        return .ending(.silent)
    }

    /// The error as it is stored: without what must never be, and with its place.
    func row(_ error: UnifiedError) -> PostgresJSON {
        var error = error
        let platform = context.platforms[job.platform]
        if error.ruleID == nil { error.locate(on: platform?.hosting) }
        return PostgresJSON(platform.map { error.rowJSON(without: $0.neverStored) } ?? error.rowJSON)
    }

    /// With the error's row and what it means for stream and connection. Where the database refuses to write those down,
    /// the job still ends as it should.
    func finish(
        _ outcome: Outcome, _ error: UnifiedError, resource: String?, streamState: String? = nil, event: HealthEvent?
    ) async -> Ran {
        let (errorRow, flags) = (row(error), pendingFlags.map(row))
        var delay = Duration.milliseconds(100)
        while true {
            do throws(QueueError) {
                let result = try await context.queue.finish(
                    job, outcome, error: errorRow, flags: flags, resource: resource, streamState: streamState,
                    event: event?.rawValue)
                logger.debug("slice ended", metadata: ["result": "\(result.rawValue)", "pages": "\(pages)"])
                return result == .stale ? .lost : .reported
            } catch {
                logger.warning("finish interrupted", metadata: ["error": "\(error)"])
                guard context.signs.isConfirmed else { return .unknown }
                guard error.code == .unavailable else { return .ended(outcome) }
            }
            try? await Task.sleep(for: delay)
            delay = min(delay * 2, .seconds(2))
        }
    }
}

extension UnifiedError {
    /// A failure of our own database.
    init(databaseError error: PostgresError) {
        if error.isRefusedValue {
            self.init(.databaseValueRefused, "the database refused a value that is no record's: \(error)")
        } else if ["40001", "40P01", "55P03"].contains(error.sqlState) {
            self.init(.databaseConflict, "the database let another transaction go first: \(error)")
        } else if ["53100", "53200"].contains(error.sqlState) {
            self.init(.databaseFull, "the database has no room: \(error)")
        } else {
            self.init(.databaseUnavailable, "the database refused or was lost: \(error)")
        }
    }
}
