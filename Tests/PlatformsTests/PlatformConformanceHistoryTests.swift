import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// What holds for the past of every platform's resources, read by windows.
@Suite("The past of every platform") struct PlatformConformanceHistoryTests {
    static let keys = PlatformConformanceTests.keys

    private func all(_ key: String, _ test: String) throws -> [ConformanceHistory] {
        let platform = try #require(PlatformConformanceTests.platforms.first { $0.key == key })
        return ConformanceHistory.all(of: platform, test)
    }

    @Test("what is declared can be asked for", arguments: keys)
    func declarations(key: String) throws {
        for one in try all(key, "declarations") {
            let history = one.history
            #expect(history.firstWindow >= .seconds(1), "\(one.resource.name)")
            if let windowMax = history.windowMax { #expect(history.firstWindow <= windowMax, "\(one.resource.name)") }
            if let reach = history.reach { #expect(history.firstWindow <= reach, "\(one.resource.name)") }
            // Else its first window would have no beginning, and be too wide.
            #expect(history.windowMax == nil || history.reach != nil, "\(one.resource.name)")
        }
    }

    @Test("windows that make up all of time bring all there is, each what lies within it", arguments: keys)
    func partition(key: String) throws {
        for var one in try all(key, "windows") {
            let walk = one.makeWalk()
            for window in one.windows(until: walk.now) {
                try walk.run(window, of: one.resource.name)
                guard !one.wentByParent(walk) else { continue }
                for (name, record) in walk.pastRecords where record.resource == one.resource.name {
                    let time = one.history.clock == .created ? record.createdAt : record.updatedAt
                    guard let time else { continue }
                    let isWithin =
                        (window.from.map { time >= $0 - one.slack } ?? true) && time <= window.to + one.slack
                    #expect(isWithin, "\(name) of \(time) is not in \(window)")
                }
            }
            one.expectTruth(walk, "windows alone")
        }
    }

    @Test("a window whose read ends at any page, and goes on hours later, brings the same", arguments: keys)
    func interruption(key: String) throws {
        for var one in try all(key, "interruptions") {
            for window in [one.widest] + one.windows(until: ConformanceHistory.settled).prefix(1) {
                let (calm, other) = (one.makeWalk(), one.makeWalk())
                try calm.run(window, of: one.resource.name)
                try other.begin(window, of: one.resource.name)
                var isAtEnd = false
                for _ in 0..<5000 where !isAtEnd {
                    if Bool.random(using: &one.random) { try other.stepPastInVain(one.resource.name) }
                    if Int.random(in: 0..<4, using: &one.random) == 0 { other.pass(7200) }
                    isAtEnd = try other.stepPast(one.resource.name)
                }
                let isSame =
                    calm.pastRecords.mapValues(\.payload.array) == other.pastRecords.mapValues(\.payload.array)
                #expect(isAtEnd && isSame, "\(one.resource.name), \(window)")
            }
        }
    }

    @Test("a window in which there is nothing ends soon", arguments: keys)
    func nothing(key: String) throws {
        for one in try all(key, "nothing") {
            let walk = ConformanceWalk(
                one.platform,
                sizes: Dictionary(uniqueKeysWithValues: one.platform.resources.map { ($0.name, 0) }))
            let to = walk.now - 40 * ConformanceHistory.day
            try walk.run(
                Window(from: to - ConformanceHistory.day, to: to), of: one.resource.name, stepsMax: 8)
            #expect(walk.pastRecords.isEmpty, "\(one.resource.name)")
        }
    }

    @Test("a stream that begins at a time has all that is made and changed from then on", arguments: keys)
    func beginning(key: String) throws {
        for one in try all(key, "beginnings") {
            let walk = one.makeWalk()
            let before = walk.truth(one.resource.name)
            try walk.start(one.resource.name, at: walk.now)
            for _ in 0..<3 {
                walk.change(count: 60)
                try walk.run(one.resource.name)
            }
            try one.settle(walk)
            try one.expectChanges(since: before, walk, "from the beginning on")
        }
    }

    @Test("with the windows before its beginning it has all there is, whatever changes meanwhile", arguments: keys)
    func everything(key: String) throws {
        for var one in try all(key, "changes") {
            for daysBack in [0.0, 25, 90] {
                let walk = try one.readEverything(daysBack: daysBack)
                try one.expectEverything(walk, "begun \(daysBack) days back")
            }
        }
    }
}
