internal import FoundationEssentials
internal import Jobs
internal import Logging

/// Claims lanes, runs their jobs in a number of slots, and reports how they ended, until asked to drain.
///
/// claim → a lane for each free slot → its jobs in order → report, many at a time → claim again
///
/// It knows nothing of what jobs do: that is their handler's. It holds nothing that matters: what it had claimed when
/// it died is taken from it and run elsewhere.
struct JobRunner: Sendable {
    private let queue: any Queue
    private let handlers: [String: any JobHandler]
    private let worker: UUID
    private let wishes: WishList
    private let configuration: WorkerConfiguration
    private let isAlive: @Sendable () -> Bool
    private let now: @Sendable () -> ContinuousClock.Instant
    private let standstills: @Sendable () async -> Set<String>
    private let drain: Drain
    private let bell: Bell
    private let logger: Logger
    let leases = HeldLeases()
    private let buffer = LaneBuffer()
    private let pace: Pace
    private let reports: ReportBatcher

    /// How long a claimed lane waits for a slot before it is given back.
    static let bufferTimeMax = Duration.seconds(2)
    /// How long the jobs of one lane are run before those that have ended are reported.
    static let reportInterval = Duration.milliseconds(50)

    /// - Parameters:
    ///   - isAlive: whether the worker can still prove that it is alive; it begins nothing where it cannot.
    ///   - standstills: platforms that have no tokens for anybody: their lanes are not claimed.
    ///   - now: the time by which jobs, and waits for a slot, are measured.
    init(
        queue: any Queue, handlers: [String: any JobHandler], platforms: [String], worker: UUID,
        configuration: WorkerConfiguration, isAlive: @escaping @Sendable () -> Bool,
        standstills: @escaping @Sendable () async -> Set<String> = { [] },
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, drain: Drain, bell: Bell, logger: Logger
    ) {
        self.queue = queue
        self.handlers = handlers
        self.worker = worker
        wishes = WishList(platforms: platforms)
        self.configuration = configuration
        self.isAlive = isAlive
        self.standstills = standstills
        self.now = now
        self.drain = drain
        self.bell = bell
        self.logger = logger
        pace = Pace(slots: configuration.slots)
        reports = ReportBatcher(queue: queue, leases: leases, isAlive: isAlive, bell: bell, logger: logger)
    }

    /// Returns when drained: what ran has been reported, what had not begun is given back.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reports.run() }
            await polling {
                await withTaskGroup(of: Void.self) { slots in
                    for _ in 0..<configuration.slots {
                        slots.addTask { while let lane = await buffer.next() { await run(lane) } }
                    }
                    await dispatch()
                    giveBack(waitingFor: .zero)
                    buffer.close()
                }
            }
            reports.close()
        }
    }

    /// Runs `body` with the bell ringing at every poll interval.
    private func polling(_ body: () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await bell.tick(every: configuration.pollInterval, clock: ContinuousClock()) }
            await body()
            group.cancelAll()
        }
    }

    private func dispatch() async {
        var turn = 0
        var failures = 0
        var floors = TicketFloors()
        while !drain.isAsked, !Task.isCancelled {
            // What runs has taken that long at least, though nobody knows yet how long: without the note, as many lanes
            // would be claimed again at once, and kept from workers that have slots for them.
            if giveBack(waitingFor: Self.bufferTimeMax) > 0 { pace.note(Self.bufferTimeMax) }
            let room = self.room
            guard room > 0, isAlive(), await isCertain() else {
                await bell.wait()
                continue
            }
            var claim = Claim(
                worker: worker, wishes: wishes.ordered(turn: turn, without: await standstills()), lanes: room,
                kinds: handlers.mapValues(\.newestVersion))
            claim.jobsPerLane = pace.jobsPerLane
            claim.leaseMax = configuration.leaseMax
            claim.stallMax = configuration.stallMax
            claim.floors = floors.current(now: now())
            var jobs: [LeasedJob] = []
            do throws(QueueError) {
                jobs = try await queue.claim(claim)
                failures = 0
                turn += 1
                floors.learn(from: jobs)
            } catch {
                // The answer may have been lost behind a claim that was committed.
                leases.doubt()
                failures += 1
                if failures == 1 { logger.warning("claim failed", metadata: ["error": "\(error)"]) }
            }
            let lanes = HandedLane.all(of: jobs, at: now())
            leases.begin(lanes)
            buffer.put(lanes)
            if failures > 0 { try? await Task.sleep(for: pause(failures: failures)) }
            if jobs.isEmpty { await bell.wait() }
        }
    }

    /// How many lanes to ask for. Where lanes are held ahead, only when half of them are gone: a claim of one lane costs
    /// as much as one of a hundred.
    private var room: Int {
        let free = pace.lanes - leases.count
        if pace.lanes > configuration.slots, free < pace.lanes / 2, !buffer.isEmpty { return 0 }
        return free
    }

    /// Answers how many lanes it gave back.
    @discardableResult
    private func giveBack(waitingFor limit: Duration) -> Int {
        let lanes = buffer.takeOut(waitingFor: limit, now: now())
        for lane in lanes { reports.submit(lane.jobs.map { Report($0, .release) }) }
        return lanes.count
    }

    /// Whether what the queue says this worker holds is what it knows of; makes it so where there was doubt.
    private func isCertain() async -> Bool {
        guard let census = leases.census else { return true }
        do throws(QueueError) {
            let count = try await queue.releaseUnknown(worker: worker, known: census.tokens)
            leases.settle(census)
            if count > 0 {
                logger.notice("leases given back that nobody was running", metadata: ["count": "\(count)"])
            }
            return true
        } catch {
            logger.debug("leases could not be compared", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func pause(failures: Int) -> Duration {
        min(configuration.pollInterval * (1 << min(failures, 4)), .seconds(5)) * Double.random(in: 0.8...1.2)
    }

    /// Runs the jobs of one lane in order.
    private func run(_ lane: HandedLane) async {
        var ended: [Report] = []
        var reportAt = now() + Self.reportInterval
        for (index, job) in lane.jobs.enumerated() {
            guard isAlive() else { return leases.abandon(lane.lease) }
            // A report of the lease was answered as stale or not at all: some of its jobs may be held all the same.
            guard leases.isHeld(lane.lease) else { return leases.abandon(lane.lease) }
            if drain.isAsked {
                return reports.submit(ended + lane.jobs[index...].map { Report($0, .release) })
            }
            let start = now()
            let ran = await handlers[job.kind]?.run(job) ?? .ended(.release)
            let end = now()
            pace.note(start.duration(to: end))
            switch ran {
            case .ended(let outcome, let detail): ended.append(Report(job, outcome, detail: detail))
            case .reported: leases.reported(lane.lease)
            case .lost:
                leases.lost(lane.lease)
                return bell.ring()
            case .unknown:
                leases.abandon(lane.lease)
                return bell.ring()
            }
            if end >= reportAt, index < lane.jobs.count - 1 {
                reports.submit(ended)
                ended = []
                reportAt = end + Self.reportInterval
            }
        }
        if ended.isEmpty { bell.ring() } else { reports.submit(ended) }
    }
}
