import FoundationEssentials
import Glibc

extension ChildProcess {
    /// Runs under `sh -c` after the parent-death signal was set: goes on to the program only while the parent is still
    /// the one that forked, since a parent that died before the signal was set would never be noticed.
    private static let startUnlessOrphaned =
        #"[ "$PPID" = "$0" ] && { [ -z "$1" ] || cd -- "$1"; } && shift && exec "$@""#
    /// `POSIX_SPAWN_SETSID`, which Swift's view of `<spawn.h>` lacks.
    private static let newSession: Int32 = 0x80

    /// Forks and executes `command` from the calling thread, which has to live as long as the program.
    ///
    /// `setpriv` sets the parent-death signal and drops privileges in one step and in the right order (the kernel
    /// clears the signal when the user changes); it and the shell replace themselves, so the process id is the
    /// program's.
    static func spawn(_ command: Command) throws(LocalServerError) -> ChildProcess {
        guard access(command.executable, X_OK) == 0 else {
            throw LocalServerError(.missingProgram, "There is no program \(command.executable).")
        }
        let arguments = try wrapped(command)
        var streams = Streams()
        defer { streams.close() }
        let output = try streams.open(command.output, inherited: STDOUT_FILENO)
        let errors = try command.errors.map { errors throws(LocalServerError) in
            try streams.open(errors, inherited: STDERR_FILENO)
        }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writer, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors?.writer ?? STDOUT_FILENO, STDERR_FILENO)
        // Descriptors without close-on-exec that somebody else in this process has opened, or that we have inherited.
        // A few more than there are: other threads open some meanwhile. Closing what is not open is no error.
        let highest = FileSystem.names(in: "/proc/self/fd").compactMap(Int32.init).max() ?? STDERR_FILENO
        for descriptor in (STDERR_FILENO + 1)...(highest + 64) {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = newSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let environment = command.environment ?? ProcessInfo.processInfo.environment
        var processID: pid_t = 0
        let code = withCStrings(arguments) { arguments in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&processID, arguments[0]!, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else {
            throw LocalServerError(
                .spawnFailed, "Cannot start \(command.name): \(LocalServerError.text(ofErrno: code)).")
        }
        do throws(LocalServerError) {
            return ChildProcess(
                processID: processID, outputLines: try streams.lines(of: output),
                errorLines: try streams.lines(of: errors))
        } catch {
            // No thread for reading: nobody will ever own this child.
            Glibc.kill(processID, SIGKILL)
            waitpid(processID, nil, 0)
            throw error
        }
    }

    private static func wrapped(_ command: Command) throws(LocalServerError) -> [String] {
        let setpriv = try ProgramFinder.find("setpriv", package: "util-linux")
        var arguments = [setpriv, "--pdeathsig", command.parentDeathSignal.rawValue]
        if let user = command.user {
            arguments += ["--reuid", String(user.userID), "--regid", String(user.groupID), "--clear-groups"]
        }
        arguments += ["--", "/bin/sh", "-c", startUnlessOrphaned, String(getpid()), command.folder ?? ""]
        return arguments + [command.executable] + command.arguments
    }

    private static func withCStrings<Value>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}

/// The descriptors opened for one child; whatever is not handed to a reader is closed at the end.
private struct Streams {
    struct Stream {
        /// What the child writes to.
        let writer: Int32
        /// The other end when it is a pipe.
        let reader: Int32?
    }

    private var opened: [Int32] = []

    mutating func open(_ output: Command.Output, inherited: Int32) throws(LocalServerError) -> Stream {
        switch output {
        case .inherit:
            return Stream(writer: inherited, reader: nil)
        case .discard:
            return Stream(writer: try open(path: "/dev/null", O_WRONLY), reader: nil)
        case .file(let path):
            let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
            return Stream(writer: try open(path: path, flags), reader: nil)
        case .lines:
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else {
                throw LocalServerError(.spawnFailed, "Cannot open a pipe: \(LocalServerError.text(ofErrno: errno)).")
            }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            opened += ends
            return Stream(writer: ends[1], reader: ends[0])
        }
    }

    private mutating func open(path: String, _ flags: Int32) throws(LocalServerError) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw LocalServerError(.spawnFailed, "Cannot open \(path): \(LocalServerError.text(ofErrno: errno)).")
        }
        opened.append(descriptor)
        return descriptor
    }

    /// The lines of a pipe; an ended stream for anything else.
    mutating func lines(of stream: Stream?) throws(LocalServerError) -> AsyncStream<String> {
        guard let reader = stream?.reader else { return AsyncStream { $0.finish() } }
        let lines = try LineReader.start(reader)
        opened.removeAll { $0 == reader }
        return lines
    }

    mutating func close() {
        for descriptor in opened { Glibc.close(descriptor) }
        opened = []
    }
}
