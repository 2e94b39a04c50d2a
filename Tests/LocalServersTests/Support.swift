import FoundationEssentials
import Glibc
import LocalServers
import Testing

/// Runs `body` with a PostgreSQL in a temporary folder.
func withPostgres(
    settings: [String: String] = [:], listensOnLoopback: Bool = false, _ body: (LocalPostgres) async throws -> Void
) async throws {
    try await TemporaryFolder.with { folder in
        let postgres = try await LocalPostgres.start(
            in: folder.path, settings: settings, durability: .fast, listensOnLoopback: listensOnLoopback)
        do {
            try await body(postgres)
        } catch {
            await postgres.stop(.immediate)
            throw error
        }
        await postgres.stop(.immediate)
    }
}

/// Runs `body` with a Redis in a temporary folder.
func withRedis(
    password: String? = nil, listensOnLoopback: Bool = false, _ body: (LocalRedis) async throws -> Void
) async throws {
    try await TemporaryFolder.with { folder in
        let redis = try await LocalRedis.start(
            in: folder.path, password: password, listensOnLoopback: listensOnLoopback)
        do {
            try await body(redis)
        } catch {
            await redis.stop()
            throw error
        }
        await redis.stop()
    }
}

extension LocalPostgres {
    func psql(_ statement: String, url: String? = nil) async throws -> Command.Result {
        let arguments = ["-X", "-A", "-t", "-q", "-c", statement, url ?? self.url]
        let command = Command(programs.path("psql"), arguments, environment: ["LC_ALL": "C.UTF-8"])
        return try await command.run(within: .seconds(60))
    }

    /// What a statement returns, one string.
    func value(_ statement: String, url: String? = nil) async throws -> String {
        let result = try await psql(statement, url: url)
        #expect(result.status.isSuccess, "\(result.errors)")
        return result.output.joined(separator: "\n")
    }

    func expectAnswer() async throws {
        #expect(try await value("select 1") == "1")
    }

    /// Stops the server and starts it again, as nobody's.
    func startAsStray() async throws -> ChildProcess {
        await stop()
        let dataOwner = try #require(owner(folder + "/data"))
        let configuration = "config_file=\(folder)/postgresql.conf"
        let command = Command(
            "/bin/sh",
            ["-c", #"exec "$@""#, "sh", programs.path("postgres"), "-D", folder + "/data", "-c", configuration],
            environment: [:], folder: "/",
            user: geteuid() == 0 ? ServerUser(name: "", userID: dataOwner, groupID: dataOwner) : nil, output: .lines)
        let child = try await ChildProcess.start(command)
        for await line in child.outputLines where line.contains("database system is ready") { break }
        return child
    }
}

extension LocalRedis {
    func expectAnswer() async throws {
        #expect(try await cli(["ping"]).output == ["PONG"])
    }

    func cli(_ arguments: [String], password: String? = nil) async throws -> Command.Result {
        var environment = ["LC_ALL": "C.UTF-8"]
        environment["REDISCLI_AUTH"] = password
        return try await Command("/usr/bin/redis-cli", ["-s", socketPath] + arguments, environment: environment)
            .run(within: .seconds(30))
    }
}

/// The fields of a line of `/proc/PID/status`.
func status(of processID: Int32, _ key: String) throws -> [String] {
    let text = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(key + ":") })
    return line.dropFirst(key.count + 1).split { $0 == "\t" || $0 == " " }.map(String.init)
}

/// The processes whose working folder is `folder`.
func processes(in folder: String) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap(Int32.init).filter {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/cwd")) == folder
    }
}

func userID(_ name: String) -> UInt32? {
    getpwnam(name)?.pointee.pw_uid
}

/// Who owns a file; nil when it is not there.
func owner(_ path: String) -> UInt32? {
    var information = stat()
    return lstat(path, &information) == 0 ? information.st_uid : nil
}
