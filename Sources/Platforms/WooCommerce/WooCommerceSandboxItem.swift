/// A record of a simulated shop: what it is made from, not what it looks like.
struct WooCommerceSandboxItem {
    enum Kind: String, CaseIterable {
        case orders, refunds, products, variations, customers
    }

    let kind: Kind
    let id: Int
    /// Of the order of a refund, or the product of a variation.
    let parent: Int
    let seed: UInt64
    /// Seconds since 1970, in UTC.
    let created: Int
    var modified: Int
    /// How often it was edited.
    var revision = 0
    var isTrashed = false
    /// Refunds of an order, variations of a product.
    var children: [Int] = []

    /// A number below `bound` that belongs to this record.
    func draw(_ salt: UInt64, _ bound: Int) -> Int {
        var random = SeededRandom(seed: seed &+ salt &* 0x9E37_79B9)
        return Int(random.next() % UInt64(max(1, bound)))
    }
}

/// Records in the order of their identifiers.
struct WooCommerceSandboxShelf {
    private(set) var items: [WooCommerceSandboxItem] = []
    /// Goes up with every change.
    private(set) var version = 0

    mutating func append(_ item: WooCommerceSandboxItem) {
        items.append(item)
        version += 1
    }

    func index(of id: Int) -> Int? {
        var (low, high) = (0, items.count)
        while low < high {
            let middle = (low + high) / 2
            if items[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < items.count && items[low].id == id ? low : nil
    }

    subscript(id: Int) -> WooCommerceSandboxItem? { index(of: id).map { items[$0] } }

    mutating func change(_ id: Int, _ body: (inout WooCommerceSandboxItem) -> Void) {
        guard let index = index(of: id) else { return }
        body(&items[index])
        version += 1
    }

    mutating func remove(_ id: Int) {
        guard let index = index(of: id) else { return }
        items.remove(at: index)
        version += 1
    }
}
