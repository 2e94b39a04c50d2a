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
    static var mayColour: Bool { isOutputATerminal && value("NO_COLOR") == nil && value("TERM") != "dumb" }

    /// Writes at once, whatever standard output is connected to.
    static func print(_ text: String, terminator: String = "\n") {
        FileHandle.standardOutput.write(Data((text + terminator).utf8))
    }
}
