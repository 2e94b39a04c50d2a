import Glibc

/// Why a private server or a child process could not be started or used.
///
/// `message` is a sentence for the person at the terminal and says what to do about it; it never contains a password.
package struct LocalServerError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. Open to growth; compare with `==`.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// A program is not installed; the message names the Debian package that brings it.
        package static let missingProgram = Code(description: "missing_program")
        /// Another process runs a server in this folder.
        package static let folderInUse = Code(description: "folder_in_use")
        /// The folder cannot be created, belongs to somebody else, or holds something unexpected.
        package static let folderNotUsable = Code(description: "folder_not_usable")
        /// A setting's name or value cannot be written to a configuration file.
        package static let invalidSetting = Code(description: "invalid_setting")
        /// The operating system refused to start a process or a thread.
        package static let spawnFailed = Code(description: "spawn_failed")
        /// A helper program such as `initdb` failed or took too long.
        package static let commandFailed = Code(description: "command_failed")
        /// The server ended before it was ready; `log` has its last lines.
        package static let exitedEarly = Code(description: "exited_early")
        /// The server was not ready in time; `log` has its last lines.
        package static let notReady = Code(description: "not_ready")
        /// The calling task was cancelled while the server was starting; the server has been stopped again.
        package static let cancelled = Code(description: "cancelled")
    }

    /// The kind of failure.
    package let code: Code
    /// What happened and what to do, in one or two sentences.
    package let message: String
    /// The last lines the server or helper program wrote, oldest first; empty when there are none.
    package let log: [String]

    package init(_ code: Code, _ message: String, log: [String] = []) {
        self.code = code
        self.message = message
        self.log = log
    }

    package var description: String {
        ([message] + log.map { "  | \($0)" }).joined(separator: "\n")
    }
}

extension LocalServerError {
    /// The text of an `errno` value.
    static func text(ofErrno number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }
}
