import FoundationEssentials
import Glibc
import Logging

/// Where one private server keeps its things, and the user it runs as.
///
/// **Shape**: `lock`, `log` and the configuration belong to this process's user; `data` and the socket folder to the
/// server's user, with nobody else admitted. That is also what guards the socket, which asks for no password.
struct ServerFolder: Sendable {
    /// The longest path a Unix socket can have, in bytes.
    static let socketPathBytesMax = 107

    /// Absolute, without symbolic links.
    let path: String
    /// The folder of the socket: `run` inside, or a short path below `/tmp` when that would be too long.
    let socketFolder: String
    /// The user the server runs as when this process is root; nil otherwise.
    let user: ServerUser?

    var dataPath: String { path + "/data" }
    var logPath: String { path + "/log" }

    /// Decides on the folder and creates it.
    ///
    /// As root the server runs as the owner of the data that is already there, else as the first of `userNames` that
    /// exists. When that user cannot pass a parent of `requested`, a folder below `/var/tmp` with a name derived from
    /// it is taken instead, and a notice is logged.
    static func prepare(
        _ requested: String, server: String, socketName: String, userNames: [String], logger: Logger
    ) async throws(LocalServerError) -> ServerFolder {
        let wanted = FileSystem.absolute(requested)
        let (user, existing) = try await BlockingThread.run { () throws(LocalServerError) in
            (try serverUser(dataPath: wanted + "/data", names: userNames), FileSystem.nearestExisting(wanted))
        }
        var chosen = wanted
        if let user, try await !canPass(existing, user) {
            chosen = "/var/tmp/portolan-\(server)-\(hash(wanted))"
            logger.notice(
                "folder is out of the server user's reach, using another",
                metadata: ["folder": "\(wanted)", "user": "\(user.name)", "instead": "\(chosen)"])
        }
        let isFallback = chosen != wanted
        return try await BlockingThread.run { [chosen] () throws(LocalServerError) in
            try FileSystem.createFolders(chosen)
            if isFallback { try refuseForeign(chosen) }
            let path = try FileSystem.resolved(chosen)
            let inside = path + "/run"
            let isShort = (inside + "/" + socketName).utf8.count <= socketPathBytesMax
            let socketFolder = isShort ? inside : "/tmp/portolan-\(server)-\(geteuid())-\(hash(path))"
            return ServerFolder(path: path, socketFolder: socketFolder, user: user)
        }
    }

    /// Makes an empty socket folder. Call it with the lock held and no server running.
    func resetSocketFolder() throws(LocalServerError) {
        try FileSystem.createPrivateFolder(socketFolder, for: user)
        for name in FileSystem.names(in: socketFolder) { try FileSystem.remove(socketFolder + "/" + name) }
    }

    /// Removes a socket folder that is not inside the server's folder.
    func removeSocketFolderOutside() {
        guard !socketFolder.hasPrefix(path + "/") else { return }
        try? FileSystem.remove(socketFolder)
    }

    private static func serverUser(dataPath: String, names: [String]) throws(LocalServerError) -> ServerUser? {
        guard geteuid() == 0 else { return nil }
        if let information = FileSystem.status(dataPath), information.st_uid != 0 {
            return ServerUser.numbered(information.st_uid)
                ?? ServerUser(
                    name: String(information.st_uid), userID: information.st_uid, groupID: information.st_gid)
        }
        guard let user = ServerUser.named(names) else {
            throw LocalServerError(
                .folderNotUsable,
                "Servers refuse to run as root and this machine has no user "
                    + names.joined(separator: " or ") + ". Run as an ordinary user instead.")
        }
        return user
    }

    /// Asks the system itself, since mode bits alone say nothing about groups, access lists and mount options.
    private static func canPass(_ folder: String, _ user: ServerUser) async throws(LocalServerError) -> Bool {
        let script = #"if test -x "$0"; then echo yes; else echo no; fi"#
        let test = Command("/bin/sh", ["-c", script, folder], environment: [:], folder: "/", user: user)
        return try await test.runSuccessfully(within: .seconds(30)).output == ["yes"]
    }

    /// Anybody may create folders below `/var/tmp`, also under the name we would choose.
    private static func refuseForeign(_ folder: String) throws(LocalServerError) {
        guard let information = FileSystem.status(folder), FileSystem.isFolder(information),
            information.st_uid == geteuid(), information.st_mode & 0o022 == 0
        else {
            throw LocalServerError(.folderNotUsable, "\(folder) belongs to somebody else. Remove it and try again.")
        }
    }

    /// A short name for a path, the same in every run (64-bit FNV-1a).
    private static func hash(_ path: String) -> String {
        let value = path.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(value, radix: 36)
    }
}
