extension RedisConfiguration {
    /// Longest path a Unix socket address holds, in bytes.
    static let unixPathBytesMax = 107

    /// Reads `redis://[user][:password]@host[:port][/db]`, `unix:///path[?db=N&user=…&password=…]`, or
    /// `redis+cluster://[user][:password]@host[:port][,host[:port]…]` with some nodes of a cluster.
    ///
    /// Parts are percent-decoded. `db`, `user` and `password` may also be query items of either form.
    ///
    /// Errors: `misuse`, naming the part at fault and never its content. `rediss://` is refused
    /// because hiredis 0.14.1 has no TLS.
    package init(url: String) throws(RedisError) {
        guard let mark = url.firstRange(of: "://") else {
            throw Self.misread("has no scheme; it begins with redis://, redis+cluster:// or unix://")
        }
        let rest = url[mark.upperBound...]
        guard !rest.contains("#") else { throw Self.misread("has a '#'; write it as %23") }
        let questionMark = rest.firstIndex(of: "?") ?? rest.endIndex
        switch url[..<mark.lowerBound].lowercased() {
        case "redis": try self.init(tcp: rest[..<questionMark])
        case "redis+cluster": try self.init(cluster: rest[..<questionMark])
        case "unix": try self.init(unix: rest[..<questionMark])
        case "rediss":
            throw Self.misread(
                "asks for TLS (rediss://), which is not supported: hiredis 0.14.1 has no TLS; use redis:// or "
                    + "unix:// to a local TLS tunnel or a private network")
        default: throw Self.misread("has an unknown scheme; redis://, redis+cluster:// and unix:// are supported")
        }
        try apply(query: rest[questionMark...].dropFirst())
        guard clusterSeeds.isEmpty || database == 0 else { throw Self.misread("has a database, which a cluster lacks") }
    }

    private init(tcp text: Substring) throws(RedisError) {
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        let (user, password, address) = try Self.splitAuthority(text[..<slash])
        let (host, port) = try Self.splitAddress(address)
        self.init(.tcp(host: host, port: port), user: user, password: password)
        let path = text[slash...].dropFirst()
        if !path.isEmpty { database = try Self.database(path) }
    }

    private init(cluster text: Substring) throws(RedisError) {
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        guard text[slash...].dropFirst().isEmpty else { throw Self.misread("has a database, which a cluster lacks") }
        let (user, password, addresses) = try Self.splitAuthority(text[..<slash])
        var seeds: [Endpoint] = []
        for address in addresses.split(separator: ",", omittingEmptySubsequences: false) {
            let (host, port) = try Self.splitAddress(address)
            seeds.append(.tcp(host: host, port: port))
        }
        self.init(seeds[0], user: user, password: password)
        clusterSeeds = seeds
    }

    private init(unix text: Substring) throws(RedisError) {
        guard let slash = text.firstIndex(of: "/") else { throw Self.misread("has no socket path") }
        let (user, password, host) = try Self.splitAuthority(text[..<slash])
        guard host.isEmpty else { throw Self.misread("has a relative socket path; write unix:///absolute/path") }
        let path = try Self.decoded(text[slash...], "socket path")
        guard path.utf8.count <= Self.unixPathBytesMax, path.utf8.count > 1 else {
            throw Self.misread("has a socket path that is empty or over \(Self.unixPathBytesMax) bytes")
        }
        self.init(.unix(path: path), user: user, password: password)
    }

    private mutating func apply(query: Substring) throws(RedisError) {
        for item in query.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = pair.count == 2 ? pair[1] : ""
            switch pair[0] {
            case "db": database = try Self.database(value)
            case "user": user = try Self.decoded(value, "user")
            case "password": password = RedisPassword(try Self.decoded(value, "password"))
            default: throw Self.misread("has an unknown query item; db, user and password are known")
            }
        }
    }

    /// Splits at the last '@', so that a password with an unescaped '@' still works.
    private static func splitAuthority(
        _ text: Substring
    ) throws(RedisError) -> (user: String?, password: RedisPassword?, address: Substring) {
        guard let at = text.lastIndex(of: "@") else { return (nil, nil, text) }
        let address = text[text.index(after: at)...]
        let credentials = text[..<at]
        let colon = credentials.firstIndex(of: ":") ?? credentials.endIndex
        let user = try decoded(credentials[..<colon], "user")
        let password = try decoded(credentials[colon...].dropFirst(), "password")
        guard user.isEmpty || !password.isEmpty else { throw misread("has a user but no password") }
        return (user.isEmpty ? nil : user, password.isEmpty ? nil : RedisPassword(password), address)
    }

    private static func splitAddress(_ text: Substring) throws(RedisError) -> (host: String, port: Int) {
        var host = text
        var port: Substring = ""
        if text.first == "[" {
            guard let bracket = text.firstIndex(of: "]") else { throw misread("has a '[' without ']'") }
            host = text[text.index(after: text.startIndex)..<bracket]
            let rest = text[text.index(after: bracket)...]
            guard rest.isEmpty || rest.first == ":" else { throw misread("has text after ']'") }
            port = rest.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { throw misread("has no host") }
        guard !port.isEmpty else { return (try decoded(host, "host"), 6379) }
        guard let number = Int(port), (1...65_535).contains(number) else { throw misread("has a port out of range") }
        return (try decoded(host, "host"), number)
    }

    private static func database(_ text: Substring) throws(RedisError) -> Int {
        guard let number = Int(text), number >= 0 else { throw misread("has a database that is not a number") }
        return number
    }

    private static func decoded(_ text: Substring, _ part: String) throws(RedisError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                throw misread("has a broken percent-encoding in its \(part)")
            }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
            throw misread("has a \(part) that is not UTF-8 text")
        }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func misread(_ what: String) -> RedisError {
        RedisError(.misuse, "the Redis URL \(what)")
    }
}
