internal import FoundationEssentials
internal import Health
internal import Jobs
internal import Logging
internal import Platforms
internal import Postgres

/// Runs `backfill` jobs: the one of the whole backfill makes one for each resource and waits for them; those read window
/// after window.
struct BackfillHandler: JobHandler {
    let context: SliceContext

    var newestVersion: Int { JobKind.backfill.newestVersion }

    func run(_ job: LeasedJob) async -> Ran {
        let arguments = try? JSONDecoder().decode(BackfillArguments.self, from: Data(job.arguments.utf8))
        guard let backfill = arguments?.backfill else { return .ended(.failed) }
        var slice = Slice(job, backfill: backfill, in: context)
        return arguments?.resource == nil ? await spread(backfill, job) : await slice.run()
    }

    /// Makes the jobs of the resources that are not through. Run again it makes those that are missing.
    private func spread(_ backfill: Int64, _ job: LeasedJob) async -> Ran {
        do throws(PostgresError) {
            let rows = try await context.pool.query(
                "select portolan.spread_backfill($1, $2, $3, $4) as made",
                [job.lease.laneID, job.lease.token, job.jobID, backfill])
            guard let row = rows.first, try row.decode("made", as: Int32.self) >= 0 else { return .lost }
            return .ended(.awaitChildren)
        } catch {
            context.logger.warning("backfill could not be spread", metadata: ["error": "\(error)"])
            return .ended(error.isConnectionFailure || error.isTransient ? .retry(after: .seconds(5)) : .failed)
        }
    }
}

extension Slice {
    /// How long a part that cannot go on yet is put off.
    private static let pause = Duration.seconds(30)
    private static let wait = Duration.seconds(15)
    private static let slowWait = Duration.seconds(600)

    /// The next chunk of the backfill's part, or the one under way. Nil: the stream has its cursor now.
    func openChunk(of backfill: Int64, _ stream: inout OpenStream) async throws -> Ending? {
        let history = stream.platform.resource(stream.resource)?.history
        let rows = try await context.pool.query(
            "select state, chunk_from, chunk_to, cursor, code from portolan.open_chunk($1, $2, $3, $4, $5, $6)",
            [
                job.lease.laneID, job.lease.token, job.jobID, backfill, stream.resource,
                history.map { PostgresJSON($0.row) },
            ])
        guard let row = rows.first else { return .lost }
        switch try row.decode("state", as: String.self) {
        case "chunk":
            if let cursor = try row.decode("cursor", as: PostgresJSON?.self) {
                stream.cursor = Cursor(json: cursor.text)
            } else if history != nil, let to = try row.decode("chunk_to", as: Date?.self) {
                stream.cursor = stream.streamCursor
                let window = Window(from: try row.decode("chunk_from"), to: to)
                do throws(ReadFailure) {
                    stream.cursor = try stream.platform.cursor(
                        reading: window, in: stream.read(at: context.wallClock()))
                } catch {
                    throw error.error
                }
            } else {
                stream.cursor = nil
            }
            return nil
        case "done": return .outcome(.done)
        case "failed":
            let code = try row.decode("code", as: String?.self).flatMap(ErrorCode.named) ?? .requestInvalid
            return .incomplete(UnifiedError(code, "some windows of \(stream.resource) could not be read"))
        case "paused": return .outcome(.snooze(for: Self.pause), why: "the backfill is paused")
        case "wait": return .outcome(.snooze(for: Self.wait), why: "another read of these records comes first")
        case "wait long": return .outcome(.snooze(for: Self.slowWait), why: "the stream cannot be read now")
        case "lost": return .lost
        default:
            let why =
                "backfill \(backfill) does not read \(stream.resource) with this job; retry the backfill's own job"
            return .failure(UnifiedError(.requestInvalid, why))
        }
    }

    /// What becomes of a chunk that failed. What concerns the connection, or may pass, leaves it as it is; what does not
    /// pass halves it, or leaves it out, and the others go on.
    func finish(_ verdict: Verdict, _ error: UnifiedError, chunkOf backfill: Int64, resource: String?) async -> Ran {
        guard verdict.outcome == .failed, let resource else {
            return await finish(verdict.outcome, error, resource: resource, event: verdict.healthEvent)
        }
        if let event = verdict.healthEvent, [.auth, .block, .net].contains(event) {
            // Its lanes are parked until it is mended, and the backfill goes on then.
            return await finish(.snooze(for: .seconds(300)), error, resource: resource, event: event)
        }
        let isTooLarge = error.code.policy == .split || error.code.afterwards.contains(.split)
        let how = verdict.streamState == "blocked" ? "stop" : isTooLarge ? "halve" : "leave_out"
        do throws(PostgresError) {
            let rows = try await context.pool.query(
                "select portolan.fail_chunk($1, $2, $3, $4, $5, $6, $7) as result",
                [job.lease.laneID, job.lease.token, job.jobID, backfill, resource, how, row(error)])
            switch try rows.first?.decode("result", as: String.self) {
            case "again": return .ended(.yield)
            case "lost", nil: return .lost
            default: return await finish(.failed, error, resource: resource, event: verdict.healthEvent)
            }
        } catch {
            context.logger.warning("a chunk's failure could not be stored", metadata: ["error": "\(error)"])
            return .ended(.retry(after: .seconds(5)))
        }
    }
}

extension History {
    /// As SQL takes it: a JSON object, lengths in seconds.
    fileprivate var row: String {
        let lengths = [("window_max", windowMax), ("reach", reach), ("first_window", firstWindow)]
        let members = lengths.compactMap { name, length in length.map { "\"\(name)\":\($0 / .seconds(1))" } }
        return "{" + members.joined(separator: ",") + "}"
    }
}

extension OpenStream {
    /// A stream that was never read begins where its connection was told to begin, if it was.
    mutating func startWhereToldTo(_ job: LeasedJob, in context: SliceContext) async throws {
        guard platform.resource(resource)?.history != nil else { return }
        let rows = try await context.pool.query(
            "select start_at from portolan.streams where connection_id = $1 and resource = $2",
            [job.connectionID, resource])
        guard let start = try rows.first?.decode("start_at", as: Date?.self) else { return }
        do throws(ReadFailure) {
            cursor = try platform.cursor(startingAt: start, in: read(at: context.wallClock()))
        } catch {
            throw error.error
        }
    }
}
