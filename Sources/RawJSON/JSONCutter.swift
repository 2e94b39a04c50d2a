internal import CSimdJSON

/// Takes members out of a JSON text by their paths and leaves every other byte as it was.
///
/// A path is made of member names with dots between: `last_error.secret`. `*` stands for any element of an array:
/// `charges.data.*.secret`. `**` stands for any depth, none included: `**.secret`. Names are compared after their
/// escapes are read, and of members with one name each is taken out.
///
/// A text that cannot hold such a member is not looked into any further: two searches for bytes, and nothing is copied.
///
/// **Thread**: a value; safe to share.
package struct JSONCutter: Sendable {
    /// What became of a text.
    package enum Outcome: Sendable, Equatable {
        /// It holds no such member; use it as it is.
        case untouched
        /// The text without them.
        case cut([UInt8])
        /// It is not JSON and may hold such a member: nothing of it should be kept.
        case unreadable
    }

    enum Step: Equatable, Sendable {
        case name([UInt8])
        case element
        case anyDepth
        /// Behind the last step of a path.
        case end
    }

    /// The paths' steps one after another; a place in a path is an index into them.
    let steps: [Step]
    /// Where each path begins.
    let starts: [Int]
    /// For each path the names it is made of, in quotes: a text without one of them cannot match.
    private let names: [[[UInt8]]]
    /// What a name that is written with escapes has in it.
    private let escapeMark: [UInt8]

    /// - Parameter paths: our own declarations, never data; traps where one is no path that ends in a name.
    package init(_ paths: [String]) {
        var steps: [Step] = []
        var starts: [Int] = []
        var names: [[[UInt8]]] = []
        for path in paths {
            starts.append(steps.count)
            let words = path.split(separator: ".", omittingEmptySubsequences: false)
            let own = words.map { word -> Step in
                switch word {
                case "*": .element
                case "**": .anyDepth
                default: .name(Array(word.utf8))
                }
            }
            guard case .name = own.last, !own.contains(.name([])) else {
                preconditionFailure("`\(path)` is no path to a member")
            }
            names.append(
                own.compactMap { step in
                    if case .name(let name) = step { [0x22] + name + [0x22] } else { nil }
                })
            steps += own + [.end]
        }
        self.steps = steps
        self.starts = starts
        self.names = names
        // A slash, a quote and a backslash have escapes of two characters; all else is `\u` and digits.
        let isShort = names.joined().contains {
            $0.dropFirst().dropLast().contains { $0 < 0x20 || [0x22, 0x2F, 0x5C].contains($0) }
        }
        escapeMark = Array((isShort ? "\\" : "\\u").utf8)
    }

    /// Takes the members out of a text.
    ///
    /// - Parameter mayBeCutShort: the text may be the beginning of a longer one; what ends in the middle is read as far
    ///   as it goes.
    package func cut(_ bytes: UnsafeRawBufferPointer, mayBeCutShort: Bool = false) -> Outcome {
        guard mayHold(bytes) else { return .untouched }
        var walk = JSONCutWalk(bytes, cutter: self, mayBeCutShort: mayBeCutShort)
        guard walk.run() else { return .unreadable }
        if walk.removed.isEmpty { return .untouched }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var copiedUpTo = 0
        for range in walk.removed {
            output.append(contentsOf: bytes[copiedUpTo..<range.lowerBound])
            copiedUpTo = range.upperBound
        }
        output.append(contentsOf: bytes[copiedUpTo...])
        return .cut(output)
    }

    /// Takes the members out of a text of one's own.
    package func cut(_ bytes: [UInt8], mayBeCutShort: Bool = false) -> Outcome {
        bytes.withUnsafeBytes { cut($0, mayBeCutShort: mayBeCutShort) }
    }

    /// Whether the names of some path occur, or an escape that may stand for a character of a name.
    private func mayHold(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if names.contains(where: { own in own.allSatisfy { Self.contains($0, bytes) } }) { return true }
        return !names.isEmpty && Self.contains(escapeMark, bytes)
    }

    private static func contains(_ needle: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress else { return false }
        return needle.withUnsafeBytes { needle in
            guard let wanted = needle.baseAddress else { return true }
            return portolan_json_contains(
                start.assumingMemoryBound(to: CChar.self), bytes.count, wanted.assumingMemoryBound(to: CChar.self),
                needle.count)
        }
    }

    // MARK: - Places in the paths

    /// The places at the beginning of every path.
    func enter(into places: inout [Int]) {
        for start in starts { add(start, to: &places, from: 0) }
    }

    /// The places one level further in, for a member of that name; true when the member itself is to go.
    func advance(_ range: Range<Int>, member name: UnsafeRawBufferPointer, in places: inout [Int]) -> Bool {
        var isToGo = false
        let new = places.count
        for position in range {
            let place = places[position]
            switch steps[place] {
            case .name(let own) where own.count == name.count && own.elementsEqual(name):
                if steps[place + 1] == .end { isToGo = true } else { add(place + 1, to: &places, from: new) }
            case .anyDepth: add(place, to: &places, from: new)
            case .name, .element, .end: break
            }
        }
        return isToGo
    }

    /// The places one level further in, for an element of an array.
    func advanceToElement(_ range: Range<Int>, in places: inout [Int]) {
        let new = places.count
        for position in range {
            let place = places[position]
            switch steps[place] {
            case .element: add(place + 1, to: &places, from: new)
            case .anyDepth: add(place, to: &places, from: new)
            case .name, .end: break
            }
        }
    }

    /// Each place once. `**` stands for no level as well, so whatever is behind it holds at once.
    private func add(_ place: Int, to places: inout [Int], from new: Int) {
        guard !places[new...].contains(place) else { return }
        places.append(place)
        if steps[place] == .anyDepth { add(place + 1, to: &places, from: new) }
    }
}
