import Platforms

@testable import Limits

/// The platform's own books: counts every request by its own arithmetic, and how often more came than it allows.
struct Judge {
    private struct Book {
        var bucket: Bucket
        var level = 0.0
        var at = 0.0
        var times: [Double] = []
        var counts: [Int: Double] = [:]
        var underWay = 0.0
        var served = 0.0
    }

    private var books: [String: Book] = [:]
    private(set) var violations: [String] = []
    private(set) var requests = 0
    private let start: Double

    /// - Parameter start: microseconds since 1970; all buckets are full.
    init(start: Double) { self.start = start }

    /// A request with these demands arrives.
    mutating func arrive(_ demands: [BucketDemand], _ buckets: [Bucket], connectionID: Int64, at now: Double) {
        requests += 1
        for demand in demands {
            guard let bucket = buckets.first(where: { $0.serves(demand.bucket) }) else { continue }
            let owner = bucket.scope == .app ? "app" : "\(connectionID)"
            let key = "\(owner)/\(demand.bucket)"
            var book = books[key] ?? Book(bucket: bucket, level: Self.full(bucket), at: start)
            book.served += demand.tokens
            if !Self.serve(&book, demand.tokens, now) { violations.append("\(key) at \((now - start) / 1e6) s") }
            books[key] = book
        }
    }

    /// Its answer has been sent.
    mutating func leave(_ demands: [BucketDemand], _ buckets: [Bucket], connectionID: Int64) {
        for demand in demands {
            guard let bucket = buckets.first(where: { $0.serves(demand.bucket) }) else { continue }
            books["\(bucket.scope == .app ? "app" : "\(connectionID)")/\(demand.bucket)"]?.underWay -= demand.tokens
        }
    }

    /// What of the app's bucket was used, of what it would have allowed until now.
    func used(_ name: String, until now: Double) -> Double {
        guard let book = books["app/\(name)"] else { return 0 }
        let seconds = (now - start) / 1e6
        let allowed: Double =
            switch book.bucket.kind {
            case .tokens(let capacity, let rate): capacity + rate * seconds
            case .quota(let limit, let resets): limit * (seconds / (resets.length / .seconds(1))).rounded(.up)
            case .window(let limit, let length): limit * (seconds / (length / .seconds(1)) + 1)
            case .slots, .adaptive: .infinity
            }
        return book.served / allowed
    }

    private static func full(_ bucket: Bucket) -> Double {
        if case .tokens(let capacity, _) = bucket.kind { capacity } else { 0 }
    }

    private static func serve(_ book: inout Book, _ tokens: Double, _ now: Double) -> Bool {
        switch book.bucket.kind {
        case .tokens(let capacity, let rate):
            book.level = min(capacity, book.level + (now - book.at) * rate / 1e6)
            book.at = now
            book.level -= tokens
            return book.level >= -1e-6
        case .window(let limit, let length):
            let oldest = now - Double(length.limiterMicroseconds)
            book.times.removeAll { $0 <= oldest }
            for _ in 0..<Int(tokens) { book.times.append(now) }
            return Double(book.times.count) <= limit
        case .quota(let limit, let resets):
            // The judge's quotas begin anew at midnight UTC, or at multiples of their length.
            let period = Int(now / Double(resets.length.limiterMicroseconds))
            book.counts[period, default: 0] += tokens
            return book.counts[period, default: 0] <= limit
        case .slots(let limit, _):
            book.underWay += tokens
            return book.underWay <= limit
        case .adaptive: return true
        }
    }
}
