internal import Foundation
internal import Glibc
internal import HTTP
internal import Synchronization

/// Runs a program to its end with some input; returns its output, or throws if it failed.
func runProgram(_ name: String, _ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    let (stdin, stdout) = (Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = FileHandle.nullDevice
    try process.run()
    startThread {
        try? stdin.fileHandleForWriting.write(contentsOf: Data(input))
        try? stdin.fileHandleForWriting.close()
    }
    let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ProgramFailed(name: name, status: process.terminationStatus) }
    return [UInt8](output)
}

/// A program that a test needs did not do its work.
struct ProgramFailed: Error {
    var name: String
    var status: Int32
}

/// Hands over a directory that is gone afterwards.
func withTemporaryDirectory<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("http-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try await body(directory)
}

/// A self-signed certificate for `localhost` and 127.0.0.1, with its key.
func makeCertificate(in directory: URL) throws -> (certificate: String, key: String) {
    let certificate = directory.appendingPathComponent("cert.pem").path
    let key = directory.appendingPathComponent("key.pem").path
    _ = try runProgram(
        "openssl",
        [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
            "-out", certificate,
        ])
    return (certificate, key)
}

/// Runs a server program on a free loopback port until the body ends; the body begins once the port answers.
func withServerProgram<Value>(
    _ path: String, _ arguments: (UInt16) -> [String], in directory: URL, _ body: (UInt16) async throws -> Value
) async throws -> Value {
    // A port that was free a moment ago: programs that take none of our sockets leave no better way.
    let probe = ScriptedServer { _ in }
    let port = probe.port
    probe.close()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments(port)
    process.currentDirectoryURL = directory
    process.standardInput = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer {
        // Not SIGTERM: threads of Swift's executor have it blocked, and a child inherits that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
    let client = try HTTPClient()
    var isUp = false
    while !isUp, process.isRunning {
        // Any answer, even a broken one, shows that somebody listens.
        let error = await failure { _ = try await client.execute(HTTPRequest(url: "http://127.0.0.1:\(port)/")) }
        isUp = error?.code != .connect
    }
    await client.shutdown()
    guard isUp else { throw ProgramFailed(name: path, status: process.terminationStatus) }
    return try await body(port)
}
