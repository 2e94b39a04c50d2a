/// Header fields in the order they are sent or were received; looked up without regard to case.
///
/// **Shape**: a list of name and value; a name may occur more than once.
package struct HTTPHeaders: Sendable, Hashable {
    /// One header field.
    package struct Field: Sendable, Hashable {
        /// The name, in the case it was written or received in.
        package var name: String
        /// The value, without surrounding white space when it was received.
        package var value: String

        /// Makes a field without judging it; a request is judged when it is executed.
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// All fields, in order.
    package private(set) var fields: [Field]

    /// Makes headers from pairs of name and value.
    package init(_ pairs: [(name: String, value: String)] = []) {
        fields = pairs.map { Field(name: $0.name, value: $0.value) }
    }

    /// The number of fields.
    package var count: Int { fields.count }

    /// The first value of a field, whatever the case of its name; setting replaces all fields of that name, and
    /// setting nil removes them.
    package subscript(name: String) -> String? {
        get { fields.first { $0.name.equalsIgnoringCase(name) }?.value }
        set {
            fields.removeAll { $0.name.equalsIgnoringCase(name) }
            if let newValue { append(name: name, value: newValue) }
        }
    }

    /// Every value of a field, in order.
    package func values(_ name: String) -> [String] {
        fields.filter { $0.name.equalsIgnoringCase(name) }.map(\.value)
    }

    /// Adds a field at the end.
    package mutating func append(name: String, value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Continues the last field's value with a folded line, as old servers still write them.
    mutating func continueLast(with text: String) {
        guard let last = fields.indices.last else { return }
        fields[last].value += fields[last].value.isEmpty ? text : " " + text
    }
}

extension HTTPHeaders: ExpressibleByArrayLiteral {
    /// Makes headers from a literal such as `[("Accept", "application/json")]`.
    package init(arrayLiteral elements: (name: String, value: String)...) {
        self.init(elements)
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    /// Makes headers from a literal such as `["Accept": "application/json"]`; names may repeat, order is kept.
    package init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { (name: $0.0, value: $0.1) })
    }
}

extension HTTPHeaders: Sequence {
    /// Iterates over the fields in order.
    package func makeIterator() -> IndexingIterator<[Field]> { fields.makeIterator() }
}

extension String {
    /// Compares as header names, schemes and hosts are compared: ASCII letters without case, all else exactly.
    func equalsIgnoringCase(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        return zip(utf8, other.utf8).allSatisfy { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension UInt8 {
    /// The lower-case letter of an upper-case ASCII letter; any other byte as it is.
    var asciiLowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
