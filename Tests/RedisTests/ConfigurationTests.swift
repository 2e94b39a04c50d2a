import Logging
import TestKit
import Testing

@testable import Redis

@Suite struct ConfigurationTests {
    @Test("a TCP URL gives host, port, credentials and database")
    func tcp() throws {
        let full = try RedisConfiguration(url: "redis://job%40s:p%2Fa%3As%25@redis.example:6380/3")
        #expect(full.endpoint == .tcp(host: "redis.example", port: 6380))
        #expect(full.user == "job@s")
        #expect(full.password == RedisPassword("p/a:s%"))
        #expect(full.database == 3)
        let bare = try RedisConfiguration(url: "REDIS://127.0.0.1")
        #expect(bare.endpoint == .tcp(host: "127.0.0.1", port: 6379))
        #expect(bare.user == nil && bare.password == nil && bare.database == 0)
        let passwordOnly = try RedisConfiguration(url: "redis://:a@b%F0%9F%8D%8B@[::1]:7000/?db=2")
        #expect(passwordOnly.endpoint == .tcp(host: "::1", port: 7000))
        #expect(passwordOnly.password == RedisPassword("a@b🍋"))
        #expect(passwordOnly.user == nil)
        #expect(passwordOnly.database == 2)
    }

    @Test("a Unix URL gives path, credentials and database")
    func unix() throws {
        let full = try RedisConfiguration(url: "unix:///run/my%20redis.sock?db=4&password=a%26b&user=u")
        #expect(full.endpoint == .unix(path: "/run/my redis.sock"))
        #expect(full.database == 4)
        #expect(full.password == RedisPassword("a&b"))
        #expect(full.user == "u")
    }

    @Test("rediss:// is refused with the reason")
    func tls() throws {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: "rediss://:hush@host:1/0") }
        #expect(error?.code == .misuse)
        #expect(error?.message.contains("hiredis 0.14.1 has no TLS") == true)
        #expect(error.map { "\($0)".contains("hush") } == false)
    }

    @Test(
        "a URL that cannot be read is refused without being quoted",
        arguments: [
            "hush", "http://hush", "redis://", "redis://:hush@", "redis://hush:0", "redis://hush:65536",
            "redis://hush:port",
            "redis://host/hush", "redis://host/-1", "redis://:%hush@host", "redis://:hush%2@host",
            "redis://:hush%ff@host",
            "redis://:hush%00@host", "redis://hush@host", "redis://host#hush", "redis://host?hush=1",
            "redis://[::1hush",
            "redis://[::1]hush", "unix://hush", "unix://hush/path", "unix:///", "unix:///s?db=hush",
            "unix:///hush" + String(repeating: "x", count: 104),
        ])
    func unreadable(url: String) throws {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .misuse)
        #expect(error.map { "\($0)".contains("hush") } == false)
    }

    @Test("neither a description, a mirror nor a dump shows the user or the password")
    func secrets() throws {
        let configuration = try RedisConfiguration(url: "redis://who:hush@host:1/2")
        var dumped = ""
        dump(configuration, to: &dumped)
        let argument = RedisArgument("hush")
        dump(argument, to: &dumped)
        for text in [
            "\(configuration)", String(reflecting: configuration), dumped, "\(argument)",
            "\(RedisReply.string(argument.bytes))",
        ] {
            #expect(!text.contains("hush"))
        }
        #expect("\(configuration)" == "redis://host:1/2")
        #expect("\(try RedisConfiguration(url: "redis://:x@[::1]"))" == "redis://[::1]:6379/0")
        #expect("\(try RedisConfiguration(url: "unix:///s?password=hush"))" == "unix:///s?db=0")
    }
}

