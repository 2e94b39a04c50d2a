/// Why the sandbox cannot do what it was told: always a mistake in a plan, a fault or a control request.
///
/// The texts name fields and kinds of values, never a value: a plan may hold credentials.
package struct SandboxError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of mistake it is; a stable string.
    package struct Code: Sendable, Equatable {
        package let text: String

        /// The text is not JSON.
        package static let notJSON = Code(text: "sandbox.not_json")
        /// A field is missing, unknown, of the wrong kind or out of its bounds.
        package static let badField = Code(text: "sandbox.bad_field")
        /// A store names a platform that is not in this build.
        package static let unknownPlatform = Code(text: "sandbox.unknown_platform")
        /// Two stores would be mounted at the same address.
        package static let duplicateStore = Code(text: "sandbox.duplicate_store")
        /// The control API has no such address.
        package static let unknownRoute = Code(text: "sandbox.unknown_route")
        /// No store of that platform and name is mounted.
        package static let unknownStore = Code(text: "sandbox.unknown_store")
        /// The store's platform has no such resource.
        package static let unknownResource = Code(text: "sandbox.unknown_resource")
        /// The server ended before it had an address.
        package static let notListening = Code(text: "sandbox.not_listening")
    }

    package let code: Code
    /// Where the mistake is, e.g. `stores[2].spoilt_share`; empty when it is not in a field.
    package let field: String
    /// What is wrong, without any value.
    package let message: String
    /// What to do about it.
    package let fix: String

    package init(_ code: Code, field: String = "", message: String, fix: String) {
        self.code = code
        self.field = field
        self.message = message
        self.fix = fix
    }

    package var description: String {
        field.isEmpty ? "\(code.text): \(message); \(fix)" : "\(code.text): \(field): \(message); \(fix)"
    }
}
