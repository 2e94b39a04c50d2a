import FoundationEssentials

/// A program to run: what, with which arguments, as whom, and where its output goes.
///
/// The program's standard input is always empty.
package struct Command: Sendable {
    /// Where a standard stream goes.
    package enum Output: Sendable, Hashable {
        /// Thrown away.
        case discard
        /// To the same stream of this process.
        case inherit
        /// Appended to this file, which is created when it is missing.
        case file(String)
        /// To `ChildProcess.outputLines` or `errorLines`.
        case lines
    }

    /// What the kernel sends the program the moment this process ends, however it ends.
    package enum ParentDeathSignal: String, Sendable {
        case kill = "KILL"
        case quit = "QUIT"
        case terminate = "TERM"
    }

    /// Absolute path of the program.
    package var executable: String
    /// Its arguments, without the program's name.
    package var arguments: [String]
    /// Its whole environment; nil passes on this process's environment.
    package var environment: [String: String]?
    /// Its working folder; nil is this process's working folder.
    package var folder: String?
    /// The user it runs as; nil is this process's user. Only root may name one.
    package var user: ServerUser?
    /// Where its standard output goes.
    package var output: Output
    /// Where its standard error goes; nil sends it wherever the output goes, in one stream.
    package var errors: Output?
    /// What it gets when this process ends.
    package var parentDeathSignal: ParentDeathSignal

    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil, folder: String? = nil,
        user: ServerUser? = nil, output: Output = .discard, errors: Output? = nil,
        parentDeathSignal: ParentDeathSignal = .kill
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
        self.user = user
        self.output = output
        self.errors = errors
        self.parentDeathSignal = parentDeathSignal
    }

    /// The program's file name, for messages.
    package var name: String {
        String(executable.split(separator: "/").last ?? "")
    }
}

extension Command {
    /// What a program that ran to its end left behind.
    package struct Result: Sendable {
        /// How it ended.
        package let status: ChildProcess.ExitStatus
        /// The lines of its standard output.
        package let output: [String]
        /// The lines of its standard error.
        package let errors: [String]
    }

    /// Runs the program to its end and collects both its streams, whatever `output` and `errors` say.
    ///
    /// **Errors**: `spawnFailed`, `missingProgram`; `commandFailed` when it took longer than `limit` and `cancelled`
    /// when the task was cancelled, in both cases after killing it. A non-zero exit code is not an error.
    package func run(within limit: Duration) async throws(LocalServerError) -> Result {
        var command = self
        command.output = .lines
        command.errors = .lines
        let child = try await ChildProcess.start(command)
        async let output = child.outputLines.collected()
        async let errors = child.errorLines.collected()
        let status = await child.waitForExit(within: limit)
        guard let status else {
            child.kill()
            _ = await (output, errors, child.waitForExit())
            throw Task.isCancelled
                ? LocalServerError(.cancelled, "\(name) was cancelled.")
                : LocalServerError(.commandFailed, "\(name) took longer than \(limit).")
        }
        let result = await Result(status: status, output: output, errors: errors)
        // Cancelled readers end early: this output may not be all.
        if Task.isCancelled { throw LocalServerError(.cancelled, "\(name) was cancelled.") }
        return result
    }

    /// As `run(within:)`, but a program that fails is an error that carries its last lines.
    package func runSuccessfully(within limit: Duration) async throws(LocalServerError) -> Result {
        let result = try await run(within: limit)
        guard result.status.isSuccess else {
            throw LocalServerError(
                .commandFailed, "\(name) failed with \(result.status).",
                log: Array((result.output + result.errors).suffix(LogFile.linesShownMax)))
        }
        return result
    }
}

extension AsyncStream<String> {
    /// All lines, once the stream has ended.
    fileprivate func collected() async -> [String] {
        var lines: [String] = []
        for await line in self { lines.append(line) }
        return lines
    }
}
