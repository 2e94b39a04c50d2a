internal import ArgumentParser

@main
struct Portolan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portolan",
        abstract: "Keeps a Postgres database up to date with what merchants have on their platforms.",
        discussion: """
            Roles:        scheduler, worker (start as many of each as you like), sandbox
            First steps:  portolan demo
            """,
        version: Build.version,
        subcommands: [
            DemoCommand.self, MigrateCommand.self, ConnectionsCommand.self, EnqueueCommand.self, StatusCommand.self,
            BackfillCommand.self, BackfillsCommand.self,
            StreamsCommand.self, SchedulesCommand.self, CopiesCommand.self,
            JobsCommand.self, ErrorsCommand.self, AlertsCommand.self, KindsCommand.self, PauseCommand.self,
            ResumeCommand.self,
            PausesCommand.self,
            GatesCommand.self, RequestsCommand.self, WorkersCommand.self, LimitsCommand.self, PlatformsCommand.self,
            KeysCommand.self, SchedulerCommand.self,
            WorkerCommand.self, SandboxCommand.self, BenchCommand.self,
        ])
}

/// What this program is.
enum Build {
    static let version = "0.1.0"

    /// How it was compiled: benchmarks of a debug build measure the debug build.
    static var mode: String {
        #if DEBUG
            "debug"
        #else
            "release"
        #endif
    }
}
