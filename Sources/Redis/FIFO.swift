/// A queue with constant-time ends (amortised), over one array.
struct FIFO<Element> {
    /// Nil before `head`: what was taken out is not kept alive.
    private var elements: [Element?] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Changes the oldest element in place; there must be one.
    mutating func withFirst<Value>(_ body: (inout Element) -> Value) -> Value {
        body(&elements[head]!)
    }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head].take()
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: elements.capacity <= Self.capacityKept)
            head = 0
        } else if head >= Self.compactAfter, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    func forEach(_ body: (Element) -> Void) {
        for case let element? in elements[head...] { body(element) }
    }

    /// Takes out those wanted, in order, wherever they stand.
    mutating func extract(where isWanted: (Element) -> Bool) -> [Element] {
        var wanted: [Element] = []
        var rest: [Element?] = []
        for case let element? in elements[head...] {
            if isWanted(element) { wanted.append(element) } else { rest.append(element) }
        }
        elements = rest
        head = 0
        return wanted
    }

    private static var capacityKept: Int { 1_024 }
    private static var compactAfter: Int { 256 }
}
