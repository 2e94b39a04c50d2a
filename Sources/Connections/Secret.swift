/// A value that must not be shown. Only `reveal()` gives it, and nothing else does.
///
/// - It is not `Encodable`: no encoder takes it, nor a value that holds it. It is not `Equatable` or `Hashable`
///   either, because those compare in a time that tells how much was right: use ``matches(_:)``.
/// - Interpolating one does not compile. Where its type is hidden (a dictionary, an optional, an existential, a
///   mirror, `dump`, a logger's metadata) it shows dots.
///
/// A copy in a `String` is an ordinary value: reveal a secret where it is used, and keep what comes out no longer
/// than that.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A closure rather than a stored string: reflection, also the kind that ignores `customMirror`, finds no text.
    private let value: @Sendable () -> String

    package init(_ value: String) { self.value = { value } }

    /// The value itself, for the request it belongs in.
    package func reveal() -> String { value() }

    /// Whether both are the same text, in a time that depends on the lengths only.
    package func matches(_ other: Secret) -> Bool {
        let (one, two) = (Array(reveal().utf8), Array(other.reveal().utf8))
        var difference = UInt8(one.count == two.count ? 0 : 1)
        for index in one.indices { difference |= one[index] ^ (index < two.count ? two[index] : 0) }
        return difference == 0
    }

    package var description: String { "•••" }
    package var debugDescription: String { "•••" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension DefaultStringInterpolation {
    /// A secret in a text is a mistake even when dots come out: say what is meant, the name of the field, say.
    @available(*, unavailable, message: "a secret does not belong in a text")
    package mutating func appendInterpolation(_ secret: Secret) { appendLiteral(secret.description) }

    @available(*, unavailable, message: "a secret does not belong in a text")
    package mutating func appendInterpolation(_ secret: Secret?) { appendLiteral("•••") }
}
