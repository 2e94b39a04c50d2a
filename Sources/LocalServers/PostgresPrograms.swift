import FoundationEssentials

/// An installed PostgreSQL.
package struct PostgresPrograms: Sendable {
    /// The folder with `postgres`, `initdb`, `psql` and the rest.
    package let folder: String
    /// As `postgres --version` says it: `15.14 (Debian 15.14-0+deb12u1)`.
    package let version: String

    /// The number before the first dot.
    var major: Int? { Int(version.prefix { $0.isNumber }) }

    /// The absolute path of one of its programs.
    package func path(_ program: String) -> String { folder + "/" + program }

    /// Finds an installation: `PORTOLAN_POSTGRES_BIN` and nothing else when it is set; otherwise `PATH`, then Debian's
    /// folders, the newest first. Data of an earlier run decides the major version.
    ///
    /// **Errors**: `missingProgram`, naming the Debian package.
    static func find(dataMajor: Int?) async throws(LocalServerError) -> PostgresPrograms {
        let chosen = ProcessInfo.processInfo.environment["PORTOLAN_POSTGRES_BIN"]
        for folder in chosen.map({ [$0] }) ?? candidates() where isInstallation(folder) {
            let programs = PostgresPrograms(folder: folder, version: try await version(in: folder))
            if dataMajor == nil || dataMajor == programs.major { return programs }
        }
        if let chosen, !isInstallation(chosen) {
            throw LocalServerError(
                .missingProgram,
                "PORTOLAN_POSTGRES_BIN is \(chosen), which lacks one of the programs postgres, initdb "
                    + "and psql.")
        }
        if let dataMajor {
            throw LocalServerError(
                .missingProgram,
                "The data of an earlier run needs PostgreSQL \(dataMajor). "
                    + "On Debian: apt-get install postgresql-\(dataMajor); or remove the data to start anew.")
        }
        throw LocalServerError(
            .missingProgram,
            "PostgreSQL is not installed. On Debian: apt-get install postgresql-15 redis-server; "
                + "elsewhere set PORTOLAN_POSTGRES_BIN to the folder of postgres, initdb and psql.")
    }

    private static func candidates() -> [String] {
        let root = "/usr/lib/postgresql"
        let versions = FileSystem.names(in: root).compactMap { Int($0) }.sorted(by: >)
        return ProgramFinder.searchFolders + versions.map { "\(root)/\($0)/bin" }
    }

    private static func isInstallation(_ folder: String) -> Bool {
        ["postgres", "initdb", "psql"].allSatisfy { ProgramFinder.isExecutable(folder + "/" + $0) }
    }

    private static func version(in folder: String) async throws(LocalServerError) -> String {
        let result = try await Command(folder + "/postgres", ["--version"]).runSuccessfully(within: .seconds(30))
        let prefix = "postgres (PostgreSQL) "
        guard let line = result.output.first, line.hasPrefix(prefix) else {
            throw LocalServerError(.commandFailed, "\(folder)/postgres did not tell its version.", log: result.output)
        }
        return String(line.dropFirst(prefix.count))
    }
}
