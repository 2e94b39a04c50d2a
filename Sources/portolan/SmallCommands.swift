internal import ArgumentParser
internal import Logging
internal import Platforms
internal import Postgres
internal import Schema

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database to the schema of this version; safe to run at any time.",
        discussion: "Forward only. Twenty at once do no harm. Views are re-applied when their text has changed.")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var log: LogOptions

    func run() async throws {
        let logger = try log.logger("portolan.migrate")
        let pool = try database.pool(applicationName: "portolan migrate", connectionsMax: 1, logger: logger)
        let report = try await Migrator(pool: pool, logger: logger).migrate()
        await pool.shutdown(within: .seconds(2))
        for name in report.applied { print("applied \(name)") }
        if report.functionsChanged { print("functions applied") }
        if report.viewsChanged { print("views applied") }
        if report.grantsChanged > 0 { print("rights put right: \(report.grantsChanged)") }
        if report.applied.isEmpty && !report.functionsChanged && !report.viewsChanged && report.grantsChanged == 0 {
            print("nothing to do")
        }
        if !report.missingRoles.isEmpty {
            Environment.printError(
                "no rights were granted: the roles \(report.missingRoles.joined(separator: ", ")) are missing, and this "
                    + "user may not make them; an administrator can: deploy/postgres/roles.sql")
        }
    }
}

struct PlatformsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platforms", abstract: "Which platforms there are.", subcommands: [List.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "Platforms and their resources.")

        func run() async throws {
            for platform in allPlatforms {
                print("\(platform.key)  (\(platform.name), interface \(platform.apiVersion))")
                print("  resources    \(platform.resources.map(\.name).joined(separator: ", "))")
                for method in platform.authentication.methods {
                    print("  sign in      \(method.name): \(method.summary)")
                    for field in method.fields { print("    credential \(field.name): \(field.help)") }
                }
                for setting in platform.settings {
                    let standard = setting.standard.map { " Unless said: \($0)." } ?? ""
                    print("  setting      \(setting.name): \(setting.help)\(standard)")
                }
                switch platform.hosting {
                case .shared(let url): print("  base URL     \(url)")
                case .perMerchant(let pattern): print("  base URL     \(pattern)")
                case .selfHosted: print("  base URL     the store's own address")
                case .regional(let regions):
                    for region in regions { print("  base URL     \(region.baseURL) (--region \(region.name))") }
                }
            }
        }
    }
}
