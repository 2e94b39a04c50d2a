package import Platforms

/// One view of a platform's folder: which schema it lives in and which unified entity it feeds.
package struct PlatformView: Sendable {
    /// The platform's key, which is also its schema.
    package let platform: String
    /// Name of the file; for views also the name of the view.
    package let name: String
    package let text: String
    /// Entities it feeds, from lines `-- feeds: unified.<entity>`.
    package let feeds: [String]
    /// Which column finds the rows that may change with a raw record of a resource, where a line
    /// `-- follows: <resource> by <column>, …` says so.
    package let declaredFollows: [String: String]

    /// Reads a file at `<Folder>/Views/<name>.sql`.
    package init(_ file: EmbeddedFile) {
        platform = String(file.path.split(separator: "/").first ?? "").lowercased()
        name = file.name
        text = file.text
        feeds = file.text.split(separator: "\n").compactMap { line in
            guard let mark = line.firstRange(of: "-- feeds: unified.") else { return nil }
            return String(line[mark.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
        }
        declaredFollows = ViewReading.declaredFollows(in: file.text)
    }

    /// Files that begin with a digit (`00_functions.sql`) define functions, not a view.
    package var isView: Bool { name.first.map { !$0.isNumber } ?? false }
    package var qualifiedName: String { "\(platform).\(name)" }
}

/// The union of all platforms' views of one entity, column by column as the contract says.
package struct UnifiedView: Sendable {
    package let contract: Contract
    /// The feeding views, with the columns each of them offers.
    package let branches: [(view: PlatformView, columns: Set<String>)]

    package init(contract: Contract, branches: [(view: PlatformView, columns: Set<String>)]) {
        self.contract = contract
        self.branches = branches
    }

    package var qualifiedName: String { "unified.\(contract.entity)" }

    /// `create or replace view` with its comments. An entity that no platform feeds is an empty view: its promise
    /// holds before the first platform does.
    package var sql: String {
        let selects =
            branches.isEmpty
            ? [select(from: nil, offering: [])]
            : branches.map { select(from: $0.view.qualifiedName, offering: $0.columns) }
        let comments = contract.columns.filter { !$0.meaning.isEmpty }.map { column in
            "comment on column \(qualifiedName).\(column.name) is \(quoted(column.meaning));"
        }
        return """
            create or replace view \(qualifiedName) as
            \(selects.joined(separator: "\nunion all\n"));
            comment on view \(qualifiedName) is \(quoted(contract.story));
            \(comments.joined(separator: "\n"))
            """
    }

    private func select(from view: String?, offering columns: Set<String>) -> String {
        let list = contract.columns.map { column in
            columns.contains(column.name) ? column.name : "null::\(column.type) as \(column.name)"
        }
        return "select \(list.joined(separator: ", "))" + (view.map { "\nfrom \($0)" } ?? "\nwhere false")
    }

    private func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
