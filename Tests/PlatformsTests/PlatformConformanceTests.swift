import Foundation
import PlatformKit
import RawJSON
import Testing

@testable import Platforms

/// What holds for every platform there is a folder for; a new folder gets these tests by being there.
@Suite("Every platform") struct PlatformConformanceTests {
    /// With the template that new folders are made from.
    static let platforms = allPlatforms + [ExamplePlatform()]
    static let keys = platforms.map(\.key)
    static let seed: UInt64 =
        ProcessInfo.processInfo.environment["PLATFORMS_SEED"].flatMap(UInt64.init) ?? 20_261_122

    func platform(_ key: String) throws -> any Platform {
        try #require(Self.platforms.first { $0.key == key })
    }

    // MARK: - The declaration

    @Test("keys are unique lower-case words, and the folders are named after them")
    func keysAndFolders() throws {
        #expect(Set(Self.keys).count == Self.keys.count)
        for key in Self.keys {
            #expect(
                !key.isEmpty && key.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }, "\(key)")
        }
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Platforms")
        let folders = try FileManager.default.contentsOfDirectory(atPath: sources.path).filter {
            FileManager.default.fileExists(atPath: sources.appending(path: "\($0)/\($0)Platform.swift").path)
        }
        #expect(folders.map { $0.lowercased() }.sorted() == allPlatforms.map(\.key).sorted())
    }

    @Test("resources and their children have names of their own, and a freshness target", arguments: keys)
    func resources(key: String) throws {
        let resources = try platform(key).resources
        #expect(!resources.isEmpty)
        let names = resources.flatMap { [$0.name] + $0.children }
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(!name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "_") }, "\(name)")
        }
        for resource in resources { #expect(resource.freshnessTarget >= .seconds(1), "\(resource.name)") }
    }

    @Test("what a person has to give is explained, and goes where a field of that name says", arguments: keys)
    func authentication(key: String) throws {
        let authentication = try platform(key).authentication
        #expect(Set(authentication.methods.map(\.name)).count == authentication.methods.count)
        for method in authentication.methods {
            let names = Set(method.fields.map(\.name))
            #expect(names.count == method.fields.count)
            for field in method.fields { #expect(!field.help.isEmpty, "\(field.name)") }
            var known = names
            if method.grant != nil { known.insert(TokenGrant.tokenField) }
            #expect(method.placement.fieldNames.isSubset(of: known), "\(method.name)")
            #expect(!method.summary.isEmpty && method.name.allSatisfy { $0.isLowercase || $0 == "_" }, "\(method.name)")
            // What a person gives decides which way it is.
            #expect(authentication.method(taking: method.requiredNames)?.name == method.name)
            #expect(authentication.method(taking: names)?.name == method.name)
        }
    }

    @Test("buckets hold something, refill, and have names of their own", arguments: keys)
    func buckets(key: String) throws {
        let buckets = try platform(key).buckets
        #expect(Set(buckets.map(\.name)).count == buckets.count)
        for bucket in buckets {
            #expect(bucket.problems == [])
        }
    }

    // MARK: - Requests

    @Test("every request is well-formed, names no record in its route, and can be paid for", arguments: keys)
    func requests(key: String) throws {
        let platform = try platform(key)
        let walk = try ConformanceTranscript.of(platform)
        #expect(Set(walk.steps.map(\.read.resource)) == Set(platform.resources.map(\.name)))
        let longIDs = walk.ids.filter { $0.utf8.count >= 6 }
        for (route, request) in Dictionary(walk.requests.map { ($0.route, $0) }, uniquingKeysWith: { $1 }) {
            let id = longIDs.first { route.contains($0) }
            #expect(id == nil, "\(request.purpose): \(route)")
            #expect(!route.isEmpty && !route.contains("?"), "\(route)")
        }
        for request in walk.requests {
            #expect(request.path.hasPrefix("/") && !request.path.contains("?") && !request.path.contains(" "))
            #expect(request.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "\(request.route)")
            for (name, value) in request.query {
                let isEncoded = (name + value).contains(/%[0-9A-Fa-f]{2}/)
                #expect(!isEncoded, "\(request.route): query values are encoded by the sender")
            }
            #expect(!request.demands.isEmpty, "\(request.route)")
            checkDemands(of: request, platform)
        }
    }

    /// What a request takes can be had: from buckets that are declared, and no more than they ever hold.
    private func checkDemands(of request: PlatformRequest, _ platform: any Platform) {
        for demand in request.demands {
            let bucket = platform.buckets.first { $0.serves(demand.bucket) }
            #expect(bucket != nil, "\(request.route) takes from \(demand.bucket), which is not declared")
            let size: Double =
                switch bucket?.kind {
                case .tokens(let capacity, _): capacity
                case .quota(let limit, _), .window(let limit, _), .slots(let limit, _): limit
                case .adaptive, nil: 1
                }
            let most = size * (bucket?.share ?? 0)
            #expect(demand.tokens > 0 && demand.tokens <= most, "\(request.route): \(demand.tokens) of \(most)")
        }
    }

    @Test("steps and cursors stay within their bounds", arguments: keys)
    func bounds(key: String) throws {
        let walk = try ConformanceTranscript.of(try platform(key))
        for step in walk.steps {
            #expect((1...Step.requestsMax).contains(step.exchanges.count))
            #expect((step.read.cursor?.json.utf8.count ?? 0) < Cursor.bytesMax)
        }
    }

    @Test("a cursor that cannot be read starts the stream over", arguments: keys)
    func unreadableCursors(key: String) throws {
        let platform = try platform(key)
        for resource in platform.resources {
            let fresh = try platform.nextStep(in: ConformanceWalk.read(platform, resource.name, nil))
            let expected = fresh.requests.map(ConformanceWalk.words)
            for json in [#"{"v":"garbage"}"#, "[]", "null", #"{"walk":{"upTo":1"#, "", "\"\"", "{}", "7"] {
                let step = try platform.nextStep(in: ConformanceWalk.read(platform, resource.name, Cursor(json: json)))
                #expect(step.requests.map(ConformanceWalk.words) == expected, "\(resource.name) with \(json)")
            }
        }
    }

    // MARK: - Answers

    @Test("a read brings what is true, stored under declared names; another at once has nothing new", arguments: keys)
    func wholeRead(key: String) throws {
        let platform = try platform(key)
        for resource in platform.resources {
            let walk = ConformanceWalk(platform)
            try walk.run(resource.name)
            #expect(walk.held == walk.truth(resource.name), "\(resource.name)")
            #expect(walk.names.isSubset(of: [resource.name] + resource.children), "\(resource.name): \(walk.names)")
            let through = walk.syncedThrough
            #expect(
                through.map { $0 <= walk.now } ?? true, "\(resource.name) is known up to a time that is yet to come")
            try walk.run(resource.name)
            #expect(walk.held == walk.truth(resource.name), "\(resource.name)")
        }
    }

    @Test("a merchant who has nothing is read to the end at once", arguments: keys)
    func nothingToRead(key: String) throws {
        let platform = try platform(key)
        for resource in platform.resources {
            let walk = ConformanceWalk(
                platform, sizes: Dictionary(uniqueKeysWithValues: platform.resources.map { ($0.name, 0) }))
            try walk.run(resource.name, stepsMax: 6)
            #expect(walk.held == walk.truth(resource.name), "\(resource.name)")
        }
    }

    @Test("the same answers mean the same, whenever they are looked at", arguments: keys)
    func repetition(key: String) throws {
        let platform = try platform(key)
        for step in try ConformanceTranscript.of(platform).steps {
            let first = try platform.page(from: step.exchanges, in: step.read)
            let second = try platform.page(from: step.exchanges, in: step.read.later(by: 2))
            #expect(first.records.map(ConformanceWalk.words) == second.records.map(ConformanceWalk.words))
            #expect(first.cursor == second.cursor)
            #expect(first.isCaughtUp == second.isCaughtUp && first.syncedThrough == second.syncedThrough)
        }
    }

    @Test(
        "a refusal or a broken answer is a failure, or a page that says what it lacks, and gives no secret away",
        arguments: keys)
    func brokenAnswers(key: String) throws {
        let platform = try platform(key)
        for step in try ConformanceTranscript.of(platform).distinctSteps {
            for answer in ConformanceAnswer.all {
                for spoilt in [step.exchanges.count, 1] {
                    let exchanges = step.exchanges.enumerated().map {
                        $0.offset < spoilt ? answer.to($0.element) : $0.element
                    }
                    let place =
                        "\(step.exchanges[0].request.route) (\(step.exchanges[0].request.purpose)): \(answer.name)"
                    try check(platform, exchanges, step.read, isWhole: spoilt == step.exchanges.count, place)
                }
            }
        }
    }

    private func check(
        _ platform: any Platform, _ exchanges: [Exchange], _ read: StreamRead, isWhole: Bool, _ place: String
    ) throws {
        let said: [UnifiedError]
        switch platform.meaning(of: exchanges, in: read) {
        case .success(let page):
            said = page.flags + [page.degradation].compactMap { $0 }
            if isWhole {
                #expect(page.records.isEmpty, "\(place)")
                // Asking on is an answer, too; what must not be is an end of which nobody learns that it is none.
                let isHonest = !said.isEmpty || !page.deletions.isEmpty || !page.isCaughtUp
                #expect(isHonest, "\(place): caught up without a word")
            }
            #expect(page.cursor.json.utf8.count < Cursor.bytesMax, "\(place)")
            _ = try platform.nextStep(in: read.going(on: page.cursor))
        case .failure(let failure):
            said = [failure.error]
            if let next = failure.goOnWith { _ = try platform.nextStep(in: read.going(on: next)) }
        }
        for error in said {
            #expect(!error.description.isEmpty && !"\(error)".contains(ConformanceAnswer.planted), "\(place): \(error)")
        }
    }

    @Test("bytes that mean nothing do no harm", arguments: keys)
    func garbage(key: String) throws {
        let platform = try platform(key)
        print("garbage for \(key) with PLATFORMS_SEED=\(Self.seed)")
        var random = SeededRandom(seed: Self.seed)
        for step in try ConformanceTranscript.of(platform).distinctSteps {
            for round in 0..<60 {
                let exchanges = step.exchanges.map { exchange in
                    let real = exchange.response.body.bytes
                    var bytes = [UInt8](
                        real.prefix(round % 2 == 0 ? 0 : Int.random(in: 0...real.count, using: &random)))
                    if bytes.isEmpty {
                        bytes = (0..<Int.random(in: 0..<300, using: &random)).map { _ in
                            UInt8.random(in: 0...255, using: &random)
                        }
                    } else {
                        for _ in 0..<Int.random(in: 1...8, using: &random) {
                            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                                in: 0...255, using: &random)
                        }
                    }
                    let status = [200, 200, 200, 400, 404, 429, 500].randomElement(using: &random) ?? 200
                    return exchange.answered(status, bytes)
                }
                try swallow(platform, exchanges, step.read)
            }
        }
    }

    /// A page and a failure are both fine; what is not is the end of the process, or a next step that cannot be made.
    func swallow(_ platform: any Platform, _ exchanges: [Exchange], _ read: StreamRead) throws {
        guard case .success(let page) = platform.meaning(of: exchanges, in: read) else { return }
        #expect(page.cursor.json.utf8.count < Cursor.bytesMax)
        for request in try platform.nextStep(in: read.going(on: page.cursor)).requests {
            checkDemands(of: request, platform)
        }
    }
}
