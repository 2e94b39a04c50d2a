internal import Foundation
internal import Jobs
internal import LocalServers
internal import Redis
internal import ServiceLifecycle

/// Where the driver's verbs find the Redis that carries their hints. A harness knows of a database only, and Portolan
/// never runs without a Redis beside it: `work` starts one for that database, unless the environment names one.
enum DriverRedis {
    /// Its address, and the server when this process started it.
    static func urlForWork(_ driver: DriverSettings) async throws -> (url: String, server: LocalRedis?) {
        if let url = Environment.value("PORTOLAN_REDIS_URL") { return (url, nil) }
        let server = try await LocalRedis.start(in: folder(driver), logger: driver.logger)
        try server.url.write(toFile: addressFile(driver), atomically: true, encoding: .utf8)
        return (server.url, server)
    }

    /// A client of the Redis that `work` uses; nil when there is none.
    static func existing(_ driver: DriverSettings) async -> RedisClient? {
        guard
            let url = Environment.value("PORTOLAN_REDIS_URL")
                ?? (try? String(contentsOfFile: addressFile(driver), encoding: .utf8)),
            let configuration = try? RedisConfiguration(url: url)
        else { return nil }
        return RedisClient(configuration, logger: driver.logger)
    }

    static func publish(_ driver: DriverSettings) async {
        guard let redis = await existing(driver) else { return }
        _ = try? await redis.command(["PUBLISH", RedisArgument(Wake.channel), "1"])
        await redis.shutdown()
    }

    /// Nobody finds a Redis any more.
    static func forget(_ driver: DriverSettings) { try? FileManager.default.removeItem(atPath: addressFile(driver)) }

    /// A folder for each database; the name is FNV-1a of its address, which may hold a password.
    private static func folder(_ driver: DriverSettings) -> String {
        let hash = driver.dsn.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return FileManager.default.temporaryDirectory.path + "/portolan-driver-" + String(hash, radix: 36)
    }

    private static func addressFile(_ driver: DriverSettings) -> String { folder(driver) + "/address" }
}

/// Processes that run until asked to stop, and are then asked to stop themselves.
struct ProcessGroup: Service {
    let children: [ChildProcess]

    func run() async throws {
        await withGracefulShutdownHandler {
            for child in children { _ = await child.waitForExit() }
        } onGracefulShutdown: {
            for child in children { child.kill(SIGTERM) }
        }
    }
}
