internal import ArgumentParser
internal import Jobs
internal import Postgres

struct KindsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kinds", abstract: "Kinds of jobs, and which arguments each takes.",
        discussion: "A field with a star is required. SQL declares a kind: select portolan.define_kind(…);")

    @Flag(help: "One JSON array instead of a table.")
    var json = false

    @OptionGroup var queue: QueueOptions

    func run() async throws {
        try await queue.withQueue("kinds") { open in
            if json { return print(try await open.array(Self.sql)) }
            var table = Table(["KIND", "VERSION", "ATTEMPTS", "FIELDS"])
            for row in try await open.rows(SQL(unsafeText: "select k.*, \(Self.words) as words from (\(Self.sql)) k")) {
                table.add([
                    try row.decode("kind"), "\(try row.decode("args_version", as: Int16.self))",
                    "\(try row.decode("max_attempts", as: Int32.self))",
                    try row.decode("words", as: String?.self) ?? "none",
                ])
            }
            print(table.text)
        }
    }

    /// The fields for people: required ones first, with a star.
    private static let words = """
        (select string_agg(e.key || case when e.key = any (k.required) then '*' else '' end || ' ' || e.value, ', '
                           order by e.key <> all (k.required), e.key) from jsonb_each_text(k.fields) e)
        """

    private static let sql = """
        select k.kind, k.args_version, k.max_attempts, k.fields, k.required,
               exists (select from portolan.pauses p where p.scope = 'kind' and p.name = k.kind) as is_paused
        from portolan.job_kinds k order by k.kind, k.args_version
        """
}
