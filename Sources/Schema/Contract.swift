package import Platforms

/// The columns a unified entity promises, whatever the platform: read from a `.contract` file.
///
/// Adding a column to a contract touches no platform: a view that does not offer it gives NULL.
package struct Contract: Sendable {
    package struct Column: Sendable, Equatable {
        package let name: String
        /// SQL type. Example: `timestamptz`.
        package let type: String
        package let meaning: String
    }

    /// Example: `commerce_orders`.
    package let entity: String
    package let story: String
    package let columns: [Column]
    /// Columns that are NULL only beside an entry in `issues`, from a line `# required: <column>, …`.
    package let required: [String]

    /// - Parameter common: columns that stand before the entity's own.
    /// - Throws: ``SchemaError`` naming the file and what is wrong in it.
    package init(parsing file: EmbeddedFile, common: [Column] = []) throws(SchemaError) {
        var story: [String] = []
        var own: [Column] = []
        var required: [String] = []
        for (index, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy(\.isWhitespace) { continue }
            if let mark = line.firstRange(of: "# required: "), mark.lowerBound == line.startIndex {
                required = line[mark.upperBound...].split(separator: ",").map { $0.trimmedSpaces }
                continue
            }
            if line.hasPrefix("#") {
                story.append(line.drop { $0 == "#" || $0 == " " }.description)
                continue
            }
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
            guard words.count >= 2, words[0].allSatisfy(\.isIdentifierCharacter), Self.types.contains(String(words[1]))
            else {
                throw SchemaError(
                    "\(file.path), line \(index + 1): expected `name type meaning` with a type of "
                        + Self.types.sorted().joined(separator: ", "))
            }
            own.append(
                Column(
                    name: String(words[0]), type: String(words[1]),
                    meaning: words.count == 3 ? words[2].trimmedSpaces : ""))
        }
        entity = file.name
        self.story = story.joined(separator: " ")
        columns = common + own
        self.required = required
        if let unknown = required.first(where: { name in !own.contains { $0.name == name } }) {
            throw SchemaError("\(file.path): required names \(unknown), which is none of its columns")
        }
    }

    private static let types: Set<String> = [
        "bigint", "boolean", "date", "integer", "jsonb", "numeric", "text", "text[]", "timestamptz", "uuid",
    ]

    /// Every contract of the package, by entity; each begins with the columns of `common.contract`.
    package static func all(in files: [EmbeddedFile] = contractFiles) throws(SchemaError) -> [Contract] {
        guard let commonFile = files.first(where: { $0.name == "common" }) else {
            throw SchemaError("there is no common.contract")
        }
        let common = try Contract(parsing: commonFile).columns
        var all: [Contract] = []
        for file in files where file.name != "common" {
            all.append(try Contract(parsing: file, common: common))
        }
        return all.sorted { $0.entity < $1.entity }
    }
}

/// What is wrong with the schema's own files, or with the database they meet.
package struct SchemaError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Character {
    fileprivate var isIdentifierCharacter: Bool { isASCII && (isLowercase || isNumber || self == "_") }
}

extension Substring {
    fileprivate var trimmedSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
