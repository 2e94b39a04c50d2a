import FoundationEssentials
import Glibc
import LocalServers
import Logging
import Testing

@Suite("A private PostgreSQL", .timeLimit(.minutes(3)))
struct LocalPostgresTests {
    @Test("starts, answers through its URL, and stops")
    func startsAndStops() async throws {
        try await withPostgres { postgres in
            #expect(try await postgres.value("select current_user") == "portolan")
            #expect(try await postgres.value("select current_database()") == "portolan")
            #expect(try await postgres.value("show server_encoding") == "UTF8")
            #expect(try await postgres.value("select datcollate from pg_database limit 1") == "C.UTF-8")
            #expect(try await postgres.value("show jit") == "off")
            #expect(try await postgres.value("show fsync") == "off")
            #expect(try await postgres.value("show listen_addresses") == "")
            #expect(postgres.tcpURL == nil)
            #expect(try await postgres.value("show server_version") == postgres.programs.version)
            let processID = try #require(await postgres.processID)
            await postgres.stop()
            #expect(await postgres.processID == nil)
            #expect(kill(processID, 0) != 0)
        }
    }

    @Test("runs as an unprivileged user in a data folder of that user's when we are root", .enabled(if: geteuid() == 0))
    func dropsPrivileges() async throws {
        try await withPostgres { postgres in
            let expected = userID("postgres") ?? userID("nobody")
            let processID = try #require(await postgres.processID)
            let ids = try status(of: processID, "Uid")
            #expect(ids == Array(repeating: expected.map(String.init), count: 4))
            #expect(try status(of: processID, "Groups").count <= 1)
            #expect(owner(postgres.folder + "/data") == expected)
            #expect(owner(postgres.folder) == 0)
        }
    }

    @Test("takes settings as they are written, with quotes, backslashes and line breaks")
    func takesSettings() async throws {
        let odd = "it's a \\ back\\nslash\nand 'more'"
        try await withPostgres(settings: ["work_mem": "7MB", "jit": "on", "portolan.odd": odd]) { postgres in
            #expect(try await postgres.value("show work_mem") == "7MB")
            #expect(try await postgres.value("show jit") == "on")
            let hex = try await postgres.value(
                "select encode(convert_to(current_setting('portolan.odd'), 'UTF8'), 'hex')")
            #expect(hex == odd.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        }
    }

    @Test("refuses a setting that would smuggle in another line")
    func refusesSettingName() async throws {
        let error = await #expect(throws: LocalServerError.self) {
            try await withPostgres(settings: ["jit = on\nport": "1"]) { _ in }
        }
        #expect(error?.code == .invalidSetting)
    }

    @Test("keeps its data and its URL over a restart", arguments: [LocalPostgres.StopMode.fast, .immediate])
    func restartKeepsData(mode: LocalPostgres.StopMode) async throws {
        try await withPostgres { postgres in
            let url = postgres.url
            _ = try await postgres.value("create table kept as select 42 as number")
            let before = await postgres.processID
            try await postgres.restart(mode)
            #expect(await postgres.processID != before)
            #expect(postgres.url == url)
            #expect(try await postgres.value("select number from kept") == "42")
        }
    }

    @Test("recovers in place after a kill, and every one of its processes is gone in between")
    func recoversAfterKill() async throws {
        try await withPostgres { postgres in
            _ = try await postgres.value("create table kept as select 42 as number")
            await postgres.kill()
            #expect(await postgres.processID == nil)
            #expect(processes(in: postgres.folder + "/data").isEmpty)
            try await postgres.restart()
            #expect(try await postgres.value("select number from kept") == "42")
        }
    }

    @Test("is taken over from a run that was killed, and recovers")
    func takesOverFromKilledRun() async throws {
        try await TemporaryFolder.with { folder in
            let first = try await LocalPostgres.start(in: folder.path, durability: .fast)
            _ = try await first.value("create table kept as select 42 as number")
            await first.kill()
            await first.stop()
            let second = try await LocalPostgres.start(in: folder.path, durability: .fast)
            #expect(try await second.value("select number from kept") == "42")
            await second.stop()
        }
    }

