import Glibc
import Synchronization

/// A running program that cannot outlive this process.
///
/// The kernel sends it `Command.parentDeathSignal` when this process ends, also when that is by SIGKILL. It runs in a
/// session of its own, so that Ctrl-C in a terminal reaches it only if this process passes it on. Nobody has to call
/// `waitForExit()`: the program's status is always collected.
///
/// **Thread-safety**: Linux ties the parent-death signal to the *thread* that forked, so each child has a thread that
/// starts it, waits for its end and only then ends. That thread leaves the ended child a zombie until it holds `state`,
/// which `kill(_:)` holds as well: a signal never reaches a stranger who was given the same process id.
package final class ChildProcess: Sendable {
    private struct State {
        var status: ExitStatus?
        var waiters: [Int: CheckedContinuation<ExitStatus?, Never>] = [:]
        var nextWaiter = 0
    }

    /// The program's process id; after its end it may belong to another process.
    package let processID: Int32
    /// Its standard output when `Command.output` is `.lines` (with its standard error when `Command.errors` is nil);
    /// otherwise ended from the start. One reader only.
    package let outputLines: AsyncStream<String>
    /// Its standard error when `Command.errors` is `.lines`; otherwise ended from the start. One reader only.
    package let errorLines: AsyncStream<String>

    private let state = Mutex(State())

    init(processID: Int32, outputLines: AsyncStream<String>, errorLines: AsyncStream<String>) {
        self.processID = processID
        self.outputLines = outputLines
        self.errorLines = errorLines
    }

    /// Starts `command`.
    ///
    /// **Errors**: `missingProgram` when the executable is not there, `spawnFailed` when the system refuses. A program
    /// that cannot be executed for another reason exits with code 126 or 127, as in a shell.
    package static func start(_ command: Command) async throws(LocalServerError) -> ChildProcess {
        let result: Result<ChildProcess, LocalServerError> = await withCheckedContinuation { continuation in
            do throws(LocalServerError) {
                try BlockingThread.start {
                    do throws(LocalServerError) {
                        let child = try spawn(command)
                        continuation.resume(returning: .success(child))
                        child.collectStatus()
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// How the program ended; nil while it runs.
    package var exitStatus: ExitStatus? {
        state.withLock { $0.status }
    }

    /// Sends a signal; false when the program has ended.
    @discardableResult
    package func kill(_ signal: Int32 = SIGKILL) -> Bool {
        state.withLock { $0.status == nil && Glibc.kill(processID, signal) == 0 }
    }

    /// Waits until the program has ended, also when the task is cancelled.
    package func waitForExit() async -> ExitStatus {
        let status: ExitStatus? = await withCheckedContinuation { continuation in
            _ = register(continuation)
        }
        // Only a waiter that can be cancelled is ever given nil.
        return status ?? .unknown
    }

    /// Waits until the program has ended; nil when `limit` passed or the task was cancelled before that.
    package func waitForExit(within limit: Duration) async -> ExitStatus? {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waitForExitOrCancellation() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        return exitStatus
    }

    private func waitForExitOrCancellation() async {
        let waiter = Mutex<Int?>(nil)
        await withTaskCancellationHandler {
            _ = await withCheckedContinuation { continuation in
                waiter.withLock { $0 = register(continuation) }
                if Task.isCancelled { abandon(waiter.withLock { $0 }) }
            }
        } onCancel: {
            abandon(waiter.withLock { $0 })
        }
    }

    /// Resumes the continuation at the program's end; returns its number, nil when it was resumed at once.
    private func register(_ continuation: CheckedContinuation<ExitStatus?, Never>) -> Int? {
        let (number, status) = state.withLock { state -> (Int?, ExitStatus?) in
            if let status = state.status { return (nil, status) }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = continuation
            return (state.nextWaiter, nil)
        }
        if let status { continuation.resume(returning: status) }
        return number
    }

    private func abandon(_ waiter: Int?) {
        guard let waiter else { return }
        state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume(returning: nil)
    }

    /// Waits for the program's end and tells everybody. Called once, on the thread that forked.
    private func collectStatus() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        let (status, waiters) = state.withLock { state in
            var word: Int32 = 0
            let status = waitpid(processID, &word, 0) == processID ? ExitStatus(waitStatus: word) : .unknown
            state.status = status
            defer { state.waiters = [:] }
            return (status, state.waiters)
        }
        for waiter in waiters.values { waiter.resume(returning: status) }
    }
}
