import Glibc

/// A new, empty folder that is removed with all it contains.
package final class TemporaryFolder: Sendable {
    /// Absolute; others may pass it but not list it, so that a server running as another user can live inside.
    package let path: String

    /// Creates a folder below `parent`.
    ///
    /// **Errors**: `folderNotUsable` when that is not possible.
    package init(in parent: String = "/tmp", prefix: String = "portolan-") throws(LocalServerError) {
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileSystem.failure("create a folder in", parent) }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        guard chmod(path, 0o711) == 0 else { throw FileSystem.failure("open up", path) }
    }

    /// The last resort when nobody called `remove()`.
    deinit {
        let path = path
        try? BlockingThread.start { try? FileSystem.remove(path) }
    }

    /// Removes the folder and waits until that is done.
    package func remove() async throws(LocalServerError) {
        let path = path
        try await BlockingThread.run { () throws(LocalServerError) in try FileSystem.remove(path) }
    }

    /// Runs `body` with a new folder and removes the folder afterwards, also when `body` throws.
    package static func with<Value>(
        in parent: String = "/tmp", _ body: (TemporaryFolder) async throws -> Value
    ) async throws -> Value {
        let folder = try TemporaryFolder(in: parent)
        let value: Value
        do {
            value = try await body(folder)
        } catch {
            try? await folder.remove()
            throw error
        }
        try await folder.remove()
        return value
    }
}