    @Test("that an earlier run has left running is stopped first")
    func endsLeftovers() async throws {
        try await withPostgres { postgres in
            // The same server again, started behind our back as a leftover would be: not by this handle.
            let stray = try await postgres.startAsStray()
            let next = try await LocalPostgres.start(in: postgres.folder, durability: .fast)
            #expect(await stray.waitForExit() == .exited(0))
            try await next.expectAnswer()
            await next.stop()
        }
    }

    @Test("refuses a folder that is in use, and says by whom")
    func refusesFolderInUse() async throws {
        try await withPostgres { postgres in
            let error = await #expect(throws: LocalServerError.self) {
                _ = try await LocalPostgres.start(in: postgres.folder)
            }
            let message = try #require(error?.message)
            #expect(error?.code == .folderInUse)
            #expect(message.contains("Process \(getpid()) is already running postgres"))
            try await postgres.expectAnswer()
        }
    }

    @Test("that ends early is an error with the last lines of this start's log")
    func earlyExitShowsLog() async throws {
        try await TemporaryFolder.with { folder in
            for name in ["no_such_setting_a", "no_such_setting_b"] {
                let error = await #expect(throws: LocalServerError.self) {
                    _ = try await LocalPostgres.start(in: folder.path, settings: [name: "1"], durability: .fast)
                }
                #expect(error?.code == .exitedEarly)
                #expect(error?.description.contains("unrecognized configuration parameter \"\(name)\"") == true)
                #expect(error?.description.contains("no_such_setting_a") == (name == "no_such_setting_a"))
            }
        }
    }

    @Test("with a long folder has its socket under /tmp and removes it at the end")
    func longPath() async throws {
        try await TemporaryFolder.with { folder in
            let long = folder.path + "/" + String(repeating: "x", count: 100)
            let postgres = try await LocalPostgres.start(in: long, durability: .fast)
            #expect(postgres.folder == long)
            #expect(postgres.socketFolder.hasPrefix("/tmp/portolan-postgres-"))
            try await postgres.expectAnswer()
            await postgres.stop()
            #expect(owner(postgres.socketFolder) == nil)
        }
    }

    @Test("falls back to /var/tmp when its user cannot reach the folder", .enabled(if: geteuid() == 0))
    func unreachableFolder() async throws {
        try await TemporaryFolder.with { folder in
            chmod(folder.path, 0o700)
            let postgres = try await LocalPostgres.start(in: folder.path + "/a/b", durability: .fast)
            #expect(postgres.folder.hasPrefix("/var/tmp/portolan-postgres-"))
            try await postgres.expectAnswer()
            await postgres.stop()
            #expect(owner(folder.path + "/a") == nil)
            let again = try await LocalPostgres.start(in: folder.path + "/a/b", durability: .fast)
            #expect(again.folder == postgres.folder)
            await again.stop()
            try FileManager.default.removeItem(atPath: postgres.folder)
        }
    }

    @Test("listens on a loopback port on request, where it wants the password")
    func listensOnLoopback() async throws {
        try await withPostgres(listensOnLoopback: true) { postgres in
            let url = try #require(postgres.tcpURL)
            #expect(try await postgres.value("select inet_server_port()", url: url) == String(postgres.port))
            let password = try #require(postgres.password)
            let wrong = url.replacing(password, with: "wrong")
            let refused = try await postgres.psql("select 1", url: wrong)
            #expect(!refused.status.isSuccess)
            #expect(refused.errors.contains { $0.contains("password authentication failed") })
            try await postgres.restart()
            #expect(try await postgres.value("select 1", url: url) == "1")
            let log = try String(contentsOfFile: postgres.logPath, encoding: .utf8)
            #expect(!log.contains(password))
        }
    }

    @Test("creates a database with an odd name once")
    func oddDatabaseName() async throws {
        try await TemporaryFolder.with { folder in
            let name = "it's \"odd\" & 100 % über/all"
            for _ in 1...2 {
                let postgres = try await LocalPostgres.start(in: folder.path, database: name)
                #expect(try await postgres.value("select current_database()") == name)
                #expect(try await postgres.value("show fsync") == "on")
                await postgres.stop()
            }
        }
    }

    @Test("stands still while it is paused, and can be stopped then too")
    func pauses() async throws {
        try await withPostgres { postgres in
            await postgres.pause()
            let states = processes(in: postgres.folder + "/data").map { (try? status(of: $0, "State").first) ?? "" }
            #expect(states.count > 1)
            #expect(Set(states) == ["T"])
            await postgres.resume()
            try await postgres.expectAnswer()
            await postgres.pause()
        }
    }

    @Test("refuses data that is not its own")
    func refusesForeignData() async throws {
        try await TemporaryFolder.with { folder in
            mkdir(folder.path + "/data", 0o755)
            chown(folder.path + "/data", userID("postgres") ?? geteuid(), gid_t.max)
            let error = await #expect(throws: LocalServerError.self) {
                _ = try await LocalPostgres.start(in: folder.path)
            }
            #expect(error?.code == .folderNotUsable)
        }
    }

    @Test("names the package when the data needs a PostgreSQL that is not installed")
    func missingVersion() async throws {
        try await TemporaryFolder.with { folder in
            let data = folder.path + "/data"
            mkdir(data, 0o755)
            try "9.6\n".write(toFile: data + "/PG_VERSION", atomically: true, encoding: .utf8)
            chown(data, geteuid() == 0 ? userID("postgres") ?? 65534 : geteuid(), gid_t.max)
            let error = await #expect(throws: LocalServerError.self) {
                _ = try await LocalPostgres.start(in: folder.path)
            }
            #expect(error?.code == .missingProgram)
            #expect(error?.message.contains("apt-get install postgresql-9") == true)
        }
    }

    @Test("comes from PORTOLAN_POSTGRES_BIN and from nowhere else when that is set")
    func chosenPrograms() async throws {
        await #expect(processExitsWith: .success) {
            try await TemporaryFolder.with { folder in
                setenv("PORTOLAN_POSTGRES_BIN", folder.path, 1)
                let error = await #expect(throws: LocalServerError.self) {
                    _ = try await LocalPostgres.start(in: folder.path + "/server")
                }
                #expect(error?.code == .missingProgram)
                #expect(error?.message.contains("PORTOLAN_POSTGRES_BIN is \(folder.path)") == true)
            }
        }
    }

    @Test("starts anew after a run that was killed while making the data")
    func interruptedInitialisation() async throws {
        try await TemporaryFolder.with { folder in
            mkdir(folder.path + "/data.new", 0o700)
            mkdir(folder.path + "/data.new/base", 0o700)
            let postgres = try await LocalPostgres.start(in: folder.path, durability: .fast)
            try await postgres.expectAnswer()
            await postgres.stop()
        }
    }

    @Test("stops also when the stopping task is cancelled")
    func stopsWhenCancelled() async throws {
        try await withPostgres { postgres in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                await postgres.stop()
            }
            await task.value
            #expect(processes(in: postgres.folder + "/data").isEmpty)
            let log = try String(contentsOfFile: postgres.logPath, encoding: .utf8)
            #expect(log.contains("received fast shutdown request"))
            #expect(log.contains("database system is shut down"))
        }
    }

    @Test("leaves nothing behind when starting is cancelled")
    func cancelledStart() async throws {
        try await TemporaryFolder.with { folder in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await LocalPostgres.start(in: folder.path, durability: .fast)
            }
            let error = await #expect(throws: LocalServerError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled)
            let next = try await LocalPostgres.start(in: folder.path, durability: .fast)
            await next.stop()
        }
    }
}