@Suite struct AuthenticationTests {
    @Test("the right password, and the right user with password, are let in; database and name are set")
    func right() async throws {
        let server = try await TestRedis([
            "--requirepass", "hush", "--user", "worker", "on", ">secret", "~*", "&*", "+@all", "-client|setname",
        ])
        for (user, password) in [(nil, "hush"), ("worker", "secret")] {
            var configuration = server.configuration()
            configuration.user = user
            configuration.password = RedisPassword(password)
            configuration.database = 5
            let redis = RedisClient(configuration, logger: .silent)
            _ = try await redis.command(["SET", "in", "five"])
            let info = try await redis.command(["CLIENT", "INFO"]).string
            #expect(info.contains(" db=5 "))
            #expect(info.contains(" user=\(user ?? "default") "))
            // An ACL that forbids naming the connection does not forbid the connection.
            #expect(info.contains(" name=\(user == nil ? "portolan" : "") "))
            await redis.shutdown()
        }
    }

    @Test("a wrong password or none is reported as such, without the password, in errors and log")
    func wrong() async throws {
        let server = try await TestRedis(["--requirepass", "hush"])
        for password in ["not hush", nil] {
            var configuration = server.configuration()
            configuration.password = password.map { RedisPassword($0) }
            let (log, logger) = Logger.recording()
            let redis = RedisClient(configuration, logger: logger)
            for _ in 0..<3 {
                let error = try await failure { try await redis.command(["PING"]) }
                #expect(error.code == .authenticationFailed)
                #expect(!"\(error)".contains("hush"))
                #expect(error.serverMessage != nil)
            }
            await redis.shutdown()
            for await line in log {
                #expect(!line.contains("hush"))
                if line.contains("authenticationFailed") { break }
            }
        }
    }

    @Test("a database the server does not have is reported as such")
    func database() async throws {
        try await withRedis({ $0.database = 99 }) { _, redis in
            let error = try await failure { try await redis.command(["PING"]) }
            #expect(error.code == .unavailable)
            #expect(error.message.contains("database"))
        }
    }
}

@Suite struct ErrorTests {
    @Test(
        "the server's error words become codes, and its text is kept",
        arguments: [
            ("LOADING Redis is loading the dataset in memory", RedisError.Code.loading),
            ("READONLY You can't write against a read only replica.", .readOnly),
            ("CLUSTERDOWN The cluster is down", .clusterDown), ("MOVED 3999 127.0.0.1:6381", .moved),
            ("ASK 3999 127.0.0.1:6381", .moved),
            ("OOM command not allowed when used memory > 'maxmemory'.", .outOfMemory),
            ("NOSCRIPT No matching script.", .noScript), ("NOAUTH Authentication required.", .authenticationFailed),
            ("WRONGPASS invalid username-password pair", .authenticationFailed), ("WRONGTYPE x", .server),
            ("", .server),
        ])
    func codes(text: String, code: RedisError.Code) {
        let error = RedisError.fromServer(text)
        #expect(error.code == code)
        #expect(error.serverMessage == text)
    }

    @Test("a server out of memory, and a replica, answer with their own codes")
    func real() async throws {
        try await withRedis { _, redis in
            _ = try await redis.command(["CONFIG", "SET", "maxmemory", "1"])
            let full = try await failure { try await redis.command(["SET", "k", "v"]) }
            #expect(full.code == .outOfMemory)
            _ = try await redis.command(["CONFIG", "SET", "maxmemory", "0"])
            _ = try await redis.command(["REPLICAOF", "127.0.0.1", "1"])
            let replica = try await failure { try await redis.command(["SET", "k", "v"]) }
            #expect(replica.code == .readOnly)
        }
    }
}

@Suite struct BackoffTests {
    @Test("the wait doubles up to its maximum, is jittered by at most a half, and starts over")
    func delays() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var randomness = SplitMix(state: seed)
        var backoff = ReconnectBackoff(delayMin: .milliseconds(50), delayMax: .seconds(5))
        for _ in 0..<100 {
            for exponent in 0..<80 {
                let whole = min(Duration.milliseconds(50) * (1 << min(exponent, 20)), .seconds(5))
                let delay = backoff.failed(using: &randomness)
                #expect(delay <= whole && delay >= whole / 2)
            }
            backoff.recovered()
        }
    }
}

/// A small seeded generator.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
