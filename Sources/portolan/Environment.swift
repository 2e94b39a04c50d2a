internal import Foundation

/// The process's surroundings.
enum Environment {
    /// The variable's value; nil when it is not set or empty.
    static func value(_ name: String) -> String? {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { return nil }
        return value
    }

    static var hostName: String { ProcessInfo.processInfo.hostName }

    /// The file this program was started from, for starting it again in another role.
    static var executablePath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    static var isOutputATerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Lines of the terminal; a common height where it does not say.
    static var terminalHeight: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
        return Int(size.ws_row)
    }

    /// Writes at once, whatever standard output is connected to.
    static func print(_ text: String, terminator: String = "\n") {
        FileHandle.standardOutput.write(Data((text + terminator).utf8))
    }

    /// A line on standard error.
    static func printError(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
