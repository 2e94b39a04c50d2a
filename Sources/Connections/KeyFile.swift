internal import Crypto
internal import Glibc
internal import Synchronization

/// A file that holds a key ring. It is read again at every use, so that a key that was added to it counts from the
/// next use on, without a restart.
///
/// A few kilobytes from the page cache at each opening of credentials: some microseconds. When the file cannot be
/// used (it is gone, half written, or somebody opened it to the world), the ring of before stays, and ``problem``
/// says why.
final class KeyFile: Sendable {
    let path: String
    private let state: Mutex<State>

    private struct State {
        var ring: KeyRing
        var hash: [UInt8]
        var problem: String?
    }

    static let bytesMax = 64 << 10

    /// - Throws: ``VaultError`` that says what is wrong with the file.
    init(path: String) throws(VaultError) {
        self.path = path
        let bytes = try Self.read(path)
        state = Mutex(State(ring: try Self.ring(bytes, path), hash: Self.hash(bytes)))
    }

    /// The ring the file holds now, or held when it was last in order.
    func ring() -> KeyRing {
        state.withLock { state in
            do throws(VaultError) {
                let bytes = try Self.read(path)
                let hash = Self.hash(bytes)
                if hash != state.hash {
                    state.ring = try Self.ring(bytes, path)
                    state.hash = hash
                }
                state.problem = nil
            } catch {
                state.problem = error.description
            }
            return state.ring
        }
    }

    /// Why the file could not be used the last time; nil when it could.
    var problem: String? { state.withLock { $0.problem } }

    private static func ring(_ bytes: [UInt8], _ path: String) throws(VaultError) -> KeyRing {
        try KeyRing(parsing: Secret(String(decoding: bytes, as: UTF8.self)), from: path)
    }

    private static func hash(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

    /// The file's bytes, after a look at whom it belongs to and who may read it: both of the same open file.
    private static func read(_ path: String) throws(VaultError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw VaultError("\(path), the file of keys, cannot be read: \(reason(errno))") }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else {
            throw VaultError("\(path), the file of keys, cannot be looked at: \(reason(errno))")
        }
        guard info.st_mode & S_IFMT == S_IFREG else { throw VaultError("\(path), the file of keys, is no file") }
        let isInMemory = info.st_uid == 0 && geteuid() == 0 && isInMemory(info.st_dev)
        let access = Access(mode: info.st_mode & 0o777, owner: info.st_uid, isInMemory: isInMemory)
        if let problem = access.problem(for: geteuid()) { throw VaultError("\(path), the file of keys, \(problem)") }
        guard info.st_size <= bytesMax else { throw VaultError("\(path) is too large for a file of keys") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= bytesMax {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw VaultError("\(path), the file of keys, cannot be read: \(reason(errno))") }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// Whether the device is a tmpfs or ramfs: where containers are given their secrets. No when it cannot be told.
    private static func isInMemory(_ device: dev_t) -> Bool {
        guard let mounts = fopen("/proc/self/mountinfo", "re") else { return false }
        defer { fclose(mounts) }
        let (major, minor) = ((device >> 8) & 0xFFF, (device & 0xFF) | ((device >> 12) & 0xFFF00))
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, mounts) > 0, let line {
            // 36 35 0:42 / /run/secrets rw - tmpfs tmpfs rw
            let words = String(cString: line).split(separator: " ")
            guard words.count > 2, words[2] == "\(major):\(minor)", let dash = words.firstIndex(of: "-"),
                dash + 1 < words.count
            else { continue }
            return words[dash + 1] == "tmpfs" || words[dash + 1] == "ramfs"
        }
        return false
    }
}

extension KeyFile {
    /// Who may do what with the file.
    struct Access {
        var mode: mode_t
        var owner: uid_t
        /// It lies on a file system that is gone with the container.
        var isInMemory: Bool

        /// Why a process of that user must not trust the file; nil when it may.
        ///
        /// Containers are given secrets as files of root that everybody in the container may read (Docker's
        /// `/run/secrets`, Kubernetes' default mode): a process that is not root cannot have them otherwise, and for
        /// one that is they lie in memory. Those are taken. A file of one's own has no such reason.
        func problem(for user: uid_t) -> String? {
            guard owner == user || owner == 0 else {
                return "belongs to another user (\(owner)); it must belong to the user that runs this, or to root"
            }
            guard mode & 0o022 == 0 else { return "can be written by others; use: chmod 600" }
            guard mode & 0o044 != 0 else { return nil }
            if owner == 0, user != 0 || isInMemory { return nil }
            return "can be read by others; use: chmod 600"
        }
    }
}
