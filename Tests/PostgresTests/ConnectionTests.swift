import Testing

@testable import Postgres

@Suite("Connection")
struct ConnectionTests {
    @Test("a server error carries SQLSTATE, constraint and table; its description keeps the values out")
    func serverErrors() async throws {
        try await withConnection { connection in
            try await connection.query(
                "create temp table t (id int8 constraint t_once primary key, word text not null)")
            try await connection.query("insert into t values ($1, $2)", [4711, "x"])
            let unique = try await postgresError {
                try await connection.query("insert into t values ($1, $2)", [4711, "secret"])
            }
            #expect(unique.code == .server && unique.sqlState == "23505" && unique.isUniqueViolation)
            #expect(unique.constraint == "t_once" && unique.server?.table == "t")
            #expect(!"\(unique)".contains("4711"))
            #expect(unique.debugDescription.contains("4711"))
            let missing = try await postgresError {
                try await connection.query("insert into t values ($1, $2)", [1, nil as String?])
            }
            #expect(missing.server?.column == "word" && missing.sqlState == "23502")
            let malformed = try await postgresError {
                try await connection.query("select $1::text::uuid", ["4711-secret"])
            }
            #expect(malformed.sqlState == "22P02" && !"\(malformed)".contains("secret"))
            #expect(!malformed.isTransient)
            // None of this has harmed the connection.
            #expect(try await connection.query("select count(*) as n from t")[0].decode("n", as: Int.self) == 1)
        }
    }

    @Test("results tell how many rows were touched and by what")
    func counts() async throws {
        try await withConnection { connection in
            try await connection.query("create temp table t (id int8)")
            let inserted = try await connection.query("insert into t select generate_series(1, 42)")
            #expect(inserted.affectedRowCount == 42 && inserted.isEmpty && inserted.commandTag == "INSERT 0 42")
            #expect(
                try await connection.query("select id from t order by id").map { try $0.decode(at: 0, as: Int.self) }
                    == Array(1...42))
            #expect(try await connection.query("").isEmpty)
        }
    }

    @Test("many callers of one connection take turns")
    func turns() async throws {
        try await withConnection { connection in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        if number % 3 == 0 {
                            let results = try await connection.queryAll([
                                PostgresStatement("select $1 as n", [number]), PostgresStatement("select 1"),
                            ])
                            return try results[0].get()[0].decode("n", as: Int.self) == number
                        }
                        return try await connection.query("select $1 as n", [number])[0].decode("n", as: Int.self)
                            == number
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test("a statement is prepared once for a session, and again in the next")
    func preparedStatements() async throws {
        try await withConnection { connection in
            let prepared: SQL =
                "select count(*) as n from pg_prepared_statements where statement like 'select $1::int8 + 1%'"
            let sql: SQL = "select $1::int8 + 1 as n"
            for number in 0..<3 {
                #expect(try await connection.query(sql, [number])[0].decode("n", as: Int.self) == number + 1)
            }
            #expect(try await connection.query(prepared)[0].decode("n", as: Int.self) == 1)

            let backend = try await connection.query("select pg_backend_pid() as pid")[0].decode("pid", as: Int32.self)
            try await withConnection { other in
                try await other.query("select pg_terminate_backend($1)", [backend])
            }
            let lost = try await postgresError { try await connection.query(sql, [1]) }
            #expect(lost.code == .connectionLost && lost.isTransient)
            #expect(try await postgresError { try await connection.query(sql, [1]) }.code == .connectionLost)
            try await connection.connect()
            #expect(try await connection.query(sql, [5])[0].decode("n", as: Int.self) == 6)
            #expect(try await connection.query(prepared)[0].decode("n", as: Int.self) == 1)
        }
    }

    @Test("a statement the server has dropped is run all the same")
    func deallocated() async throws {
        try await withConnection { connection in
            let sql: SQL = "select $1::int8 as n"
            try await connection.query(sql, [1])
            try await connection.executeScript("deallocate all")
            #expect(try await connection.query(sql, [2])[0].decode("n", as: Int.self) == 2)
            // From then on nothing is named, as something must be getting in between.
            #expect(await !connection.usesNamedStatements)
        }
    }

    @Test("a statement whose result changed shape is run again outside a transaction, and reported inside one")
    func changedPlan() async throws {
        try await withConnection { connection in
            let sql: SQL = "select * from shape"
            try await connection.query("create temp table shape (a int)")
            try await connection.query(sql)
            try await connection.query("alter table shape add column b text")
            #expect(try await connection.query(sql).columns.map(\.name) == ["a", "b"])
            let error = try await postgresError {
                try await connection.withTransaction { tx in
                    try await tx.query("alter table shape drop column b")
                    try await tx.query(sql)
                }
            }
            #expect(error.sqlState == "0A000")
            let columns = try await connection.withTransaction { tx in try await tx.query(sql).columns.map(\.name) }
            #expect(columns == ["a", "b"])
        }
    }

    @Test("without named statements nothing is left behind in the session")
    func unnamed() async throws {
        try await withConnection {
            $0.preparedStatements = false
        } _: { connection in
            try await connection.query("select $1::int8", [1])
            #expect(
                try await connection.query("select count(*) as n from pg_prepared_statements")[0].decode(
                    "n", as: Int.self) == 0)
        }
    }

    @Test("a script runs as one transaction and reports its first error")
    func scripts() async throws {
        try await withConnection { connection in
            try await connection.executeScript(
                "create temp table t (a int); insert into t values (1); insert into t values (2);")
            let error = try await postgresError {
                try await connection.executeScript("insert into t values (3); select 1/0; insert into t values (4)")
            }
            #expect(error.sqlState == "22012")
            #expect(try await connection.query("select count(*) as n from t")[0].decode("n", as: Int.self) == 2)
            let copy = try await postgresError { try await connection.executeScript("copy t from stdin") }
            #expect(copy.code == .misuse)
            #expect(
                try await postgresError { try await connection.query(SQL(unsafeText: "select 1\0; select 2")) }.code
                    == .misuse)
        }
    }

    @Test("the server's own time limit follows calls that may take longer, and comes back")
    func serverTimeLimit() async throws {
        try await withConnection {
            $0.statementTimeLimit = .seconds(20)
        } _: { connection in
            let show: SQL = "select current_setting('statement_timeout') as value"
            #expect(try await connection.query(show)[0].decode("value", as: String.self) == "21s")
            #expect(
                try await connection.query(show, timeLimit: .seconds(119))[0].decode("value", as: String.self) == "2min"
            )
            #expect(
                try await connection.query(show, timeLimit: .seconds(1))[0].decode("value", as: String.self) == "21s")
            let raised = try await connection.withTransaction { tx in try await tx.query(show, timeLimit: .seconds(119))
            }
            #expect(try raised[0].decode("value", as: String.self) == "2min")
            #expect(try await connection.query(show)[0].decode("value", as: String.self) == "21s")
        }
    }

    @Test("a closed connection, and one that was never connected, say so")
    func closed() async throws {
        let connection = PostgresConnection(PrivateServer.shared.configuration(), logger: quietLogger)
        #expect(try await postgresError { try await connection.query("select 1") }.code == .connectionLost)
        try await connection.connect()
        try await connection.connect()
        try await connection.query("select 1")
        await connection.close()
        #expect(try await postgresError { try await connection.query("select 1") }.code == .misuse)
        #expect(try await postgresError { try await connection.connect() }.code == .misuse)
    }

    @Test("a refused connect carries the server's SQLSTATE and is not worth repeating")
    func refused() async throws {
        let url = PrivateServer.shared.url.replacing("/postgres?", with: "/nowhere?")
        let connection = PostgresConnection(try PostgresConfiguration(url: url), logger: quietLogger)
        let error = try await postgresError { try await connection.connect() }
        #expect(error.code == .connectFailed && error.sqlState == "3D000" && !error.isTransient)
        let absent = PostgresConnection(try PostgresConfiguration(url: "host=/nonexistent"), logger: quietLogger)
        let none = try await postgresError { try await absent.connect() }
        #expect(none.code == .connectFailed && none.sqlState == nil && none.isTransient)
    }
}

