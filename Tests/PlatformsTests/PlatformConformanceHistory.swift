import Foundation
import PlatformKit
import Testing

@testable import Platforms

/// One resource of a platform whose past is read by windows, while its merchant goes on selling.
struct ConformanceHistory {
    let platform: any Platform
    let resource: Resource
    let history: History
    let quirks: [String: String]
    var random: SeededRandom

    static let day = 86_400.0

    /// Each resource that has a past of that kind, with a seed that is printed.
    static func all(
        of platform: any Platform, _ test: String, quirks: [String: String] = [:]
    ) -> [ConformanceHistory] {
        let seed = PlatformConformanceTests.seed
        return platform.resources.compactMap { resource in
            guard let history = resource.history else { return nil }
            print("\(test) of \(platform.key) \(resource.name) \(quirks) with PLATFORMS_SEED=\(seed)")
            let salt = (platform.key + resource.name + test).utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
            return ConformanceHistory(
                platform: platform, resource: resource, history: history, quirks: quirks,
                random: SeededRandom(seed: seed ^ salt))
        }
    }

    /// Whether the records came from lists of their parents': then the window was one of parents.
    func wentByParent(_ walk: ConformanceWalk) -> Bool {
        walk.steps.contains { step in step.exchanges.contains { $0.request.route.contains("{id}") } }
            && resource.children.isEmpty
    }

    func makeWalk() -> ConformanceWalk { ConformanceWalk(platform, quirks: quirks) }

    /// How far outside of a window a record may lie. Bounds are inclusive or not, to the second; and in whose time a
    /// merchant's own server reads them may be unknown.
    var slack: Double {
        if case .selfHosted = platform.hosting { 16 * 3600 } else { 1 }
    }

    // MARK: - Windows

    /// A time after which nothing more shows of what was before.
    static let settled = ConformanceWalk.start - 3 * day

    /// All of the past, in one window if that may be.
    var widest: Window {
        let length = [history.windowMax, history.reach].compactMap { $0?.seconds }.min()
        return Window(from: length.map { ConformanceWalk.start + 60 - $0 }, to: Self.settled)
    }

    /// Windows of many lengths, newest first, without a gap. Some meet at whole seconds, some at halves.
    mutating func windows(until end: Date) -> [Window] {
        // A little less than the reach: time goes on while they are read.
        let beginning = history.reach.map { ConformanceWalk.start.addingTimeInterval(Self.day - $0.seconds) }
        let most = min(history.windowMax?.seconds ?? .infinity, 200 * Self.day)
        var windows: [Window] = []
        var to = end
        while windows.count < 40 {
            let scale = [2.0, 20, 200][Int.random(in: 0..<3, using: &random)]
            let length = min(most, Double.random(in: 0.2...1, using: &random) * scale * Self.day)
            var from = to.addingTimeInterval(-length)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: from = Date(timeIntervalSince1970: from.timeIntervalSince1970.rounded(.up))
            case 1: from = Date(timeIntervalSince1970: from.timeIntervalSince1970.rounded(.up) + 0.5)
            default: break
            }
            if let beginning, from <= beginning { return windows + [Window(from: beginning, to: to)] }
            windows.append(Window(from: from, to: to))
            to = from
        }
        return windows + [Window(from: nil, to: to)]
    }

    // MARK: - Reading

    /// The stream from some days ago on and all windows before it, a page here and a page there, with changes between any
    /// two pages.
    mutating func readEverything(daysBack: Double) throws -> ConformanceWalk {
        let walk = makeWalk()
        let start = walk.now.addingTimeInterval(-daysBack * Self.day)
        try walk.start(resource.name, at: start)
        var left = windows(until: start)
        left.shuffle(using: &random)
        var isReading = false
        while !left.isEmpty {
            if Int.random(in: 0..<3, using: &random) == 0 {
                walk.pass(Double(Int.random(in: 2...800, using: &random)) / 2)
                walk.store.change(count: Int.random(in: 1...12, using: &random), now: walk.now)
                walk.pass(Double(Int.random(in: 0...6, using: &random)) / 2)
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                _ = try walk.step(resource.name)
                continue
            }
            if !isReading { try walk.begin(left[0], of: resource.name) }
            isReading = try !walk.stepPast(resource.name)
            if !isReading { left.removeFirst() }
        }
        try settle(walk)
        return walk
    }

    /// Nothing changes any more, and what is shown late is shown.
    func settle(_ walk: ConformanceWalk) throws {
        for pause in [1200.0, 4000, 1200] {
            try walk.run(resource.name)
            walk.pass(pause)
        }
    }

    // MARK: - What has to come of it

    /// What is held is what there is.
    func expectTruth(_ walk: ConformanceWalk, _ place: String) {
        let (truth, held) = (walk.truth(resource.name), walk.held)
        let wrong = truth.filter { held[$0.key] != $0.value }.map(\.key)
        let more = held.keys.filter { truth[$0] == nil }
        #expect(
            wrong.isEmpty && more.isEmpty,
            "\(resource.name) \(quirks) (\(place)): missing \(wrong.sorted()), too many \(more.sorted())")
    }

    /// Of what is there, all that differs from before is held as it is, but for what a platform does not say at once:
    /// changes that do not move a time of change.
    func expectChanges(since before: [String: [UInt8]] = [:], _ walk: ConformanceWalk, _ place: String) throws {
        let held = walk.held
        var wrong = walk.truth(resource.name).filter { before[$0.key] != $0.value && held[$0.key] != $0.value }
            .map(\.key)
        if !wrong.isEmpty {
            let other = ConformanceWalk(beside: walk)
            try other.run(resource.name)
            wrong.removeAll { name in
                guard let changed = walk.records[name]?.updatedAt else { return false }
                return other.records[name]?.updatedAt == changed
            }
        }
        #expect(wrong.isEmpty, "\(resource.name) \(quirks) (\(place)): missing \(wrong.sorted())")
    }

    /// Now, and when all there is has been listed: some deletions are only found by that, once a week at least.
    func expectEverything(_ walk: ConformanceWalk, _ place: String) throws {
        try expectChanges(walk, place)
        walk.pass(8 * Self.day)
        try walk.run(resource.name)
        expectTruth(walk, place + ", a week later")
    }
}
