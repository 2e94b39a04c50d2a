internal import ArgumentParser
internal import Connections
internal import Logging
internal import Postgres
internal import Redis

/// Where the database is. A flag beats the environment.
struct DatabaseOptions: ParsableArguments {
    @Option(name: .customLong("database-url"), help: "libpq URL of the database. Default: $PORTOLAN_DATABASE_URL.")
    var databaseURL: String?

    /// - Throws: an error that names the variable when neither is given.
    func configuration(applicationName: String) throws -> PostgresConfiguration {
        guard let url = databaseURL ?? Environment.value("PORTOLAN_DATABASE_URL") else {
            throw SettingsError(
                "no database: set PORTOLAN_DATABASE_URL, e.g. postgresql://portolan@db.example.com/portolan, or pass --database-url"
            )
        }
        var configuration = try PostgresConfiguration(url: url)
        configuration.applicationName = applicationName
        return configuration
    }

    func pool(applicationName: String, connectionsMax: Int = 4, logger: Logger) throws -> PostgresPool {
        var limits = PostgresPool.Limits()
        limits.connectionsMax = connectionsMax
        return PostgresPool(try configuration(applicationName: applicationName), limits: limits, logger: logger)
    }
}

/// Where Redis is. A flag beats the environment.
struct RedisOptions: ParsableArguments {
    @Option(name: .customLong("redis-url"), help: "redis:// or unix:// URL. Default: $PORTOLAN_REDIS_URL.")
    var redisURL: String?

    func client(logger: Logger) throws -> any RedisService {
        guard let url = redisURL ?? Environment.value("PORTOLAN_REDIS_URL") else {
            throw SettingsError(
                "no Redis: set PORTOLAN_REDIS_URL, e.g. redis://redis.example.com:6379/0, or pass --redis-url")
        }
        var configuration = try RedisConfiguration(url: url)
        // Found again before the limiter counts it as lost.
        configuration.reconnectDelayMax = .seconds(1)
        return configuration.connect(logger: logger)
    }
}

/// The keys that credentials are sealed with. Never a flag: flags are visible to every user of the machine.
enum MasterKey {
    static func vault() throws -> Vault {
        if let text = Environment.value("PORTOLAN_MASTER_KEY") { return try Vault(masterKey: Secret(text)) }
        if let path = Environment.value("PORTOLAN_MASTER_KEY_FILE") { return try Vault(keyFile: path) }
        throw SettingsError(
            "no master key: set PORTOLAN_MASTER_KEY or PORTOLAN_MASTER_KEY_FILE; make one with: portolan keys make")
    }
}

/// How much is logged, to standard error.
struct LogOptions: ParsableArguments {
    @Option(
        name: .customLong("log-level"),
        help: """
            trace, debug, info, notice, warning, error. Default: $PORTOLAN_LOG_LEVEL, else info for roles and \
            warning for other commands.
            """)
    var level: String?

    /// - Parameter standard: the level where neither flag nor environment says one.
    func logger(_ label: String, standard: Logger.Level = .warning) throws -> Logger {
        let word = level ?? Environment.value("PORTOLAN_LOG_LEVEL") ?? standard.rawValue
        guard let level = Logger.Level(rawValue: word) else {
            throw SettingsError("`\(word)` is not a log level; use trace, debug, info, notice, warning or error")
        }
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}

/// What is wrong with how the program was called.
struct SettingsError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
