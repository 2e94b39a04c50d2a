import FoundationEssentials
import Glibc
package import Logging

/// A PostgreSQL server of our own: made on first start, reachable only by this process's user, gone when we are.
///
/// It listens on a Unix socket in a folder nobody else can enter, where the superuser `portolan` needs no password.
/// When this process ends without `stop`, the kernel sends the server SIGQUIT, an immediate shutdown: the next start
/// recovers, as after a crash. As root, the server runs as the user `postgres`, else `nobody`.
///
/// **Thread**: callable from anywhere, one call after the other; nothing blocks an executor.
package final class LocalPostgres: Sendable {
    /// What a commit survives.
    package enum Durability: Sendable {
        /// Everything, a crash of the machine included: PostgreSQL's defaults.
        case safe
        /// The death of the server, but not of the machine (`fsync` and `full_page_writes` off). For tests.
        case fast
    }

    /// How to shut down.
    package enum StopMode: Sendable {
        /// Ends the clients' sessions, writes everything out.
        case fast
        /// At once, without writing anything; the next start recovers.
        case immediate

        fileprivate var signal: Int32 {
            switch self {
            case .fast: SIGINT
            case .immediate: SIGQUIT
            }
        }
    }

    /// The superuser's name.
    package static let userName = "portolan"

    /// The name of the database made at the start.
    package let database: String
    /// The TCP port on 127.0.0.1 when it listens there; part of the socket's name in any case.
    package let port: Int
    /// The superuser's password for TCP, new at every start; nil when it does not listen on TCP.
    package let password: String?
    /// The installation it runs from.
    package let programs: PostgresPrograms

    private let runner: ServerRunner
    private let command: Command
    private let readyWithin: Duration

    private init(
        runner: ServerRunner, programs: PostgresPrograms, database: String, port: Int, password: String?,
        readyWithin: Duration
    ) {
        self.runner = runner
        self.programs = programs
        self.database = database
        self.port = port
        self.password = password
        self.readyWithin = readyWithin
        let folder = runner.folder
        command = Command(
            programs.path("postgres"),
            ["-D", folder.dataPath, "-c", "config_file=\(folder.path)/postgresql.conf"],
            environment: Self.environment, parentDeathSignal: .quit)
    }

    /// The folder that was asked for, or the one chosen in its place.
    package var folder: String { runner.folder.path }
    /// The server's log; every start appends to it.
    package var logPath: String { runner.folder.logPath }
    /// The folder of its Unix socket.
    package var socketFolder: String { runner.folder.socketFolder }
    /// A libpq URL of `database` through the Unix socket.
    package var url: String { url(database: database) }
    /// A libpq URL of `database` through TCP, password included; nil when it does not listen there.
    package var tcpURL: String? {
        password.map { "postgresql://\(Self.userName):\($0)@\(LoopbackPort.host):\(port)/\(URLText.encoded(database))" }
    }
    /// The postmaster's process id; nil when it does not run.
    package var processID: Int32? { get async { await runner.processID } }

    /// A libpq URL of any database of this server through the Unix socket.
    package func url(database: String) -> String {
        "postgresql:///\(URLText.encoded(database))?host=\(URLText.encoded(path: socketFolder))&port=\(port)"
            + "&user=\(Self.userName)"
    }

    /// Starts the server in `folder`, making it first if need be, and waits until it takes connections.
    ///
    /// A server that an earlier, killed run has left in the folder is ended first.
    /// - Parameters:
    ///   - folder: where its data, log and configuration are kept. When the server's user cannot reach it, a folder
    ///     below `/var/tmp` is taken and logged; see the property `folder`.
    ///   - database: created when it is missing.
    ///   - settings: lines for `postgresql.conf`, stronger than the defaults here.
    ///   - listensOnLoopback: also listens on a free port of 127.0.0.1, with a password; see `tcpURL`.
    ///   - readyWithin: patience for each start, recovery included.
    ///
    /// **Errors**: `missingProgram` with the package to install, `folderInUse`, `folderNotUsable`, `invalidSetting`,
    /// `exitedEarly` and `notReady` with the log's last lines, `commandFailed`, `spawnFailed`, `cancelled`.
    package static func start(
        in folder: String, database: String = "portolan", settings: [String: String] = [:],
        durability: Durability = .safe, listensOnLoopback: Bool = false, readyWithin: Duration = .seconds(60),
        logger: Logger = Logger(label: "portolan.local-servers")
    ) async throws(LocalServerError) -> LocalPostgres {
        let serverFolder = try await ServerFolder.prepare(
            folder, server: "postgres", socketName: ".s.PGSQL.65535", userNames: ["postgres", "nobody"],
            logger: logger)
        let runner = ServerRunner(
            folder: serverFolder, program: "postgres", politeSignal: SIGINT, logger: logger)
        return try await runner.withFolderClaimed { () async throws(LocalServerError) in
            let cluster = PostgresCluster(folder: serverFolder)
            let programs = try await cluster.prepare(durability: durability, logger: logger)
            return try await LoopbackPort.retrying(when: listensOnLoopback) { port throws(LocalServerError) in
                let postgres = LocalPostgres(
                    runner: runner, programs: programs, database: database, port: port ?? 5432,
                    password: port.map { _ in newPassword() }, readyWithin: readyWithin)
                try await postgres.configure(settings, durability: durability)
                try await postgres.launch()
                return postgres
            }
        }
    }

    /// Shuts down and gives the folder free. A server that does not shut down within 30 seconds is killed.
    package func stop(_ mode: StopMode = .fast) async {
        await runner.stop(mode.signal, patience: .seconds(30))
        runner.folder.removeSocketFolderOutside()
        await runner.releaseFolder()
    }

    /// Kills all its processes, as a crash would. The folder stays ours; `restart` recovers, `stop` gives it free.
    package func kill() async {
        await runner.kill()
    }

    /// Shuts down if it runs, and starts again with the same data, settings and URLs.
    ///
    /// **Errors**: as `start`.
    package func restart(_ mode: StopMode = .fast) async throws(LocalServerError) {
        await runner.stop(mode.signal, patience: .seconds(30))
        try await runner.claimFolder()
        try await launch()
    }

    /// Stops all its processes where they are (SIGSTOP): connections stay open, nothing answers.
    package func pause() async {
        await runner.pause()
    }

    /// Lets paused processes go on.
    package func resume() async {
        await runner.resume()
    }
}

