import Foundation
import Synchronization

@testable import Postgres

/// A Postgres server of the tests' own, on a Unix socket in a directory of its own.
///
/// A shell stands between: it waits at a pipe that this process holds, so that the server ends and its directory is
/// removed however this process ends.
final class PrivateServer: Sendable {
    /// The one that most tests share; started at its first use.
    static let shared = PrivateServer()

    private static let binaries = "/usr/lib/postgresql/15/bin"
    private static let settings = """
        -c listen_addresses= -c fsync=off -c shared_buffers=16MB -c max_connections=120 \
        -c log_min_messages=fatal
        """

    let directory: String
    private let shell = Mutex<Shell?>(nil)

    private struct Shell: Sendable {
        let process: Process
        let lifeline: Pipe
    }

    init() {
        directory = "/tmp/pl-" + String(UInt32.random(in: .min ... .max), radix: 36)
        // A fixture that cannot start ends the run.
        // swift-format-ignore: NeverUseForceTry
        try! FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        if getuid() == 0 { Self.run("/bin/chown", ["postgres:postgres", directory]) }
        Self.run(
            "/bin/sh",
            [
                "-c",
                "\(Self.asPostgres) \(Self.binaries)/initdb -D \(directory)/data -U postgres -A trust -N >/dev/null",
            ])
        start()
    }

    deinit {
        shell.withLock { $0 }.map { try? $0.lifeline.fileHandleForWriting.close() }
    }

    /// Postgres refuses to run as root.
    static var asPostgres: String {
        getuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups" : ""
    }

    private static func run(_ path: String, _ arguments: [String]) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        // A fixture that cannot start ends the run.
        // swift-format-ignore: NeverUseForceTry
        try! process.run()
        process.waitUntilExit()
        precondition(process.terminationStatus == 0, "\(path) \(arguments) failed")
    }

    /// Starts the server and returns when it accepts connections.
    func start() {
        let process = Process()
        let lifeline = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.arguments = [
            "-c",
            """
            rm -f \(directory)/data/postmaster.pid \(directory)/.s.PGSQL.5432.lock
            \(Self.asPostgres) \(Self.binaries)/postgres -D \(directory)/data -k \(directory) \(Self.settings) \
            </dev/null &
            server=$!
            read line
            if [ -z "$line" ]; then kill -CONT $server; kill -QUIT $server; wait $server; rm -rf \(directory); fi
            """,
        ]
        process.standardInput = lifeline
        // A fixture that cannot start ends the run.
        // swift-format-ignore: NeverUseForceTry
        try! process.run()
        shell.withLock { $0 = Shell(process: process, lifeline: lifeline) }
        let ask = "\(Self.binaries)/pg_isready -q -U postgres -h \(directory)"
        Self.run("/bin/sh", ["-c", "for i in $(seq 600); do \(ask) && exit; sleep 0.05; done; exit 1"])
    }

    /// Kills the postmaster and all its children the hard way, as a machine's failure would.
    func killHard() {
        let pid = postmasterID
        kill(pid, SIGSTOP)  // so that it begets no more children
        let children = Self.read("/proc/\(pid)/task/\(pid)/children").split(separator: " ").compactMap { Int32($0) }
        shell.withLock { shell in
            kill(pid, SIGKILL)
            for child in children { kill(child, SIGKILL) }
            // A new server is refused while a child still holds the shared memory; a zombie holds nothing.
            while children.contains(where: { !["", "Z", "X"].contains(Self.state(of: $0)) }) { usleep(1000) }
            // Any line tells the shell to leave the directory alone.
            shell?.lifeline.fileHandleForWriting.write(Data("keep\n".utf8))
            shell?.process.waitUntilExit()
            shell = nil
        }
    }

    var postmasterID: Int32 {
        Int32(Self.read(directory + "/data/postmaster.pid").split(separator: "\n")[0])!
    }

    private static func read(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// The kernel's letter for a process's state; empty when there is no such process.
    private static func state(of process: Int32) -> String {
        let stat = read("/proc/\(process)/stat")
        return stat.split(separator: ")").last.map { String($0.dropFirst().prefix(1)) } ?? ""
    }

    var url: String { "postgresql://postgres@/postgres?host=\(directory)" }

    func configuration(_ change: (inout PostgresConfiguration) -> Void = { _ in }) -> PostgresConfiguration {
        // A fixture that cannot start ends the run.
        // swift-format-ignore: NeverUseForceTry
        var configuration = try! PostgresConfiguration(url: url)
        change(&configuration)
        return configuration
    }
}
