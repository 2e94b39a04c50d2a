import Glibc

/// The exclusive right to run a server in a folder, held until this value is gone or this process ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock without waiting.
    ///
    /// **Errors**: `folderInUse`, naming the process that holds it; `folderNotUsable` when the file cannot be opened.
    init(folder: String, server: String) throws(LocalServerError) {
        let path = folder + "/lock"
        // Close-on-exec: a server that inherited the descriptor would hold the lock after our end.
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw LocalServerError(
                .folderNotUsable,
                "Cannot open \(path): \(LocalServerError.text(ofErrno: errno)). "
                    + "It may belong to a run by another user; remove the folder or run as that user.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            // The end of the value closes it, also of one that is refused here: not twice, since the number may be
            // somebody else's by then.
            let holder = Self.holder(descriptor)
            throw LocalServerError(
                .folderInUse,
                "Process \(holder) is already running \(server) in \(folder). "
                    + "Stop it first, or use another folder.")
        }
        let text = "\(getpid())\n"
        ftruncate(descriptor, 0)
        pwrite(descriptor, text, text.utf8.count, 0)
    }

    /// Unlocks before it closes: a program that is just being started by another thread has a copy of the descriptor
    /// until it executes, and the lock would live on in it.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = max(0, pread(descriptor, &bytes, bytes.count, 0))
        let digits = bytes[..<count].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.isEmpty ? "(unknown)" : String(decoding: digits, as: UTF8.self)
    }
}
