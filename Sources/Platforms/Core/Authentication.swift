/// Which credentials a connection needs and where they go in a request.
package struct Authentication: Sendable {
    /// A credential a person has to give.
    package struct Field: Sendable {
        /// Key in the stored credentials. Example: `access_token`.
        package let name: String
        /// One sentence for the person who has to find it.
        package let help: String

        package init(name: String, help: String) {
            self.name = name
            self.help = help
        }
    }

    package enum Placement: Sendable {
        /// `Header: value`
        case header(name: String, field: String)
        /// `Authorization: Bearer value`
        case bearer(field: String)
        /// `Authorization: Basic base64(user:password)`
        case basic(userField: String, passwordField: String?)
    }

    package let fields: [Field]
    package let placement: Placement

    package init(fields: [Field], placement: Placement) {
        self.fields = fields
        self.placement = placement
    }
}
