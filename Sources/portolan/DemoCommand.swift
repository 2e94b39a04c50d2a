internal import ArgumentParser
internal import Foundation
internal import LocalFleet
internal import LocalServers
internal import Logging
internal import Platforms
internal import Postgres
internal import Sandbox

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Everything on loopback, with simulated merchants: see it work in a minute.",
        discussion: """
            Starts a private Postgres and Redis, a sandbox with several stores, a scheduler and two workers; \
            shows every stream until all are in sync; then says what there is to look at. Ends with 0 when every \
            stream is in sync, with 1 and the reason when not. Everything it started ends with it.
            """)

    @Option(help: "Orders of the largest store; other sizes follow.")
    var orders: Int = 5000

    @Option(help: "Folder for data and logs.")
    var folder: String = ".portolan/demo"

    @Option(help: "Seconds after which a demonstration that is not in sync counts as failed.")
    var timeout: Int = 600

    @Flag(help: "Go on running until Ctrl-C, to look at it with psql and the commands that are printed.")
    var keep = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard (10...1_000_000).contains(orders) else {
            throw ValidationError("--orders is a number from 10 to 1000000")
        }
    }

    func run() async throws {
        let logger = try log.logger("portolan.demo")
        let say = { (text: String) in Environment.print(text) }
        say("starting a private Postgres, a private Redis and the sandbox in \(folder)")
        var options = LocalFleet.Options(
            folder: FileManager.default.currentDirectoryPath + "/" + folder, executable: Environment.executablePath,
            plan: DemoPlan.plan(orders: orders))
        if folder.hasPrefix("/") { options.folder = folder }
        let fleet = try await LocalFleet.start(options, logger: logger)
        try await fleet.connectStores(limitFactor: 10)
        let started = ContinuousClock.now
        let scheduler = try await fleet.startScheduler()
        let workers = [try await fleet.startWorker(), try await fleet.startWorker()]
        say("one scheduler, two workers (logs in \(fleet.folder))\n")

        let progress = DemoProgress(pool: fleet.pool, isLive: Environment.isOutputATerminal)
        let ending = try await progress.watch(
            within: .seconds(timeout), roles: [("scheduler", scheduler)] + workers.map { ("worker", $0) })
        if case .inSync = ending {
            let summary = try await DemoSummary.read(
                fleet.pool, counters: try await fleet.sandbox.counters(), elapsed: started.duration(to: .now))
            say(summary.text)
            say(nextCommands(fleet))
        }
        if keep, case .inSync = ending { await waitForInterrupt() }

        for role in workers + [scheduler] { role.kill(SIGTERM) }
        for role in workers + [scheduler] {
            if await role.waitForExit(within: .seconds(10)) == nil { role.kill() }
        }
        await fleet.stop()
        if case .failed(let reason) = ending {
            say("not in sync: \(reason)")
            throw ExitCode(1)
        }
    }

    private func nextCommands(_ fleet: LocalFleet) -> String {
        if keep {
            return """

                Running until Ctrl-C. In another terminal:
                  psql '\(fleet.postgres.url)' -c 'select platform, count(*), sum(total_amount) from unified.commerce_orders group by 1'
                  psql '\(fleet.postgres.url)' -c 'select * from portolan.jobs_now'
                  psql '\(fleet.postgres.url)' -c 'select resource, state, synced_through from portolan.streams'
                  PORTOLAN_DATABASE_URL='\(fleet.postgres.url)' PORTOLAN_REDIS_URL='\(fleet.redis.url)' portolan status
                """
        }
        return """

            Next:
              portolan demo --keep         the same, left running, to look at with psql
              portolan sandbox             the simulated platforms alone, to develop against
              portolan platforms           what can be connected, and what it takes
              README.md                    how to connect a first real store
            """
    }

    private func waitForInterrupt() async {
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        let (interrupts, continuation) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGINT, SIGTERM].map { number in
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
        for await _ in interrupts { break }
        for source in sources { source.cancel() }
    }
}

/// The merchants of the demonstration: those that every platform shows, of different sizes and tempers.
enum DemoPlan {
    static func plan(orders: Int) -> SandboxPlan {
        let stores = allPlatforms.flatMap { platform in
            platform.showcase.map { shown in
                SandboxPlan.Store(
                    platform: platform.key, name: shown.name,
                    sizes: [shown.resource: max(5, Int(Double(orders) * shown.share))], limitFactor: shown.limitFactor,
                    spoiltShare: shown.spoiltShare, changesPerSecond: shown.changesPerSecond)
            }
        }
        return SandboxPlan(seed: 2026, stores: stores)
    }
}
