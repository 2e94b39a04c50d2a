import Dispatch
import FoundationEssentials
import Platforms
import Synchronization

/// A platform small enough to see through: tokens in `X-Token`, one list of orders, an echo.
struct ToyPlatform: Platform {
    var key = "toy"
    /// Opened by a test to let requests for `/slow` go on.
    var gate: Gate?

    let name = "Toy"
    let apiVersion = "1"
    let hosting = Hosting.selfHosted
    let authentication = Authentication(
        fields: [.init(name: "api_token", help: "Any.")], placement: .header(name: "X-Token", field: "api_token"))
    let resources = [Resource("orders", freshnessTarget: .seconds(60), children: ["lines"])]
    let buckets: [Bucket] = []

    func nextStep(in read: StreamRead) throws(ReadFailure) -> Step {
        preconditionFailure("the sandbox serves platforms and never reads them")
    }

    func page(from exchanges: [Exchange], in read: StreamRead) throws(ReadFailure) -> Page {
        preconditionFailure("the sandbox serves platforms and never reads them")
    }

    func makeSandboxStore(_ options: SandboxOptions) -> any SandboxStore { ToyStore(options, gate: gate) }
}

/// Held by requests until a test opens it.
final class Gate: Sendable {
    private let open = DispatchSemaphore(value: 0)
    private let arrivals = AsyncStream<Void>.makeStream()

    func pass() {
        arrivals.continuation.yield()
        open.wait()
        open.signal()
    }

    func unlock() { open.signal() }

    /// Returns when a request stands at the gate.
    func waitForArrival() async { for await _ in arrivals.stream { return } }
}

final class ToyStore: SandboxStore {
    private let options: SandboxOptions
    private let gate: Gate?
    private(set) var counters = SandboxCounters()
    private var changed = 0
    private var changedAt: Date

    init(_ options: SandboxOptions, gate: Gate?) {
        self.options = options
        self.gate = gate
        changedAt = options.startsAt
    }

    func respond(to request: SandboxRequest, now: Date) -> SandboxResponse {
        counters.requests += 1
        guard request.header("X-Token") == options.credentials["api_token"] else {
            counters.refused += 1
            return json(401, #"{"error":"wrong token"}"#)
        }
        switch request.path {
        case "/orders":
            let orders = (1...count).map { #"{"id":"\#($0)","note":"For Zoë \#($0)","changed":\#(changed)}"# }
            return json(200, "[\(orders.joined(separator: ","))]")
        case "/numbers": return json(200, #"{"id":"17","total":3}"#)
        case "/big":
            let bytes = request.query.first { $0.name == "bytes" }.flatMap { Int($0.value) } ?? 0
            return SandboxResponse(
                status: 200, headers: [("Content-Type", "application/octet-stream")],
                body: [UInt8](repeating: UInt8(ascii: "b"), count: bytes))
        case "/slow":
            gate?.pass()
            return json(200, "{}")
        default: return json(200, echo(request, now))
        }
    }

    func change(count: Int, now: Date) {
        changed += count
        changedAt = now
    }

    func truth(resource: String) -> [SandboxRecord] {
        guard resource == "orders" else { return [] }
        return (1...count).map { number in
            SandboxRecord(
                resource: resource, id: "\(number)\"",
                payload: Array("{\n \"id\": \(number),\n \"changed\": \(changed)}".utf8))
        }
    }

    private var count: Int { options.sizes["orders"] ?? 3 }

    private func echo(_ request: SandboxRequest, _ now: Date) -> String {
        let lines =
            ["method=\(request.method)", "path=\(request.path)", "seed=\(options.seed)"]
            + request.query.map { "query \($0.name)=\($0.value)" }
            + request.headers.map { "header \($0.name)=\($0.value)" }
            + ["body=\(String(decoding: request.body, as: UTF8.self))", "now=\(now.timeIntervalSince1970)"]
        return lines.joined(separator: "\n")
    }

    private func json(_ status: Int, _ text: String) -> SandboxResponse {
        SandboxResponse(status: status, headers: [("Content-Type", "application/json")], body: Array(text.utf8))
    }
}

/// Time that stands still until a test moves it.
final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct State {
        var now = Instant(offset: .zero)
        var sleepers: [Int: (until: Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())
    private let sleeps = AsyncStream<Duration>.makeStream()

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let pause = state.withLock { state in
                    state.sleepers[id] = (deadline, continuation)
                    return state.now.duration(to: deadline)
                }
                if Task.isCancelled { cancel(id) }
                sleeps.continuation.yield(pause)
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: Int) {
        state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
    }

    /// Waits until somebody sleeps, and tells how long they mean to.
    func nextSleep() async -> Duration {
        for await pause in sleeps.stream { return pause }
        return .zero
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }
}