extension LocalPostgres {
    /// Nothing of ours: variables such as `PGPORT` or `PGOPTIONS` are meant for other servers.
    fileprivate static let environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"]

    /// 128 random bits.
    private static func newPassword() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private func configure(_ settings: [String: String], durability: Durability) async throws(LocalServerError) {
        let folder = runner.folder
        var all = PostgresSettings(durability: durability)
        all.set(settings)
        all.set([
            "hba_file": folder.path + "/pg_hba.conf",
            "listen_addresses": password == nil ? "" : LoopbackPort.host,
            "logging_collector": "off",
            "port": String(port),
            "unix_socket_directories": folder.socketFolder,
            "unix_socket_permissions": "0700",
        ])
        let text = try all.text()
        let access =
            "local all all trust\nlocal replication all trust\nhost all all \(LoopbackPort.host)/32 scram-sha-256\n"
        try await BlockingThread.run { () throws(LocalServerError) in
            try FileSystem.write(text, to: folder.path + "/postgresql.conf", mode: 0o644)
            try FileSystem.write(access, to: folder.path + "/pg_hba.conf", mode: 0o644)
        }
    }

    private func launch() async throws(LocalServerError) {
        // We hold the folder and nothing runs in it. In a new container the dead postmaster's process id may well be
        // that of another live process, which PostgreSQL would take for the postmaster.
        let statusPath = runner.folder.dataPath + "/postmaster.pid"
        try await BlockingThread.run { () throws(LocalServerError) in try FileSystem.remove(statusPath) }
        try await runner.launch(command, readyWithin: readyWithin) { processID in
            PostgresCluster.isReady(statusPath: statusPath, processID: processID)
        }
        do throws(LocalServerError) {
            try await createDatabase()
        } catch {
            await runner.kill()
            throw error
        }
    }

    /// Connects, which proves that the server answers, creates the database if it is missing, and sets the password.
    private func createDatabase() async throws(LocalServerError) {
        var environment = Self.environment
        environment["PORTOLAN_DATABASE"] = database
        environment["PORTOLAN_PASSWORD"] = password
        var script = #"""
            \set ON_ERROR_STOP on
            \getenv database PORTOLAN_DATABASE
            select format('create database %I', :'database')
            where not exists (select from pg_database where datname = :'database') \gexec

            """#
        if password != nil {
            // Not logged, whatever the settings say, and not an argument others could read.
            script += #"""
                set log_statement = 'none'; set log_min_duration_statement = -1; set log_min_error_statement = 'panic';
                \getenv password PORTOLAN_PASSWORD
                alter role portolan password :'password';

                """#
        }
        let path = runner.folder.path + "/prepare.sql"
        let text = script
        try await BlockingThread.run { () throws(LocalServerError) in
            try FileSystem.write(text, to: path, mode: 0o600)
        }
        let psql = Command(
            programs.path("psql"), ["-X", "-q", "-f", path, url(database: "postgres")], environment: environment,
            folder: "/")
        _ = try await psql.runSuccessfully(within: readyWithin)
    }
}
