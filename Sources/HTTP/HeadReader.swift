/// Reads the header lines libcurl hands over, one at a time, into the head of the final response.
struct HeadReader {
    /// What a line meant.
    enum Outcome {
        case more
        case complete(HTTPResponseHead)
        case tooLarge
    }

    private let countMax: Int
    private let bytesMax: Int
    private var bytes = 0
    private var head = HTTPResponseHead(status: 0)
    private var isComplete = false

    init(countMax: Int, bytesMax: Int) {
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    /// Takes one line with its line end.
    mutating func lineArrived(_ raw: UnsafeRawBufferPointer) -> Outcome {
        bytes += raw.count
        guard bytes <= bytesMax else { return .tooLarge }
        // Behind the body come trailers; they count, but nobody asked for them.
        guard !isComplete else { return .more }
        let line = raw.trimmingLineEnd()
        if line.isEmpty {
            // An interim answer (100, 103) is over, and the next one follows.
            guard head.status >= 200 else { return .more }
            isComplete = true
            return .complete(head)
        }
        if line.starts(with: "HTTP/".utf8) {
            head = Self.statusLine(line)
        } else if line[line.startIndex] == 0x20 || line[line.startIndex] == 0x09 {
            head.headers.continueLast(with: Self.trimmedText(line[...]))
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            guard head.headers.count < countMax else { return .tooLarge }
            head.headers.append(
                name: Self.trimmedText(line[..<colon]), value: Self.trimmedText(line[line.index(after: colon)...]))
        }
        return .more
    }

    /// Reads `HTTP/1.1 200 OK`; libcurl has refused lines that are not of this form.
    private static func statusLine(_ line: UnsafeRawBufferPointer) -> HTTPResponseHead {
        let words = line.split(separator: 0x20, maxSplits: 2)
        let status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
        let version: HTTPResponseHead.Version =
            switch words.first.map({ String(decoding: $0, as: UTF8.self) }) {
            case "HTTP/1.0": .http1_0
            case "HTTP/2", "HTTP/2.0": .http2
            default: .http1_1
            }
        return HTTPResponseHead(status: status, version: version)
    }

    private static func trimmedText(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func trimmingLineEnd() -> UnsafeRawBufferPointer {
        var end = count
        while end > 0, self[end - 1] == 0x0A || self[end - 1] == 0x0D { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[..<end])
    }
}
