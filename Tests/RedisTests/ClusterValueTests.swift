import Testing

@testable import Redis

@Suite struct ClusterValueTests {
    @Test(
        "keys fall into the slots that the cluster's specification gives",
        arguments: [
            ("123456789", 0x31C3), ("", 0), ("foo", 12_182), ("{foo}bar", 12_182), ("a{foo}{bar}", 12_182),
            ("{}foo", 9_500), ("foo{}{bar}", 8_363), ("foo{{bar}}zap", 4_015), ("foo{bar", 15_278),
        ])
    func slots(key: String, slot: Int) {
        #expect(KeySlot.of(Array(key.utf8)) == slot)
    }

    @Test("keys of one call share a slot or are refused")
    func shared() throws {
        let none = try KeySlot.shared([])
        #expect(none == nil)
        let foo = try KeySlot.shared(["{foo}1", "{foo}2", "foo"])
        #expect(foo == 12_182)
        let error = #expect(throws: RedisError.self) { try KeySlot.shared(["{foo}1", "{bar}1"]) }
        #expect(error?.code == .misuse)
    }

    @Test("redirections are read, with and without a host, and what is none is not")
    func redirects() {
        let asked = RedisConfiguration.Endpoint.tcp(host: "asked", port: 7)
        func read(_ text: String) -> ClusterRedirect? { ClusterRedirect(.fromServer(text), asked: asked) }
        #expect(read("MOVED 3999 10.0.0.1:6381") == .moved(slot: 3_999, .tcp(host: "10.0.0.1", port: 6_381)))
        #expect(read("ASK 0 ::1:6381") == .ask(slot: 0, .tcp(host: "::1", port: 6_381)))
        #expect(read("MOVED 16383 :6381") == .moved(slot: 16_383, .tcp(host: "asked", port: 6_381)))
        for text in [
            "MOVED 16384 a:1", "MOVED x a:1", "MOVED 1 a", "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED 1", "MOVED",
            "ASK 1 ?:6381", "ERR MOVED 1 a:1",
        ] {
            #expect(read(text) == nil, "\(text)")
        }
    }

    @Test("the map is read with replicas, unknown hosts and holes, and corrected by a redirection")
    func map() throws {
        let asked = RedisConfiguration.Endpoint.tcp(host: "asked", port: 7)
        func node(_ host: RedisReply, _ port: Int64) -> RedisReply {
            .array([host, .integer(port), .string([1]), .array([])])
        }
        func host(_ text: String) -> RedisReply { .string(Array(text.utf8)) }
        var map = try ClusterMap(
            .array([
                .array([.integer(0), .integer(99), node(host("a"), 1), node(host("c"), 3)]),
                .array([.integer(100), .integer(100), node(.null, 2)]),
                .array([.integer(200), .integer(16_383), node(host("a"), 1), node(host("c"), 3)]),
                .array([.integer(150), .integer(160), node(host("?"), 9)]),
            ]), asked: asked)
        #expect(map.primaries == [.tcp(host: "a", port: 1), .tcp(host: "asked", port: 2)])
        #expect(map.replicas == [.tcp(host: "c", port: 3)])
        #expect(map.owner(ofSlot: 99) == .tcp(host: "a", port: 1))
        #expect(map.owner(ofSlot: 100) == .tcp(host: "asked", port: 2))
        #expect(map.owner(ofSlot: 101) == nil && map.owner(ofSlot: 155) == nil)
        map.move(slot: 101, to: .tcp(host: "d", port: 4))
        #expect(map.owner(ofSlot: 101) == .tcp(host: "d", port: 4))
        #expect(map.primaries.count == 3)
    }

    @Test(
        "an answer that is no map is refused",
        arguments: [
            RedisReply.null, .integer(1), .array([.integer(1)]), .array([.array([.integer(0), .integer(1)])]),
            .array([.array([.integer(0), .integer(16_384), .array([.string([97]), .integer(1)])])]),
            .array([.array([.integer(-1), .integer(0), .array([.string([97]), .integer(1)])])]),
            .array([.array([.integer(1), .integer(0), .array([.string([97]), .integer(1)])])]),
            .array([.array([.integer(0), .integer(1), .array([.string([97])])])]),
        ])
    func noMap(reply: RedisReply) {
        let asked = RedisConfiguration.Endpoint.tcp(host: "asked", port: 7)
        let error = #expect(throws: RedisError.self) { try ClusterMap(reply, asked: asked) }
        #expect(error?.code == .protocolViolation)
    }

    @Test("a cluster's URL gives its nodes and credentials, and shows no secret")
    func url() throws {
        let full = try RedisConfiguration(url: "redis+cluster://who:hu%2Csh@a:1,[::1]:2,c/")
        #expect(
            full.clusterSeeds == [.tcp(host: "a", port: 1), .tcp(host: "::1", port: 2), .tcp(host: "c", port: 6379)])
        #expect(full.endpoint == full.clusterSeeds[0])
        #expect(full.user == "who" && full.password == RedisPassword("hu,sh"))
        #expect("\(full)" == "redis+cluster://a:1,[::1]:2,c:6379")
        #expect(try RedisConfiguration(url: "redis+cluster://a?password=x").password == RedisPassword("x"))
        #expect(try RedisConfiguration(url: "redis://a").clusterSeeds.isEmpty)
    }

    @Test(
        "a cluster's URL that cannot be read is refused without being quoted",
        arguments: [
            "redis+cluster://", "redis+cluster://hush,", "redis+cluster://,hush", "redis+cluster://hush/1",
            "redis+cluster://hush?db=1", "redis+cluster://hush:1:2", "redis+cluster://hush:x",
        ])
    func unreadable(url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .misuse)
        #expect(error.map { "\($0)".contains("hush") } == false)
    }
}
