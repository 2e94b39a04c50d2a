import FoundationEssentials
import Glibc
import LocalServers
import Testing

@Suite("A child process", .timeLimit(.minutes(1)))
struct ChildProcessTests {
    @Test(
        "tells how it ended",
        arguments: [
            ("exit 0", ChildProcess.ExitStatus.exited(0)), ("exit 7", .exited(7)), ("kill -TERM $$", .signalled(15)),
        ])
    func exitStatus(script: String, expected: ChildProcess.ExitStatus) async throws {
        let child = try await ChildProcess.start(Command("/bin/sh", ["-c", script]))
        #expect(await child.waitForExit() == expected)
        #expect(await child.waitForExit(within: .zero) == expected)
        #expect(child.exitStatus == expected)
        #expect(!child.kill())
    }

    @Test("gets its arguments and environment unchanged and its output comes apart into lines")
    func argumentsAndOutput() async throws {
        let script = #"printf '%s\n' "$@" "$WORD" >&1; echo "no line break" | tr -d '\n' >&2"#
        let odd = ["", "a b", "$HOME", "it's", "--", "über"]
        let result = try await Command("/bin/sh", ["-c", script, "sh"] + odd, environment: ["WORD": "x=y z"])
            .run(within: .seconds(30))
        #expect(result.status == .exited(0))
        #expect(result.output == odd + ["x=y z"])
        #expect(result.errors == ["no line break"])
    }

    @Test("sends both streams to one place when no place for errors is named")
    func mergedStreams() async throws {
        let child = try await ChildProcess.start(
            Command("/bin/sh", ["-c", "echo a; echo b >&2; echo c"], output: .lines))
        var lines: [String] = []
        for await line in child.outputLines { lines.append(line) }
        #expect(lines == ["a", "b", "c"])
    }

    @Test("appends to a file, in the folder it is given")
    func fileOutput() async throws {
        try await TemporaryFolder.with { folder in
            let log = folder.path + "/log"
            for _ in 1...2 {
                let child = try await ChildProcess.start(Command("/bin/pwd", folder: folder.path, output: .file(log)))
                #expect(await child.waitForExit() == .exited(0))
            }
            #expect(try String(contentsOfFile: log, encoding: .utf8) == "\(folder.path)\n\(folder.path)\n")
        }
    }

    @Test("inherits no descriptor, no blocked signal, and is in a session of its own")
    func startsClean() async throws {
        let leaked = open("/dev/null", O_RDONLY)
        defer { close(leaked) }
        let script = """
            ls /proc/self/fd
            cut -d ' ' -f 6 /proc/$$/stat
            echo $$
            exec grep -E '^Sig(Blk|Ign)' /proc/self/status
            """
        let result = try await Command("/bin/sh", ["-c", script]).run(within: .seconds(30))
        // The fourth is the folder `ls` itself is reading.
        #expect(result.output.prefix(4) == ["0", "1", "2", "3"])
        let session = result.output.dropFirst(4).prefix(2)
        #expect(session.first == session.last)
        let masks = result.output.dropFirst(6).compactMap { UInt64($0.suffix(16), radix: 16) }
        // Without signals 32 and 33, which are the C library's own.
        #expect(masks.map { $0 & ~0x1_8000_0000 } == [0, 0])
    }

    @Test("that runs too long is killed")
    func runsTooLong() async throws {
        let error = await #expect(throws: LocalServerError.self) {
            _ = try await Command("/bin/sleep", ["1000"]).run(within: .milliseconds(1))
        }
        #expect(error?.code == .commandFailed)
    }

    @Test("that does not exist is an error naming it")
    func missingProgram() async throws {
        let error = await #expect(throws: LocalServerError.self) {
            _ = try await ChildProcess.start(Command("/no/such/program"))
        }
        #expect(error?.code == .missingProgram)
        #expect(error?.message.contains("/no/such/program") == true)
    }

    @Test("lets a cancelled waiter go and keeps running")
    func cancelledWaiter() async throws {
        let child = try await ChildProcess.start(Command("/bin/sleep", ["1000"]))
        let waiter = Task { await child.waitForExit(within: .seconds(1000)) }
        waiter.cancel()
        #expect(await waiter.value == nil)
        #expect(child.exitStatus == nil)
        #expect(child.kill())
        #expect(await child.waitForExit() == .signalled(9))
    }

    @Test("many at once all end with their own status")
    func many() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let child = try await ChildProcess.start(Command("/bin/sh", ["-c", "exit \(number)"]))
                    return await child.waitForExit() == .exited(Int32(number))
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test("dies when its parent is killed")
    func diesWithParent() async throws {
        try await TemporaryFolder.with { folder in
            let pipe = folder.path + "/pipe"
            mkfifo(pipe, 0o600)
            // The child holds the pipe's only writing end: reading ends when it is gone, and only then.
            let reader = try await ChildProcess.start(Command("/bin/cat", [pipe], output: .lines))
            let result = await #expect(processExitsWith: .signal(SIGKILL)) { [pipe = pipe as String] in
                let script = #"exec > "$0"; echo started; exec sleep 1000"#
                let child = try await ChildProcess.start(Command("/bin/sh", ["-c", script, pipe]))
                // Not before it has opened the pipe.
                let output = "/proc/\(child.processID)/fd/1"
                while child.exitStatus == nil {
                    if (try? FileManager.default.destinationOfSymbolicLink(atPath: output)) == pipe { break }
                    await Task.yield()
                }
                kill(getpid(), SIGKILL)
            }
            #expect(result != nil)
            var lines: [String] = []
            for await line in reader.outputLines { lines.append(line) }
            #expect(lines == ["started"])
        }
    }

    @Test("servers die when their parent is killed, and the next run takes over", arguments: [false, true])
    func serversDieWithParent(isPaused: Bool) async throws {
        try await TemporaryFolder.with { folder in
            let path = folder.path
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, isPaused = isPaused as Bool] in
                let postgres = try await LocalPostgres.start(in: path + "/postgres", durability: .fast)
                let redis = try await LocalRedis.start(in: path + "/redis")
                if isPaused {
                    await postgres.pause()
                    await redis.pause()
                }
                kill(getpid(), SIGKILL)
            }
            let postgres = try await LocalPostgres.start(in: path + "/postgres", durability: .fast)
            let redis = try await LocalRedis.start(in: path + "/redis")
            try await postgres.expectAnswer()
            try await redis.expectAnswer()
            #expect(processes(in: path + "/redis/data").count == 1)
            await postgres.stop()
            await redis.stop()
            let log = try String(contentsOfFile: postgres.logPath, encoding: .utf8)
            #expect(log.contains("received immediate shutdown request") || log.contains("was not properly shut down"))
        }
    }
}

@Suite("A temporary folder")
struct TemporaryFolderTests {
    @Test("is removed with its contents, also when the body throws")
    func removesItself() async throws {
        struct Failure: Error {}
        var path = ""
        await #expect(throws: Failure.self) {
            try await TemporaryFolder.with { folder in
                path = folder.path
                mkdir(path + "/inside", 0o700)
                throw Failure()
            }
        }
        #expect(path.hasPrefix("/tmp/portolan-"))
        #expect(owner(path) == nil)
    }
}
