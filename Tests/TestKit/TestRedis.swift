internal import Foundation
internal import Glibc
internal import Logging
package import Redis

/// A private redis-server: its own directory, a Unix socket, a loopback port if asked for, no persistence.
package final class TestRedis: @unchecked Sendable {
    // Unchecked: `process` and `port` are changed by one test at a time, in sequence; the rest is constant.
    private var process = Process()
    private let directory: String
    private let extraArguments: [String]
    package private(set) var port = 0

    package var socketPath: String { "\(directory)/s" }

    package init(_ extraArguments: [String] = [], tcp: Bool = false) async throws {
        directory = "/tmp/portolan-redis-\(UInt64.random(in: 0...UInt64.max))"
        self.extraArguments = extraArguments
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        // A free port may be taken by somebody else before the server binds it.
        var attemptsLeft = tcp ? 10 : 1
        while true {
            attemptsLeft -= 1
            if tcp { port = Self.freePort() }
            do {
                try await start()
                break
            } catch {
                if attemptsLeft == 0 { throw error }
            }
        }
    }

    deinit {
        if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Starts it (again) and returns once it answers.
    package func start() async throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--unixsocket", socketPath, "--save", "",
                "--appendonly", "no", "--enable-debug-command", "local", "--dir", directory, "--daemonize", "no",
            ] + extraArguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let probe = RedisClient(configuration(), logger: Logger(label: "redis-probe") { _ in SwiftLogNoOpLogHandler() })
        while true {
            do throws(RedisError) {
                _ = try await probe.command(["PING"])
                break
            } catch {
                // A server that wants a password answers too.
                if error.code == .authenticationFailed { break }
                guard process.isRunning else { throw error }
            }
        }
        await probe.shutdown()
    }

    /// As a crash would: no goodbye, no save.
    package func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    package func pause() { Glibc.kill(process.processIdentifier, SIGSTOP) }

    package func resume() { Glibc.kill(process.processIdentifier, SIGCONT) }

    /// Short back-off, and time limits that hold on a loaded machine.
    package func configuration(tcp: Bool = false) -> RedisConfiguration {
        var configuration = RedisConfiguration(
            tcp ? .tcp(host: "localhost", port: port) : .unix(path: socketPath))
        configuration.reconnectDelayMin = .milliseconds(5)
        configuration.reconnectDelayMax = .milliseconds(50)
        configuration.connectTimeLimit = .seconds(20)
        configuration.commandTimeLimit = .seconds(20)
        return configuration
    }

    private static func freePort() -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutableBytes(of: &address) { bytes in
            let generic = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            _ = bind(descriptor, generic, length)
            getsockname(descriptor, generic, &length)
            return Int(UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)))
        }
    }
}
