import Testing

@testable import LocalServers

@Suite("The right to use a folder", .timeLimit(.minutes(1)))
struct FolderLockTests {
    @Test("can be taken again as soon as it was given back, whatever programs are being started meanwhile")
    func givenBackWhileProgramsStart() async throws {
        try await TemporaryFolder.with { folder in
            let path = folder.path
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        while !Task.isCancelled {
                            _ = await (try ChildProcess.start(Command("/bin/true"))).waitForExit()
                        }
                    }
                }
                for _ in 0..<20_000 { _ = try FolderLock(folder: path, server: "nothing") }
                group.cancelAll()
            }
        }
    }
}
