import FoundationEssentials
import Glibc

/// The few file operations a server's folder needs. All may block; call them from a `BlockingThread`.
enum FileSystem {
    /// An absolute path, relative to the working folder when `path` is not absolute.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// The path without symbolic links; the path has to exist.
    static func resolved(_ path: String) throws(LocalServerError) -> String {
        guard let real = realpath(path, nil) else { throw failure("resolve", path) }
        defer { free(real) }
        return String(cString: real)
    }

    /// The nearest of `path` and its parents that exists.
    static func nearestExisting(_ path: String) -> String {
        var path = path
        while !exists(path), let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            path = String(path[..<slash])
        }
        return exists(path) ? path : "/"
    }

    /// Whether something is there; a dangling symbolic link counts.
    static func exists(_ path: String) -> Bool {
        status(path) != nil
    }

    /// What is at `path`, not following a symbolic link there.
    static func status(_ path: String) -> stat? {
        var information = stat()
        return lstat(path, &information) == 0 ? information : nil
    }

    static func isFolder(_ information: stat) -> Bool {
        information.st_mode & S_IFMT == S_IFDIR
    }

    /// Creates a folder and its missing parents, open for everybody to pass whatever the process's umask is, since the
    /// server may run as another user. Existing folders stay as they are.
    static func createFolders(_ path: String) throws(LocalServerError) {
        var parents = ""
        for part in path.split(separator: "/") {
            parents += "/" + part
            if mkdir(parents, 0o755) == 0 {
                guard chmod(parents, 0o755) == 0 else { throw failure("open up", parents) }
            } else if errno != EEXIST {
                throw failure("create", parents)
            }
        }
    }

    /// Creates a folder only `user` (nil: this process's user) can enter, or takes over an existing one.
    ///
    /// **Errors**: `folderNotUsable` when something else is there, or a folder of a third user.
    static func createPrivateFolder(_ path: String, for user: ServerUser?) throws(LocalServerError) {
        if mkdir(path, 0o700) != 0 {
            guard errno == EEXIST else { throw failure("create", path) }
            guard let information = status(path), isFolder(information),
                [geteuid(), user?.userID].contains(information.st_uid)
            else {
                throw LocalServerError(
                    .folderNotUsable, "\(path) is not a folder of this user. Remove it and try again.")
            }
        }
        guard chmod(path, 0o700) == 0 else { throw failure("protect", path) }
        if let user, lchown(path, user.userID, user.groupID) != 0 { throw failure("hand over", path) }
    }

    /// Removes a file, or a folder with all it contains. Nothing there is fine.
    static func remove(_ path: String) throws(LocalServerError) {
        guard exists(path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw LocalServerError(.folderNotUsable, "Cannot remove \(path): \(error).")
        }
    }

    /// The names in a folder; none when it cannot be read.
    static func names(in path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    /// Replaces a file in one step, so that a link somebody put in its place is replaced and not followed.
    static func write(
        _ text: String, to path: String, mode: mode_t, group: UInt32? = nil
    ) throws(LocalServerError) {
        let new = path + ".new"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("create", new) }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("write", new) }
            rest = rest.dropFirst(count)
        }
        if let group, fchown(descriptor, geteuid(), group) != 0 { throw failure("hand over", new) }
        guard fchmod(descriptor, mode) == 0 else { throw failure("protect", new) }
        guard rename(new, path) == 0 else { throw failure("replace", path) }
    }

    static func failure(_ verb: String, _ path: String) -> LocalServerError {
        LocalServerError(.folderNotUsable, "Cannot \(verb) \(path): \(LocalServerError.text(ofErrno: errno)).")
    }
}
