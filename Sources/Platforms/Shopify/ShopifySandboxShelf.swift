import FoundationEssentials

/// All records of one kind: when each was made and last changed, and in which order they are listed.
///
/// Records the shop began with have their times by arithmetic; those made or changed later stand in a list of their
/// own, which is always newer than all of the first.
final class ShopifySandboxShelf {
    enum Order { case updated, number }

    private struct Change {
        var version: Int
        var at: Int
    }

    private struct Move {
        let at: Int
        let number: Int
        let version: Int
    }

    private let base: Int
    private let startsAt: Int
    private let span: Int
    private let firstID: Int
    private(set) var total: Int
    private var changes: [Int: Change] = [:]
    private var createdLater: [Int] = []
    private var moves: [Move] = []
    private var isSettled = true

    /// `count` records, the last of them changed just before `endsAt`.
    init(count: Int, endsAt: Int, firstID: Int) {
        base = count
        total = count
        self.firstID = firstID
        span = min(2 * 365 * 86400, max(3600, count * 600))
        startsAt = endsAt - 60 - span
    }

    func has(_ number: Int) -> Bool { number >= 0 && number < total }
    func id(_ number: Int) -> Int { firstID + number * ShopifySandboxRecords.step }
    func version(_ number: Int) -> Int { changes[number]?.version ?? 0 }

    func number(_ id: Int) -> Int? {
        let distance = id - firstID
        guard distance >= 0, distance % ShopifySandboxRecords.step == 0, has(distance / ShopifySandboxRecords.step)
        else { return nil }
        return distance / ShopifySandboxRecords.step
    }

    /// Records share their second in threes: a list sorted by time is full of ties.
    private func baseTime(_ number: Int) -> Int { startsAt + number / 3 * 3 * span / max(1, base) }

    func updatedAt(_ number: Int) -> Int { changes[number]?.at ?? baseTime(number) }

    func createdAt(_ number: Int) -> Int {
        number < base ? baseTime(number) - 900 : createdLater[number - base]
    }

    func create(at: Int) {
        createdLater.append(at)
        total += 1
        note(total - 1, at: at, version: 0)
    }

    func change(_ number: Int, at: Int) {
        note(number, at: at, version: version(number) + 1)
    }

    private func note(_ number: Int, at: Int, version: Int) {
        changes[number] = Change(version: version, at: at)
        moves.append(Move(at: at, number: number, version: version))
        isSettled = false
    }

    /// Puts the list of moves in order and drops those that were overtaken.
    func settle() {
        guard !isSettled else { return }
        moves.removeAll { changes[$0.number]?.version != $0.version }
        moves.sort { ($0.at, $0.number) < ($1.at, $1.number) }
        isSettled = true
    }

    func count(_ filter: ShopifySandboxFilter) -> Int {
        if filter.isEverything { return total }
        return (0..<total).count { filter.passes(updated: updatedAt($0), created: createdAt($0)) }
    }

    func page(
        _ order: Order, isReversed: Bool, _ filter: ShopifySandboxFilter, after: (id: Int, epoch: Int)?, first: Int
    ) -> (numbers: [Int], hasNextPage: Bool) {
        settle()
        var numbers: [Int] = []
        /// Takes a record when it is one of the page. Returns whether to look further.
        func take(_ number: Int) -> Bool {
            let updated = updatedAt(number)
            guard filter.passes(updated: updated, created: createdAt(number)) else {
                // Listed by time, nothing behind the bound can pass any more.
                return order != .updated || (isReversed ? updated >= filter.updatedFrom : updated <= filter.updatedTo)
            }
            numbers.append(number)
            return numbers.count <= first
        }
        switch (order, isReversed) {
        case (.updated, false):
            let key = after ?? (id: Int.min, epoch: filter.updatedFrom)
            var number = firstBase { (self.baseTime($0), self.id($0)) > (key.epoch, key.id) }
            var goesOn = true
            while goesOn, number < base {
                if changes[number] == nil { goesOn = take(number) }
                number += 1
            }
            var place = firstMove { ($0.at, self.id($0.number)) > (key.epoch, key.id) }
            while goesOn, place < moves.count {
                goesOn = take(moves[place].number)
                place += 1
            }
        case (.updated, true):
            let key = after ?? (id: Int.max, epoch: filter.updatedTo)
            var place = firstMove { ($0.at, self.id($0.number)) >= (key.epoch, key.id) } - 1
            var goesOn = true
            while goesOn, place >= 0 {
                goesOn = take(moves[place].number)
                place -= 1
            }
            var number = firstBase { (self.baseTime($0), self.id($0)) >= (key.epoch, key.id) } - 1
            while goesOn, number >= 0 {
                if changes[number] == nil { goesOn = take(number) }
                number -= 1
            }
        case (.number, false):
            var number = after.map { ($0.id - firstID) / ShopifySandboxRecords.step + 1 } ?? 0
            while number < total, take(number) { number += 1 }
        case (.number, true):
            var number = after.map { ($0.id - firstID) / ShopifySandboxRecords.step - 1 } ?? total - 1
            while number >= 0, take(number) { number -= 1 }
        }
        let hasNextPage = numbers.count > first
        return (Array(numbers.prefix(first)), hasNextPage)
    }

    /// The first of the records the shop began with that satisfies a condition all later ones satisfy too.
    private func firstBase(_ condition: (Int) -> Bool) -> Int {
        var low = 0
        var high = base
        while low < high {
            let middle = (low + high) / 2
            if condition(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func firstMove(_ condition: (Move) -> Bool) -> Int {
        var low = 0
        var high = moves.count
        while low < high {
            let middle = (low + high) / 2
            if condition(moves[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Bounds from a search text: `updated_at:>='…' updated_at:<='…'`, and the same for `created_at`.
struct ShopifySandboxFilter {
    private(set) var updatedFrom = Int.min
    private(set) var updatedTo = Int.max
    private(set) var createdFrom = Int.min
    private(set) var createdTo = Int.max

    var isEverything: Bool {
        updatedFrom == .min && updatedTo == .max && createdFrom == .min && createdTo == .max
    }

    init(_ text: String?) throws(ShopifySandboxQueryError) {
        for term in (text ?? "").split(separator: " ") where term != "AND" {
            let isUpdated = term.hasPrefix("updated_at:")
            // What the search does not know it ignores, as Shopify's does.
            guard isUpdated || term.hasPrefix("created_at:") else { continue }
            var rest = term.dropFirst(11)
            var comparison = rest.prefix { "<>=".contains($0) }
            rest = rest.dropFirst(comparison.count)
            if comparison.isEmpty { comparison = "=" }
            guard let time = PlatformTime.parse(String(rest.filter { $0 != "'" && $0 != "\"" })) else {
                throw ShopifySandboxQueryError(
                    message: "Invalid timestamp for query filter `\(term.prefix(10))`.", code: "BAD_REQUEST")
            }
            let epoch = Int(time.timeIntervalSince1970)
            var from = Int.min
            var to = Int.max
            switch comparison {
            case ">=": from = epoch
            case ">": from = epoch + 1
            case "<=": to = epoch
            case "<": to = epoch - 1
            default: (from, to) = (epoch, epoch)
            }
            if isUpdated {
                updatedFrom = max(updatedFrom, from)
                updatedTo = min(updatedTo, to)
            } else {
                createdFrom = max(createdFrom, from)
                createdTo = min(createdTo, to)
            }
        }
    }

    func passes(updated: Int, created: Int) -> Bool {
        updated >= updatedFrom && updated <= updatedTo && created >= createdFrom && created <= createdTo
    }
}
