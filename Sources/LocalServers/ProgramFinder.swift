import FoundationEssentials
import Glibc

/// Finds installed programs.
enum ProgramFinder {
    /// Folders with programs that are not always on an ordinary user's `PATH`.
    private static let systemFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// The folders of `PATH`, then the system's own.
    static var searchFolders: [String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") } + systemFolders
    }

    /// The absolute path of a program.
    ///
    /// **Errors**: `missingProgram`, naming the Debian package that brings it.
    static func find(_ name: String, package: String) throws(LocalServerError) -> String {
        for folder in searchFolders {
            let path = folder + "/" + name
            if isExecutable(path) { return path }
        }
        throw LocalServerError(
            .missingProgram, "The program \(name) is not installed. On Debian: apt-get install \(package)")
    }

    static func isExecutable(_ path: String) -> Bool {
        access(path, X_OK) == 0
    }
}
