/// A request method; open, because some platforms use their own.
package struct HTTPMethod: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral {
    /// The method as it is sent, case included.
    package let rawValue: String

    /// Makes a method of any spelling; one that is no token is refused when the request is executed.
    package init(rawValue: String) { self.rawValue = rawValue }

    /// Makes a method from a literal.
    package init(stringLiteral value: String) { rawValue = value }

    /// Reads.
    package static let get = HTTPMethod(rawValue: "GET")
    /// Reads the head alone.
    package static let head = HTTPMethod(rawValue: "HEAD")
    /// Submits.
    package static let post = HTTPMethod(rawValue: "POST")
    /// Replaces.
    package static let put = HTTPMethod(rawValue: "PUT")
    /// Changes in part.
    package static let patch = HTTPMethod(rawValue: "PATCH")
    /// Removes.
    package static let delete = HTTPMethod(rawValue: "DELETE")
    /// Asks what is allowed.
    package static let options = HTTPMethod(rawValue: "OPTIONS")
}
