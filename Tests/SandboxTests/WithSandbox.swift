import FoundationEssentials
import Logging
import Platforms
import Sandbox

/// Serves a plan for as long as the body runs.
func withSandbox<Result>(
    _ plan: SandboxPlan, platforms: [any Platform] = [ToyPlatform()], clock: any Clock<Duration> = ContinuousClock(),
    _ body: (Int) async throws -> Result
) async throws -> Result {
    let server = try SandboxServer(
        plan: plan, platforms: platforms, clock: clock, now: { Date(timeIntervalSince1970: 1_800_000_000) },
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    let running = Task { try await server.run() }
    do {
        let result = try await body(try await server.port)
        running.cancel()
        try await running.value
        return result
    } catch {
        running.cancel()
        _ = try? await running.value
        throw error
    }
}

/// One toy store named `a` whose token is `t`.
func toyPlan(_ faults: Fault..., seed: UInt64 = 1, changesPerSecond: Double = 0) -> SandboxPlan {
    SandboxPlan(
        seed: seed,
        stores: [
            .init(
                platform: "toy", name: "a", changesPerSecond: changesPerSecond, credentials: ["api_token": "t"],
                faults: faults)
        ])
}
