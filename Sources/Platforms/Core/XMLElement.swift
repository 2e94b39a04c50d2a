/// An element of an XML text, read leniently: what is needed to find codes and messages in an error, no more.
///
/// Entities and CDATA are understood, attributes and namespaces are left out, declarations and comments are skipped.
/// What is broken ends the reading; what was read until then can be used. Size, depth and count are bounded, since
/// anybody's server writes it.
struct XMLElement: Sendable {
    /// Without its namespace's prefix.
    let name: String
    /// The text directly inside, trimmed.
    private(set) var text = ""
    private(set) var children: [XMLElement] = []

    static let bytesMax = 64 * 1024
    private static let depthMax = 32

    /// The root element; nil where there is none.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = Reader(bytes: Array(bytes.prefix(Self.bytesMax)))
        guard let root = reader.nextElement(depth: 0) else { return nil }
        self = root
    }

    private init(name: String) { self.name = name }

    /// The texts of all elements at a path of names; the first is the root's. A `*` is passed over: elements of a name
    /// are many anyway.
    func texts(at path: [String]) -> [String] {
        let names = path.filter { $0 != "*" }
        guard names.first == name else { return [] }
        return names.dropFirst().reduce([self]) { found, name in
            found.flatMap { $0.children.filter { $0.name == name } }
        }
        .map(\.text)
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        /// The next element with all that is in it.
        mutating func nextElement(depth: Int) -> XMLElement? {
            guard depth < XMLElement.depthMax else { return nil }
            while let open = find("<", from: index) {
                index = open + 1
                if skipMarkup() { continue }
                guard let close = find(">", from: index) else { return nil }
                let tag = bytes[index..<close]
                index = close + 1
                guard let first = tag.first, first != UInt8(ascii: "/") else { return nil }
                var element = XMLElement(name: Self.localName(tag))
                if tag.last == UInt8(ascii: "/") { return element }
                fill(&element, depth: depth)
                return element
            }
            return nil
        }

        /// Text and children up to the closing tag.
        private mutating func fill(_ element: inout XMLElement, depth: Int) {
            var text: [UInt8] = []
            while index < bytes.count {
                guard bytes[index] == UInt8(ascii: "<") else {
                    text.append(bytes[index])
                    index += 1
                    continue
                }
                if starts(with: "</") {
                    index = find(">", from: index).map { $0 + 1 } ?? bytes.count
                    break
                }
                if starts(with: "<![CDATA[") {
                    let end = find("]]>", from: index + 9) ?? bytes.count
                    text += bytes[min(index + 9, end)..<end]
                    index = min(end + 3, bytes.count)
                    continue
                }
                if starts(with: "<!") || starts(with: "<?") {
                    index += 1
                    _ = skipMarkup()
                    continue
                }
                guard let child = nextElement(depth: depth + 1) else {
                    index = bytes.count
                    break
                }
                element.children.append(child)
            }
            let words = String(decoding: text, as: UTF8.self).split { $0.isWhitespace }
            element.text = words.joined(separator: " ")
        }

        /// Passes over a declaration, a comment or an instruction; the index stands behind its `<`.
        private mutating func skipMarkup() -> Bool {
            let end: String
            if starts(with: "!--") {
                end = "-->"
            } else if starts(with: "?") {
                end = "?>"
            } else if starts(with: "!") {
                end = ">"
            } else {
                return false
            }
            index = find(end, from: index).map { $0 + end.utf8.count } ?? bytes.count
            return true
        }

        private func starts(with text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

        private func find(_ text: String, from start: Int) -> Int? {
            let wanted = Array(text.utf8)
            guard let first = wanted.first, bytes.count >= wanted.count else { return nil }
            var at = start
            while at <= bytes.count - wanted.count {
                if bytes[at] == first, bytes[at..<(at + wanted.count)].elementsEqual(wanted) { return at }
                at += 1
            }
            return nil
        }

        private static func localName(_ tag: ArraySlice<UInt8>) -> String {
            let name = tag.prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
            let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
            return String(decoding: local, as: UTF8.self)
        }
    }
}
