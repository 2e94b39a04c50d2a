package import FoundationEssentials
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import NIOPosix
package import Platforms
internal import ServiceLifecycle

/// Serves simulated merchants over HTTP on the loopback address.
///
/// Each store is mounted at `/<platform>/<name>/…` and works in a thread of control of its own; what is common
/// to all platforms (latency, lost connections, spoilt bytes) is played here. ``ControlAPI`` describes
/// `/_sandbox`. Stopped gracefully it ends within a second: what is still unanswered half a second later is cut.
///
/// **Thread**: any. ``run()`` may be called once.
package final class SandboxServer: Service {
    /// The stores that are served, with the credentials they accept.
    package let stores: [SandboxStoreSpec]
    private let hosts: [StoreHost]
    private let requestedPort: Int
    private let boundPort = Announcement()
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Date
    private let logger: Logger

    /// How long requests in flight have, once the server is told to stop.
    private static let grace = Duration.milliseconds(500)

    /// - Parameters:
    ///   - port: 0 for any free port; see ``port``.
    ///   - clock: what latency and background changes are timed with.
    ///   - now: the time the stores are told it is.
    /// - Throws: ``SandboxError`` when the plan does not fit the platforms.
    package init(
        plan: SandboxPlan, platforms: [any Platform], port: Int = 0, clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) throws(SandboxError) {
        stores = try plan.specs(for: platforms, startsAt: now())
        hosts = stores.map { spec in
            guard let platform = platforms.first(where: { $0.key == spec.platform }) else {
                preconditionFailure("a spec is only made for a platform there is")
            }
            return StoreHost(spec: spec, platform: platform, now: now)
        }
        requestedPort = port
        self.clock = clock
        self.now = now
        self.logger = logger
    }

    /// The port the server listens on, as soon as it does.
    /// - Throws: ``SandboxError/Code/notListening`` when the server ended without ever listening.
    package var port: Int {
        get async throws(SandboxError) {
            guard let port = await boundPort.value else {
                throw SandboxError(
                    .notListening, message: "the server ended before it listened",
                    fix: "see the error of run(): the port may be taken")
            }
            return port
        }
    }

    /// Serves until the task is cancelled or the service group stops.
    /// - Throws: when the port cannot be had.
    package func run() async throws {
        let connections = ConnectionList()
        defer { boundPort.announce(nil) }
        let server = makeServer(connections)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for host in hosts where host.spec.changesPerSecond > 0 {
                let changes = BackgroundChanges(host: host, clock: self.clock)
                group.addTask { try await changes.run() }
            }
            group.addTask {
                try await gracefulShutdown()
                // Real time, whatever clock the stores live by: these are real connections.
                try await Task.sleep(for: Self.grace)
            }
            // Whichever comes first: the last request was answered, its time is up, or the task was cancelled.
            let first = await group.nextResult()
            group.cancelAll()
            connections.closeAll()
            while await group.nextResult() != nil {}
            if case .failure(let error) = first, !(error is CancellationError) { throw error }
        }
    }

    private func makeServer(_ connections: ConnectionList) -> some Service {
        let byMount = Dictionary(uniqueKeysWithValues: hosts.map { ("\($0.spec.platform)/\($0.spec.name)", $0) })
        let responder = SandboxResponder(
            hosts: byMount, control: ControlAPI(hosts: hosts, hostsByMount: byMount), clock: clock,
            dates: DateHeader(now: now))
        let channel = HTTP1Channel(
            responder: { request, writer, channel in
                try await responder.respond(to: request, writer, on: channel)
            }, configuration: .init(additionalChannelHandlers: [connections.makeHandler()]))
        return Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: requestedPort), backlog: 1024),
            onServerRunning: { [boundPort] channel in boundPort.announce(channel.localAddress?.port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
    }
}
