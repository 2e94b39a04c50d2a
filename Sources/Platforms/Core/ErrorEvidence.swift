package import FoundationEssentials
internal import RawJSON

/// All that is known of a failure before anybody says what it means.
///
/// **Thread**: confined to the task that made it, as the document it looks into.
package struct ErrorEvidence {
    /// Nil where no answer came.
    package var status: Int?
    package var headers: [(name: String, value: String)] = []
    package var body: ErrorRule.BodyKind = .empty
    /// The platform's own codes and messages; the first of each is the one that is stored.
    package var codes: [String] = []
    package var messages: [String] = []
    package var requestID: String?
    /// What was being done: `list`, `get`, `auth`, `report.request`, `report.poll`, `report.download`, `webhook`, …
    package var operation: String?
    package var resource: String?
    package var route: String?
    /// The HTTP client's word for why no answer came, libcurl's code for it, and what both mean if no rule says else.
    package var transport: String?
    package var curlCode: Int?
    package var presumed: (code: ErrorCode, sentence: String)?
    /// How long to wait, where only the platform's code can tell.
    package var wait: Duration?
    /// When the answer was looked at; dates in it are compared with this.
    package var now: Date
    /// The first bytes of the body as text.
    package private(set) var head = ""
    /// What a good answer of this platform is.
    package private(set) var answers = ErrorRule.BodyKind.json

    private var document: JSONDocument?
    private var xml: XMLElement?

    private static let headBytesMax = 16 * 1024

    /// The evidence of an answer.
    package init(
        _ response: PlatformResponse, shape: ErrorShape = ErrorShape(), now: Date, operation: String? = nil,
        resource: String? = nil, route: String? = nil
    ) {
        status = response.status
        headers = response.headers
        self.operation = operation
        self.resource = resource
        self.route = route
        self.now = now
        answers = shape.answers
        look(into: response.body)
        codes = shape.codes.flatMap(texts(at:))
        messages = shape.messages.flatMap { values(at: $0).map(\.text) }.filter { !$0.isEmpty }
        requestID =
            shape.requestIDHeaders.lazy.compactMap { response.header($0) }.first
            ?? shape.requestIDPaths.flatMap { values(at: $0) }.first?.text
    }

    /// The evidence of a request that got no answer.
    package init(
        transport: String, curlCode: Int?, means code: ErrorCode?, _ sentence: String, now: Date,
        operation: String? = nil, resource: String? = nil, route: String? = nil
    ) {
        self.transport = transport
        self.curlCode = curlCode
        presumed = code.map { ($0, sentence) }
        self.now = now
        self.operation = operation
        self.resource = resource
        self.route = route
    }

    /// The first header of that name, whatever its case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name.lowercased() == name }?.value
    }

    /// What patterns of words are looked for in: the messages, or the text itself where there are none. Not in data.
    var words: String {
        if !messages.isEmpty { return messages.joined(separator: "\n") }
        let isData = [.json, .xml].contains(body) && status.map((200..<300).contains) == true
        return isData ? "" : head
    }

    private mutating func look(into body: PaddedBytes) {
        var bytes = UnsafeRawBufferPointer(rebasing: body.bytes[...])
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(3)) }
        head = String(decoding: bytes.prefix(Self.headBytesMax), as: UTF8.self)
        guard let first = bytes.first(where: { $0 > 0x20 }) else {
            self.body = .empty
            return
        }
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            document = try? JSONDocument(body)
            self.body = document == nil ? .brokenJSON : .json
        case UInt8(ascii: "<"):
            self.body = isXML ? .xml : .html
            if self.body == .xml { xml = XMLElement(bytes) }
        default:
            // A bare JSON text, or just text.
            let isJSON = header("content-type")?.lowercased().contains("json") == true
            document = isJSON ? try? JSONDocument(body) : nil
            self.body = document == nil ? .text : .json
        }
    }

    /// Told by the first tag; the content type only where the tag says nothing.
    private var isXML: Bool {
        let start = head.prefix(512).lowercased().drop { $0.isWhitespace }
        if start.hasPrefix("<?xml") { return !start.contains("<html") }
        let htmlTags = [
            "<!doctype html", "<html", "<head", "<body", "<br", "<b>", "<p", "<div", "<title", "<meta", "<h1",
            "<center", "<!--", "<script", "<style",
        ]
        if htmlTags.contains(where: { start.hasPrefix($0) }) { return false }
        return header("content-type")?.lowercased().contains("xml") == true
    }
}

// MARK: Looking into the body

extension ErrorEvidence {
    /// A value found in the body.
    struct Value {
        /// A scalar's text; a list's or an object's own bytes.
        let text: String
        /// Null, or an empty text, list or object.
        let isVoid: Bool
    }

    /// How many elements of a list are looked at: an error has few.
    private static let elementsMax = 50
    private static let textBytesMax = 4096

    /// The values at a path; none where there is nothing.
    func values(at path: String) -> [Value] {
        let names = path.split(separator: ".").map(String.init)
        if let xml { return xml.texts(at: names).map { Value(text: $0, isVoid: $0.isEmpty) } }
        guard let document else { return [] }
        return Self.walk(names[...], from: document.root).compactMap(Self.value)
    }

    private static func walk(_ names: ArraySlice<String>, from value: JSONValue) -> [JSONValue] {
        guard let name = names.first else { return [value] }
        let rest = names.dropFirst()
        guard name == "*" else { return value[name].map { walk(rest, from: $0) } ?? [] }
        guard value.kind == .array, let elements = try? value.elements() else { return [] }
        return elements.prefix(elementsMax).flatMap { walk(rest, from: $0) }
    }

    private static func value(_ value: JSONValue) -> Value? {
        switch value.kind {
        case .null: Value(text: "", isVoid: true)
        case .string:
            value.string.map { Value(text: Redaction.cut($0, bytesMax: textBytesMax), isVoid: $0.isEmpty) }
        case .bool, .number: Value(text: value.slice.text, isVoid: false)
        case .array, .object:
            Value(
                text: String(decoding: Array(value.slice.text.utf8.prefix(textBytesMax)), as: UTF8.self),
                isVoid: value.slice.count <= 2)
        }
    }

    /// The codes at a place; a code is a scalar.
    private func texts(at place: ErrorShape.CodePath) -> [String] {
        if place.members.isEmpty {
            return values(at: place.path).map(\.text).filter { !$0.isEmpty && !"{[".contains($0.first ?? " ") }
        }
        guard let document else { return [] }
        let names = place.path.split(separator: ".").map(String.init)
        return Self.walk(names[...], from: document.root).compactMap { element in
            let parts = place.members.compactMap { element[$0].flatMap { $0.string ?? $0.identifier } }
            return parts.count == place.members.count ? parts.joined(separator: "/") : nil
        }
    }

    /// Whether an answer failed although its status says otherwise.
    func isMarked(by shape: ErrorShape) -> Bool {
        shape.marks.contains { values(at: $0).contains { !$0.isVoid } }
    }
}
