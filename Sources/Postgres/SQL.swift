/// The text of a statement, which can only come from a literal in the source.
///
/// There is no initialiser from a `String` and no interpolation: values travel as parameters (`$1`, `$2` …).
/// The one exception is named for what it is.
package struct SQL: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The statement as it is sent.
    package let text: String

    package init(stringLiteral literal: StaticString) {
        text = literal.description
    }

    package init(_ literal: StaticString) {
        text = literal.description
    }

    /// Text that is not a literal, such as the content of a migration file. Never build it from data.
    package init(unsafeText: String) {
        text = unsafeText
    }
}

/// One statement with its parameters, as an element of a pipeline.
package struct PostgresStatement: Sendable {
    package let sql: SQL
    package let parameters: [any PostgresEncodable]

    package init(_ sql: SQL, _ parameters: [any PostgresEncodable] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}
