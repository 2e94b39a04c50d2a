import Glibc
import Logging

/// Starts, watches and ends one server's processes; what the servers have in common.
///
/// Calls are meant to come one after the other: a `stop` in the middle of a `launch` ends what runs at that moment.
actor ServerRunner {
    nonisolated let folder: ServerFolder
    nonisolated let processes: ServerProcesses
    private let logger: Logger
    private let program: String
    private let politeSignal: Int32
    private var lock: FolderLock?
    private var child: ChildProcess?

    init(folder: ServerFolder, program: String, politeSignal: Int32, logger: Logger) {
        self.folder = folder
        self.program = program
        self.politeSignal = politeSignal
        self.logger = logger
        processes = ServerProcesses(program: program, dataPath: folder.dataPath)
    }

    deinit {
        child?.kill(politeSignal)
    }

    /// The main process's id; nil when it does not run.
    var processID: Int32? {
        child.flatMap { $0.exitStatus == nil ? $0.processID : nil }
    }

    /// Runs `body` with the folder claimed; gives the folder free when that fails, and keeps it otherwise.
    nonisolated func withFolderClaimed<Value>(
        _ body: () async throws(LocalServerError) -> Value
    ) async throws(LocalServerError) -> Value {
        do throws(LocalServerError) {
            try await claimFolder()
            return try await body()
        } catch {
            await releaseFolder()
            throw error
        }
    }

    /// Takes the folder's lock, unless it is held already, and ends what an earlier run has left there.
    func claimFolder() async throws(LocalServerError) {
        guard lock == nil else { return }
        let path = folder.path
        let program = program
        lock = try await BlockingThread.run { () throws(LocalServerError) in
            try FolderLock(folder: path, server: program)
        }
        try await processes.endLeftovers(politeSignal: politeSignal)
    }

    func releaseFolder() {
        lock = nil
    }

    /// Starts the server and waits until `isReady` says so.
    ///
    /// **Errors**: `exitedEarly` and `notReady` carry the log's last lines; after any error nothing is left running.
    func launch(
        _ command: Command, readyWithin limit: Duration,
        isReady: @Sendable (Int32) async throws(LocalServerError) -> Bool
    ) async throws(LocalServerError) {
        let folder = folder
        let logStart = LogFile.size(folder.logPath)
        var command = command
        command.output = .file(folder.logPath)
        command.user = folder.user
        command.folder = "/"
        try await BlockingThread.run { () throws(LocalServerError) in try folder.resetSocketFolder() }
        let child = try await ChildProcess.start(command)
        self.child = child
        do throws(LocalServerError) {
            let deadline = ContinuousClock.now + limit
            while try await !isReady(child.processID) {
                if let status = child.exitStatus {
                    throw LocalServerError(
                        .exitedEarly, "\(program) ended with \(status) before it was ready. Its log: \(folder.logPath)",
                        log: LogFile.tail(folder.logPath, after: logStart))
                }
                guard ContinuousClock.now < deadline else {
                    throw LocalServerError(
                        .notReady, "\(program) was not ready within \(limit). Its log: \(folder.logPath)",
                        log: LogFile.tail(folder.logPath, after: logStart))
                }
                guard (try? await Task.sleep(for: .milliseconds(10))) != nil else {
                    throw LocalServerError(.cancelled, "\(program) was cancelled while starting.")
                }
            }
        } catch {
            await kill()
            throw error
        }
        logger.info(
            "server started",
            metadata: ["program": "\(program)", "pid": "\(child.processID)", "folder": "\(folder.path)"])
    }

    /// Ends the server: `signal`, after `patience` SIGQUIT or worse. Not hindered by cancellation.
    func stop(_ signal: Int32, patience: Duration) async {
        let processes = processes
        if let child, child.exitStatus == nil {
            processes.signalAll(SIGCONT)
            child.kill(signal)
            // Must finish also for a cancelled caller, whose waits would end at once.
            await Task {
                if await child.waitForExit(within: patience) == nil, child.kill(SIGQUIT) {
                    _ = await child.waitForExit(within: .seconds(10))
                }
            }.value
        }
        await kill()
    }

    /// Ends the server and all its processes with SIGKILL and waits until they are gone.
    func kill() async {
        child?.kill(SIGKILL)
        processes.signalAll(SIGKILL)
        _ = await child?.waitForExit()
        let processes = processes
        await Task { _ = await processes.waitUntilGone(within: .seconds(10)) }.value
        child = nil
    }

    /// Stops all its processes where they are (SIGSTOP).
    func pause() async {
        guard processID != nil else { return }
        await processes.stopAll()
    }

    /// Lets them go on.
    func resume() {
        processes.signalAll(SIGCONT)
    }
}
