import FoundationEssentials
import Glibc
import Logging

/// The data a PostgreSQL server works on.
struct PostgresCluster: Sendable {
    let folder: ServerFolder

    /// Finds the programs that fit the data; makes the data when there is none.
    ///
    /// The data gets its name only when `initdb` is through: a run killed in the middle leaves nothing that looks
    /// whole.
    func prepare(
        durability: LocalPostgres.Durability, logger: Logger
    ) async throws(LocalServerError) -> PostgresPrograms {
        let folder = folder
        let dataMajor = try await BlockingThread.run { () throws(LocalServerError) in try Self.dataMajor(folder) }
        let programs = try await PostgresPrograms.find(dataMajor: dataMajor)
        guard dataMajor == nil else { return programs }

        logger.info("creating a database cluster", metadata: ["folder": "\(folder.path)"])
        let new = folder.dataPath + ".new"
        try await BlockingThread.run { () throws(LocalServerError) in
            try FileSystem.remove(new)
            try FileSystem.createPrivateFolder(new, for: folder.user)
        }
        // Who may connect is decided by a file of ours; this is for somebody who starts a server on the data by hand.
        var arguments = [
            "--pgdata", new, "--username", LocalPostgres.userName, "--encoding", "UTF8", "--locale", "C.UTF-8",
            "--auth-local", "trust", "--auth-host", "reject", "--no-instructions",
        ]
        if durability == .fast { arguments.append("--no-sync") }
        let initdb = Command(
            programs.path("initdb"), arguments, environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"],
            folder: "/", user: folder.user)
        _ = try await initdb.runSuccessfully(within: .seconds(120))
        try await BlockingThread.run { () throws(LocalServerError) in
            guard rename(new, folder.dataPath) == 0 else { throw FileSystem.failure("rename", new) }
        }
        return programs
    }

    /// Whether the postmaster says of itself that it takes connections: its status file's first line is its process id,
    /// the eighth its state. This is also how `pg_ctl` waits.
    static func isReady(statusPath: String, processID: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: statusPath, encoding: .utf8) else { return false }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count >= 8 && lines[0] == String(processID) && lines[7].hasPrefix("ready")
    }

    /// The major version of the data; nil when there is none.
    private static func dataMajor(_ folder: ServerFolder) throws(LocalServerError) -> Int? {
        guard let information = FileSystem.status(folder.dataPath) else { return nil }
        guard information.st_uid == folder.user?.userID ?? geteuid() else {
            throw LocalServerError(
                .folderNotUsable,
                "\(folder.dataPath) belongs to another user, for instance from a run as root. "
                    + "Remove \(folder.path) or run as that user.")
        }
        guard let text = try? String(contentsOfFile: folder.dataPath + "/PG_VERSION", encoding: .utf8),
            let major = Int(text.prefix { $0.isNumber })
        else {
            throw LocalServerError(
                .folderNotUsable,
                "\(folder.dataPath) is not the data of a PostgreSQL server. "
                    + "Use another folder, or remove it if it is not needed.")
        }
        return major
    }
}
