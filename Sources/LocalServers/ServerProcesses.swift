import FoundationEssentials
import Glibc

/// All processes of the server that runs in one data folder, whoever started it.
///
/// PostgreSQL's processes leave their parent's session, and orphans of a killed run have no parent to find them by; but
/// every one of them stays in the data folder. `/proc` is memory, so nothing here blocks.
struct ServerProcesses: Sendable {
    /// The program's name as the kernel knows it.
    let program: String
    let dataPath: String

    /// Their process ids.
    func processIDs() -> [Int32] {
        var folder = stat()
        guard stat(dataPath, &folder) == 0 else { return [] }
        return FileSystem.names(in: "/proc").compactMap(Int32.init).filter { processID in
            var current = stat()
            return name(of: processID) == program && stat("/proc/\(processID)/cwd", &current) == 0
                && current.st_ino == folder.st_ino && current.st_dev == folder.st_dev
        }
    }

    /// Sends a signal until a look at them finds none that has not got it, the oldest first: a parent that cannot fork
    /// any more has no new children.
    func signalAll(_ number: Int32) {
        var reached: Set<Int32> = []
        while true {
            let new = Set(processIDs()).subtracting(reached)
            if new.isEmpty { return }
            for processID in new.sorted() { kill(processID, number) }
            reached.formUnion(new)
        }
    }

    /// Stops all of them and waits until the kernel has: a stop signal takes effect when the process next runs.
    func stopAll() async {
        signalAll(SIGSTOP)
        let deadline = ContinuousClock.now + .seconds(10)
        while !processIDs().allSatisfy(isStopped), ContinuousClock.now < deadline {
            guard (try? await Task.sleep(for: .milliseconds(1))) != nil else { return }
            signalAll(SIGSTOP)
        }
    }

    /// Waits until there are none; false when `limit` passed or the task was cancelled before that.
    func waitUntilGone(within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while !processIDs().isEmpty {
            guard ContinuousClock.now < deadline, (try? await Task.sleep(for: .milliseconds(10))) != nil else {
                return false
            }
        }
        return true
    }

    /// Ends what a run that was killed has left behind, politely first.
    ///
    /// **Errors**: `folderInUse` when a process cannot be ended, for instance because it is another user's;
    /// `cancelled`.
    func endLeftovers(politeSignal: Int32) async throws(LocalServerError) {
        guard !processIDs().isEmpty else { return }
        signalAll(SIGCONT)
        if let oldest = processIDs().min() { kill(oldest, politeSignal) }
        if await waitUntilGone(within: .seconds(10)) { return }
        signalAll(SIGKILL)
        guard await waitUntilGone(within: .seconds(10)) else {
            if Task.isCancelled { throw LocalServerError(.cancelled, "\(program) was cancelled while starting.") }
            let left = processIDs().map(String.init).joined(separator: ", ")
            throw LocalServerError(
                .folderInUse, "\(program) of an earlier run still runs in \(dataPath) (process \(left)). End it first.")
        }
    }

    /// The state follows the program's name, the only field in parentheses.
    private func isStopped(_ processID: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return true }
        return text[end...].dropFirst(2).first == "T"
    }

    private func name(of processID: Int32) -> String {
        let text = (try? String(contentsOfFile: "/proc/\(processID)/comm", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").first.map(String.init) ?? ""
    }
}
