internal import FoundationEssentials
internal import Health
internal import Jobs
internal import Limits
internal import Logging
internal import Platforms
internal import Postgres

/// Runs `probe` jobs: one question to a connection that does not run, to find out whether it answers again.
///
/// It asks what a read of the platform's first resource would ask first; of the answer only what it means is kept.
/// A probe never waits for tokens: it comes again anyway.
struct ProbeHandler: JobHandler {
    let context: SliceContext

    var newestVersion: Int { JobKind.probe.newestVersion }

    func run(_ job: LeasedJob) async -> Ran {
        let error: UnifiedError?
        do {
            switch try await ask(job) {
            case .answered: error = nil
            case .tooSoon(let wait): return .ended(.snooze(for: wait))
            case .lost: return .lost
            }
        } catch let failure as UnifiedError {
            error = failure
        } catch let failure as ReadFailure {
            error = failure.error
        } catch let failure as PostgresError {
            error = UnifiedError(databaseError: failure)
        } catch is ConnectionParked {
            return .ended(.done)
        } catch is CancellationError {
            return .ended(.release)
        } catch {
            return .ended(.failed)
        }
        return await finish(job, error)
    }

    private enum Asked {
        case answered
        case tooSoon(Duration)
        case lost
    }

    private func ask(_ job: LeasedJob) async throws -> Asked {
        guard let resource = context.platforms[job.platform]?.resources.first else {
            throw UnifiedError(.configInvalid, "the platform \(job.platform) is unknown here")
        }
        await context.readRules()
        guard var stream = try await OpenStream(job, resource: resource.name, isProbe: true, in: context) else {
            return .lost
        }
        let read = StreamRead(
            resource: resource.name, cursor: nil, settings: stream.settings, now: context.wallClock(),
            rules: stream.rules)
        let requests = try stream.platform.nextStep(in: read).requests
        let admission = try await stream.acquire(requests.flatMap(\.demands), band: .incremental, of: job, in: context)
        guard case .granted(let grant) = admission else {
            if case .wait(let wait, _) = admission { return .tooSoon(wait) }
            return .tooSoon(.seconds(1))
        }
        let subject = RequestTrace.Subject(platform: job.platform, connectionID: job.connectionID, jobID: job.jobID)
        var sent: [SentRequest] = []
        do {
            // One after another: nobody waits for a probe, and most first steps have one request.
            for request in requests {
                sent.append(try await stream.send(request, for: subject, tokenWait: .zero, in: context))
            }
        } catch {
            await settle([], grant, stream, job)
            throw error
        }
        do throws(ReadFailure) {
            let page = try stream.platform.page(from: sent.map(\.exchange), in: read)
            for request in sent { context.requests.record(request.trace) }
            await settle(page.lessons, grant, stream, job)
        } catch {
            for request in sent {
                var trace = request.trace
                trace.errorCode = error.error.code.name
                context.requests.record(trace)
            }
            await settle(error.lessons, grant, stream, job)
            throw error
        }
        return .answered
    }

    private func settle(_ lessons: [LimitLesson], _ grant: Grant, _ stream: OpenStream, _ job: LeasedJob) async {
        await context.limiter.settle(
            lessons, grant: grant, buckets: stream.buckets, connectionID: job.connectionID, platform: job.platform)
    }

    /// A failure that is no news about the connection (a limit, our own database) leaves it as it is.
    private func finish(_ job: LeasedJob, _ error: UnifiedError?) async -> Ran {
        guard var error else { return await finish(job, event: .ok, nil) }
        error.operation = "probe"
        let platform = context.platforms[job.platform]
        if error.ruleID == nil { error.locate(on: platform?.hosting) }
        let event = HealthEvent(error.code.health, isRepeated: true)
        let row = platform.map { error.rowJSON(without: $0.neverStored) } ?? error.rowJSON
        return await finish(job, event: event == .limit || event == .soft ? nil : event, PostgresJSON(row))
    }

    private func finish(_ job: LeasedJob, event: HealthEvent?, _ error: PostgresJSON?) async -> Ran {
        do throws(QueueError) {
            let result = try await context.queue.finishProbe(job, event: event?.rawValue, error: error)
            return result == .stale ? .lost : .reported
        } catch {
            context.logger.warning("probe could not be reported", metadata: ["error": "\(error)"])
            return error.code == .unavailable ? .unknown : .ended(.failed)
        }
    }
}
