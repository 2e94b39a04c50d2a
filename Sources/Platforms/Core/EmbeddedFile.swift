/// A file that was part of the source tree when the program was built.
package struct EmbeddedFile: Sendable {
    /// Path below the embedded folder. Example: `Shopify/Views/orders.sql`.
    package let path: String
    package let text: String

    package init(path: String, text: String) {
        self.path = path
        self.text = text
    }

    /// The file's name without folders and ending. Example: `orders`.
    package var name: String {
        let last = path.split(separator: "/").last ?? ""
        return String(last.split(separator: ".").first ?? "")
    }
}
