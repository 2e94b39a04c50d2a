import FoundationEssentials

/// A JSON object that is being written: members in their order, each of which can be replaced.
struct RecurlySandboxMembers {
    private var members: [(name: String, value: String)] = []

    /// JSON as it is.
    subscript(name: String) -> String? {
        get { members.first { $0.name == name }?.value }
        set {
            let value = newValue ?? "null"
            if let index = members.firstIndex(where: { $0.name == name }) {
                members[index].value = value
            } else {
                members.append((name, value))
            }
        }
    }

    mutating func put(_ name: String, text: String?) { self[name] = text.map { "\"\($0)\"" } }
    mutating func put(_ name: String, _ time: Date?) { put(name, text: time.map(PlatformTime.format)) }
    mutating func put(_ name: String, _ number: Int?) { self[name] = number.map { "\($0)" } }
    mutating func put(_ name: String, _ isSo: Bool) { self[name] = isSo ? "true" : "false" }
    mutating func put(_ name: String, cents: Int?) { self[name] = cents.map(Self.money) }
    mutating func put(_ name: String, _ object: RecurlySandboxMembers?) { self[name] = object?.json }
    mutating func put(_ name: String, _ objects: [RecurlySandboxMembers]) {
        self[name] = "[" + objects.map(\.json).joined(separator: ",") + "]"
    }

    var json: String { "{" + members.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}" }

    /// A decimal number with as few digits as it takes, but for one behind the point: `49.0`, `-12.35`.
    static func money(_ cents: Int) -> String {
        let (whole, rest) = abs(cents).quotientAndRemainder(dividingBy: 100)
        let digits = rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)"
        return (cents < 0 ? "-" : "") + "\(whole).\(digits)"
    }
}