@Suite("Configuration")
struct ConfigurationTests {
    @Test("no way of printing a configuration shows the password")
    func redaction() throws {
        for url in [
            "postgresql://bob:pa55word@db.example:5433/shop?sslmode=verify-full",
            "host=db.example password=pa55word user=bob",
        ] {
            let configuration = try PostgresConfiguration(url: url)
            var dumped = ""
            dump([configuration], to: &dumped)
            for text in [
                "\(configuration)", String(reflecting: configuration), "\([configuration])", "\(["k": configuration])",
                dumped,
            ] {
                #expect(!text.contains("pa55word"))
                #expect(text.contains("host=db.example"))
            }
            #expect(
                configuration.connectionParameters(withStartupOptions: true).contains { $0 == ("password", "pa55word") }
            )
        }
        let pool = PostgresPool(
            try PostgresConfiguration(url: "postgresql://bob:pa55word@db.example"), logger: quietLogger)
        var dumped = ""
        dump(pool, to: &dumped)
        #expect(!dumped.contains("pa55word"))
    }

    @Test("a malformed connection string is refused without repeating it")
    func malformed() async throws {
        let error = try await postgresError { _ = try PostgresConfiguration(url: "postgresql://bob:pa55word@[::1/db") }
        #expect(error.code == .configuration)
        #expect(!"\(error)\(error.debugDescription)".contains("pa55word"))
    }

    @Test("a wrong password shows neither in the error nor anywhere in it")
    func wrongPassword() async throws {
        try await withConnection { connection in
            try await connection.executeScript("create role locked login password 'right'")
        }
        let url = PrivateServer.shared.url.replacing("postgres@", with: "locked:pa55word@").replacing(
            "/postgres?", with: "/nowhere?")
        let connection = PostgresConnection(try PostgresConfiguration(url: url), logger: quietLogger)
        let error = try await postgresError { try await connection.connect() }
        #expect(!"\(error)\(error.debugDescription)".contains("pa55word"))
    }

    @Test("options of the URL win over defaults, and start-up options are joined")
    func merging() throws {
        var configuration = try PostgresConfiguration(
            url:
                "postgresql://h/db?application_name=mine&keepalives_idle=7&options=-c%20work_mem%3D8MB"
                + "&connect_timeout=3&sslmode=verify-full"
        )
        configuration.statementTimeLimit = .milliseconds(1500)
        let parameters = Dictionary(
            uniqueKeysWithValues: configuration.connectionParameters(withStartupOptions: true).map {
                ($0.keyword, $0.value)
            })
        #expect(parameters["application_name"] == "mine")
        #expect(parameters["keepalives_idle"] == "7")
        #expect(parameters["options"] == "-c work_mem=8MB -c statement_timeout=2500")
        #expect(parameters["sslmode"] == "verify-full")
        #expect(configuration.connectTimeLimit == .seconds(3))
    }
}
