import FoundationEssentials

@testable import Jobs

/// Makes up what is done next, from a seed and from what the queue answered so far.
struct ModelSchedule {
    static let platforms = ["toy", "toy", "toy", "toy", "other", "other"]
    private static let keys = ["x", "y"]

    /// What may be done next, and how often, as a rule.
    private enum Deed: CaseIterable {
        case enqueueOne, enqueueMany, claim, finish, wait
        case enqueueRefused, prove, cancel, pause, resume, closeGate, openGate, reap, die, beat, leave, releaseUnknown

        /// What every schedule does, for else there is nothing to see.
        var isNeeded: Bool {
            switch self {
            case .enqueueOne, .enqueueMany, .claim, .finish, .wait: true
            default: false
            }
        }

        var weight: Int {
            switch self {
            case .claim, .finish: 20
            case .enqueueOne, .enqueueMany, .wait: 10
            case .prove: 8
            case .reap, .beat: 5
            case .resume: 3
            case .cancel, .pause, .die: 2
            case .closeGate, .openGate, .enqueueRefused, .leave, .releaseUnknown: 1
            }
        }
    }

    private var random: SeededRandom
    /// Every schedule has habits of its own: some things it never does, some very often.
    private var weights: [(deed: Deed, weight: Int)] = []
    private var seconds = 0
    private var jobCount = 0
    /// Jobs that are no parts of others.
    private var roots: [Int] = []
    /// Hand-overs that have not been reported, with the lease and the job of each.
    private var held: [(number: Int, lease: Int, job: Int)] = []
    private var spent: [Int] = []
    private var handedCount = 0

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        for deed in Deed.allCases {
            weights.append((deed, deed.weight * pick(deed.isNeeded ? [1, 1, 2] : [0, 1, 1, 3])))
        }
    }

    // MARK: Learning

    mutating func learn(_ step: ModelStep, _ answer: ModelAnswer) {
        switch (step, answer) {
        case (.enqueue(let new), .jobs(let numbers)):
            for (job, number) in zip(new, numbers) where number >= jobCount {
                jobCount = number + 1
                if job.parent == nil { roots.append(number) }
            }
        case (.claim, .handed(let handed)):
            for one in handed {
                held.append((handedCount, one.lease, one.job))
                handedCount += 1
            }
        case (.finish(let reports, _), .finished):
            let reported = Set(reports.map(\.handed))
            held.removeAll { reported.contains($0.number) }
            spent.append(contentsOf: reported.sorted())
        default: break
        }
    }

    // MARK: Making up

    mutating func next() -> ModelStep {
        switch deed() {
        case .enqueueOne: .enqueue([job()])
        case .enqueueMany: .enqueue((0..<Int.random(in: 2...6, using: &random)).map { _ in job() })
        case .enqueueRefused: .enqueue(refused())
        case .claim: claim()
        case .prove: prove()
        case .finish: finish()
        case .cancel: .cancel((0..<Int.random(in: 1...3, using: &random)).map { _ in anyJob() })
        case .pause: .pause(scope())
        case .resume: .resume(scope())
        case .closeGate: .closeGate(platform: pick(Self.platforms), interval: Int.random(in: 1...15, using: &random))
        case .openGate: .openGate(platform: pick(Self.platforms))
        case .reap: .reap
        // Long enough for everybody to be believed dead who does not beat again.
        case .die: time(upTo: 90)
        case .beat: beat(worker())
        case .leave: .leave(worker: worker())
        case .releaseUnknown: releaseUnknown()
        case .wait: time(upTo: 8)
        }
    }

    private mutating func deed() -> Deed {
        var left = Int.random(in: 0..<weights.map(\.weight).reduce(0, +), using: &random)
        for (deed, weight) in weights {
            if left < weight { return deed }
            left -= weight
        }
        return .wait
    }

    /// Lets everything go on that was held up, whoever held it up.
    func settling() -> [ModelStep] {
        var steps: [ModelStep] = Set(Self.platforms).sorted().flatMap { platform in
            [.openGate(platform: platform), .resume(.platform(platform))]
        }
        steps += Self.platforms.indices.map { .resume(.connection($0)) }
        steps += QueueLab.kinds.keys.sorted().map { .resume(.kind($0)) }
        steps += Band.allCases.map { .resume(.band($0)) }
        steps += ModelSide.workers.indices.map { .releaseUnknown(worker: $0, knownLeases: []) }
        return steps
    }

    /// All workers but one beat at the start: what the other one claims is anybody's.
    mutating func opening() -> [ModelStep] {
        var steps: [ModelStep] = []
        for worker in ModelSide.workers.indices.dropLast() { steps.append(beat(worker)) }
        return steps
    }

    /// One round of running everything that can be run: a claim, and then the reports of what it handed out.
    mutating func drainClaim() -> ModelStep {
        .claim(
            ModelClaim(
                worker: 0, wishes: Self.wishes, lanes: 100, jobsPerLane: 100, kinds: QueueLab.known, leaseMax: 900,
                stallMax: 600, floors: [:]))
    }

    func drainReports(_ answer: ModelAnswer) -> ModelStep? {
        guard case .handed(let handed) = answer, !handed.isEmpty else { return nil }
        return .finish(
            (0..<handed.count).map { ModelReport(handed: handedCount - handed.count + $0, outcome: .done) }, waits: true
        )
    }

    mutating func time(upTo most: Int) -> ModelStep {
        seconds += Int.random(in: 1...most, using: &random)
        return .time(seconds: seconds)
    }

    // MARK: Parts

    private static let wishes = Band.allCases.flatMap { band in
        ["toy", "other"].map { Claim.Wish(platform: $0, band: band) }
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: values.indices, using: &random)]
    }

    /// True once in so many times.
    private mutating func chance(_ outOf: Int) -> Bool { Int.random(in: 0..<outOf, using: &random) == 0 }

    private mutating func beat(_ worker: Int) -> ModelStep { .beat(worker: worker, ttl: pick([20, 20, 3600])) }

    private mutating func worker() -> Int { Int.random(in: ModelSide.workers.indices, using: &random) }

    private mutating func anyJob() -> Int {
        if chance(3), !roots.isEmpty { return pick(roots) }
        return jobCount == 0 || chance(20)
            ? ModelSide.nobody : Int.random(in: max(0, jobCount - 30)..<jobCount, using: &random)
    }

    private mutating func job() -> ModelJob {
        let kind = chance(3) ? pick(["twice", "grown"]) : "sync"
        // Parents are best those that are at work.
        let running = held.map(\.job).filter { roots.contains($0) }
        let parent: Int? =
            if chance(4), !running.isEmpty {
                pick(running)
            } else if chance(30), !roots.isEmpty {
                pick(roots)
            } else {
                nil
            }
        return ModelJob(
            connection: Int.random(in: Self.platforms.indices, using: &random), kind: kind,
            arguments: kind == "sync" ? #"{"resource": "\#(pick(["orders", "products"]))"}"# : "{}",
            version: kind == "grown" && chance(2) ? 1 : nil,
            band: pick(chance(3) ? Band.allCases : [.urgent, .incremental]),
            delay: chance(4) ? Int.random(in: 1...40, using: &random) : 0, key: chance(2) ? pick(Self.keys) : nil,
            family: chance(3) ? "bulk" : "main", attemptsMax: chance(4) ? Int.random(in: 1...3, using: &random) : nil,
            parent: parent)
    }

    /// Some jobs, one of which cannot be.
    private mutating func refused() -> [ModelJob] {
        var bad = job()
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bad.connection = ModelSide.nobody
        case 1: bad.kind = "unheard"
        case 2: bad.version = 9
        case 3: bad.attemptsMax = 0
        case 4: bad.parent = ModelSide.nobody
        default: bad.arguments = pick(["[]", #"{"unheard": 1}"#, #"{"resource": 1}"#])
        }
        return [job(), bad]
    }

    private mutating func claim() -> ModelStep {
        var wishes = Self.wishes.shuffled(using: &random)
        if !chance(3) { wishes.sort { $0.band.rank < $1.band.rank } }
        if chance(6) { wishes.removeLast(wishes.count / 2) }
        var kinds = QueueLab.known
        if chance(4) { kinds["grown"] = 1 }
        if chance(6) { kinds[pick(["twice", "sync"])] = nil }
        var floors: [Claim.Wish: Int] = [:]
        if chance(8), let wish = wishes.first {
            floors[wish] = max(0, seconds - Int.random(in: 0...20, using: &random))
        }
        return .claim(
            ModelClaim(
                worker: worker(), wishes: wishes, lanes: Int.random(in: 1...6, using: &random),
                jobsPerLane: Int.random(in: 1...4, using: &random), kinds: kinds,
                leaseMax: chance(3) ? 30 : 900, stallMax: chance(3) ? 15 : 600, floors: floors))
    }

    private mutating func prove() -> ModelStep {
        let candidates = chance(5) && !spent.isEmpty ? spent : held.map(\.number)
        if candidates.isEmpty { return .reap }
        return .prove(handed: pick(candidates), records: Int.random(in: 0...9, using: &random))
    }

    private mutating func finish() -> ModelStep {
        var numbers = held.map(\.number).shuffled(using: &random)
        if numbers.isEmpty { return claim() }
        if !chance(4) { numbers.removeLast(Int.random(in: 0..<numbers.count, using: &random)) }
        if chance(6), !spent.isEmpty { numbers.insert(pick(spent), at: 0) }
        let reports = numbers.map { number in
            ModelReport(handed: number, outcome: outcome(), detail: chance(3) ? pick(Self.details) : nil)
        }
        return .finish(reports, waits: !chance(5))
    }

    private static let details = [#"{"code": "net.down"}"#, #"{"code": "api.limit"}"#, #"{"why": "no token"}"#]

    private mutating func outcome() -> Outcome {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<3: .done
        case 3: .failed
        case 4..<6: .retry(after: .seconds(Int.random(in: 0...20, using: &random)))
        case 6: .snooze(for: .seconds(Int.random(in: 0...20, using: &random)))
        case 7..<9: .yield
        case 9: .release
        default: .awaitChildren
        }
    }

    private mutating func scope() -> ModelScope {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<4: .connection(chance(12) ? ModelSide.nobody : Int.random(in: Self.platforms.indices, using: &random))
        case 4..<6: .platform(pick(Self.platforms))
        case 6..<10: .kind(pick(["sync", "twice", "grown", "unheard"]))
        default: .band(pick(Band.allCases))
        }
    }

    private mutating func releaseUnknown() -> ModelStep {
        .releaseUnknown(worker: worker(), knownLeases: Set(held.map(\.lease)).sorted().filter { _ in !chance(3) })
    }
}
