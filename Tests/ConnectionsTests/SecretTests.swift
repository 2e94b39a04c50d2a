import Foundation
import Logging
import Synchronization
import Testing

@testable import Connections

@Suite("A secret")
struct SecretTests {
    private struct Holder { let secret: Secret }
    private final class Keeper { let secrets = [Secret("hunter2-in-a-class")] }
    private enum Choice { case key(Secret) }

    @Test("shows itself in no way of printing, wherever it stands")
    func printing() {
        let secret = Secret("hunter2")
        let values: [Any] = [
            secret, ["k": secret], [secret], Holder(secret: secret), Optional(secret) as Any, Choice.key(secret),
            (secret, 1), Keeper(), secret as any Sendable, { secret.reveal() },
        ]
        for value in values {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(describing: value), String(reflecting: value), dumped] {
                #expect(!text.contains("hunter2"), "\(text)")
            }
        }
        #expect(secret.description == "•••" && secret.debugDescription == "•••")
        #expect(secret.reveal() == "hunter2")
    }

    @Test("has no parts that a mirror could show, at any depth")
    func mirrors() {
        func texts(_ value: Any, depth: Int = 0) -> [String] {
            let mirror = Mirror(reflecting: value)
            return ["\(value)"] + (depth > 6 ? [] : mirror.children.flatMap { texts($0.value, depth: depth + 1) })
        }
        for value in [Secret("hunter2"), Holder(secret: Secret("hunter2")), Keeper()] as [Any] {
            #expect(texts(value).allSatisfy { !$0.contains("hunter2") })
        }
        #expect(Mirror(reflecting: Secret("hunter2")).children.isEmpty)
    }

    @Test("cannot be encoded, compared or hashed by what takes any value that can")
    func conformances() {
        let secret: Any = Secret("hunter2")
        #expect(!(secret is any Encodable) && !(secret is any Decodable))
        #expect(!(secret is any Equatable) && !(secret is any Hashable))
        #expect(!(secret is any LosslessStringConvertible) && !(secret is any TextOutputStreamable))
        #expect(!JSONSerialization.isValidJSONObject(["k": secret]))
    }

    @Test("stays out of log lines and their metadata")
    func logging() {
        let lines = Lines()
        var logger = Logger(label: "test") { _ in lines }
        logger.logLevel = .trace
        let secret = Secret("hunter2")
        logger[metadataKey: "at-rest"] = .stringConvertible(secret)
        logger.info("with \(Optional(Holder(secret: secret)) as Any)", metadata: ["k": .stringConvertible(secret)])
        #expect(lines.text.contains("•••") && !lines.text.contains("hunter2"), "\(lines.text)")
    }

    @Test("matches the same text and no other")
    func matching() {
        let secret = Secret("hunter2")
        #expect(secret.matches(Secret("hunter2")) && Secret("").matches(Secret("")))
        for other in ["", "hunter", "hunter3", "Hunter2", "hunter22", "2retnuh", "hunter2\u{0}"] {
            #expect(!secret.matches(Secret(other)) && !Secret(other).matches(secret), "\(other)")
        }
    }

    private final class Lines: LogHandler, Sendable {
        private let kept = Mutex<[String]>([])
        private let fields = Mutex<Logger.Metadata>([:])
        var text: String { kept.withLock { $0.joined(separator: "\n") } }
        var metadata: Logger.Metadata {
            get { fields.withLock { $0 } }
            set { fields.withLock { $0 = newValue } }
        }
        var logLevel: Logger.Level {
            get { .trace }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { fields.withLock { $0[key] } }
            set { fields.withLock { $0[key] = newValue } }
        }
        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            kept.withLock { $0.append("\(event.message) \(all)") }
        }
    }
}
