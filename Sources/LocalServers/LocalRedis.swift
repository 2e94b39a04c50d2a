import Glibc
package import Logging

/// A Redis server of our own: empty at every start, keeps nothing on disk, gone when we are.
///
/// It listens on a Unix socket in a folder nobody else can enter. As root, it runs as the user `redis`, else `nobody`.
///
/// **Thread**: callable from anywhere, one call after the other; nothing blocks an executor.
package final class LocalRedis: Sendable {
    /// The path of its Unix socket.
    package let socketPath: String
    /// The TCP port on 127.0.0.1; nil when it does not listen there.
    package let port: Int?
    /// The password clients have to give; nil when there is none.
    package let password: String?

    private let runner: ServerRunner
    private let command: Command
    private let commandLineClient: String
    private let readyWithin: Duration

    private init(
        runner: ServerRunner, server: String, commandLineClient: String, port: Int?, password: String?,
        readyWithin: Duration
    ) {
        self.runner = runner
        self.commandLineClient = commandLineClient
        self.port = port
        self.password = password
        self.readyWithin = readyWithin
        socketPath = runner.folder.socketFolder + "/" + Self.socketName
        command = Command(
            server, [runner.folder.path + "/redis.conf"], environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"])
    }

    /// The folder that was asked for, or the one chosen in its place.
    package var folder: String { runner.folder.path }
    /// The server's log; every start appends to it.
    package var logPath: String { runner.folder.logPath }
    /// `unix:///path`, with a password `unix:///path?password=…`.
    package var url: String {
        "unix://" + URLText.encoded(path: socketPath) + (password.map { "?password=" + URLText.encoded($0) } ?? "")
    }
    /// `redis://127.0.0.1:port`, with a password `redis://default:password@…`; nil when it does not listen on TCP.
    package var tcpURL: String? {
        let credentials = password.map { "default:\(URLText.encoded($0))@" } ?? ""
        return port.map { "redis://\(credentials)\(LoopbackPort.host):\($0)" }
    }
    /// The server's process id; nil when it does not run.
    package var processID: Int32? { get async { await runner.processID } }

    /// Starts the server in `folder` and waits until it answers.
    ///
    /// A server that an earlier, killed run has left in the folder is ended first.
    /// - Parameters:
    ///   - folder: where its log and configuration are kept. When the server's user cannot reach it, a folder below
    ///     `/var/tmp` is taken and logged; see the property `folder`.
    ///   - settings: lines for `redis.conf`, stronger than the defaults here.
    ///   - password: what clients have to give; at most 512 bytes.
    ///   - listensOnLoopback: also listens on a free port of 127.0.0.1; see `tcpURL`.
    ///   - readyWithin: patience for each start.
    ///
    /// **Errors**: as `LocalPostgres.start`.
    package static func start(
        in folder: String, settings: [String: String] = [:], password: String? = nil, listensOnLoopback: Bool = false,
        readyWithin: Duration = .seconds(20), logger: Logger = Logger(label: "portolan.local-servers")
    ) async throws(LocalServerError) -> LocalRedis {
        let server = try ProgramFinder.find("redis-server", package: "redis-server")
        let client = try ProgramFinder.find("redis-cli", package: "redis-tools")
        let serverFolder = try await ServerFolder.prepare(
            folder, server: "redis", socketName: socketName, userNames: ["redis", "nobody"], logger: logger)
        let runner = ServerRunner(
            folder: serverFolder, program: "redis-server", politeSignal: SIGTERM, logger: logger)
        return try await runner.withFolderClaimed { () async throws(LocalServerError) in
            try await LoopbackPort.retrying(when: listensOnLoopback) { port throws(LocalServerError) in
                let redis = LocalRedis(
                    runner: runner, server: server, commandLineClient: client, port: port, password: password,
                    readyWithin: readyWithin)
                try await redis.configure(settings)
                try await redis.launch()
                return redis
            }
        }
    }

    /// Shuts down and gives the folder free. A server that does not shut down within 10 seconds is killed.
    package func stop() async {
        await runner.stop(SIGTERM, patience: .seconds(10))
        runner.folder.removeSocketFolderOutside()
        await runner.releaseFolder()
    }

    /// Kills it, as a crash would. The folder stays ours; `restart` starts it again, `stop` gives the folder free.
    package func kill() async {
        await runner.kill()
    }

    /// Shuts down if it runs, and starts again, empty, with the same settings and URLs.
    ///
    /// **Errors**: as `start`.
    package func restart() async throws(LocalServerError) {
        await runner.stop(SIGTERM, patience: .seconds(10))
        try await runner.claimFolder()
        try await launch()
    }

    /// Stops it where it is (SIGSTOP): connections stay open, nothing answers.
    package func pause() async {
        await runner.pause()
    }

    /// Lets a paused server go on.
    package func resume() async {
        await runner.resume()
    }

    /// Runs one command by `redis-cli` and gives the lines of its answer.
    ///
    /// **Errors**: `commandFailed` with the answer when it is an error.
    @discardableResult
    package func command(_ arguments: [String]) async throws(LocalServerError) -> [String] {
        var client = Command(
            commandLineClient, ["-e", "-s", socketPath] + arguments, environment: ["LC_ALL": "C.UTF-8"])
        client.environment?["REDISCLI_AUTH"] = password
        // Texts such as that of INFO end their lines with both.
        return try await client.runSuccessfully(within: .seconds(30)).output.map { line in
            line.utf8.last == UInt8(ascii: "\r") ? String(decoding: line.utf8.dropLast(), as: UTF8.self) : line
        }
    }
}

extension LocalRedis {
    private static let socketName = "redis.sock"

    private func configure(_ settings: [String: String]) async throws(LocalServerError) {
        let folder = runner.folder
        var all = ["databases": "16", "loglevel": "notice", "save": "", "appendonly": "no", "always-show-logo": "no"]
        all.merge(settings) { $1 }
        all.merge([
            "bind": LoopbackPort.host,
            "daemonize": "no",
            "dir": folder.dataPath,
            "logfile": "",
            "port": String(port ?? 0),
            "supervised": "no",
            "unixsocket": socketPath,
            "unixsocketperm": "700",
        ]) { $1 }
        all["requirepass"] = password
        let text = try RedisSettings(values: all).text()
        try await BlockingThread.run { () throws(LocalServerError) in
            try FileSystem.createPrivateFolder(folder.dataPath, for: folder.user)
            // It may hold the password: readable for the server, nobody else.
            try FileSystem.write(text, to: folder.path + "/redis.conf", mode: 0o640, group: folder.user?.groupID)
        }
    }

    private func launch() async throws(LocalServerError) {
        var ping = Command(commandLineClient, ["-s", socketPath, "ping"], environment: ["LC_ALL": "C.UTF-8"])
        ping.environment?["REDISCLI_AUTH"] = password
        let question = ping
        try await runner.launch(command, readyWithin: readyWithin) { _ throws(LocalServerError) in
            try await question.run(within: .seconds(5)).output.first == "PONG"
        }
    }
}
