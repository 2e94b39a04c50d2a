/// The statements prepared in one session, by their text and parameter types.
///
/// Names carry a random part of their own for each session: behind a pooler another client's statement of the same
/// number may live in the server session that is lent to us, and must never be run in place of ours.
struct StatementCache {
    private struct Key: Hashable {
        let text: String
        let types: [UInt32]
    }

    /// Statements beyond this many are sent unnamed: a program's statements are few, generated ones are endless.
    static let countMax = 512

    private var names: [Key: String] = [:]
    private let prefix = "portolan_" + String(UInt64.random(in: .min ... .max), radix: 36) + "_"
    private var counter = 0
    /// False once the session has forgotten a statement: somebody, or a pooler, gets in between.
    private(set) var isTrusted = true

    var isFull: Bool { names.count >= Self.countMax }

    func name(of text: String, _ parameters: EncodedParameters) -> String? {
        names[Key(text: text, types: parameters.types)]
    }

    /// A fresh name; `insert` it once the server has accepted the statement under it.
    mutating func makeName() -> String {
        counter += 1
        return prefix + String(counter)
    }

    mutating func insert(_ name: String, for text: String, _ parameters: EncodedParameters) {
        names[Key(text: text, types: parameters.types)] = name
    }

    mutating func remove(_ text: String, _ parameters: EncodedParameters) {
        names[Key(text: text, types: parameters.types)] = nil
    }

    mutating func distrust() {
        isTrusted = false
        names.removeAll()
    }
}
