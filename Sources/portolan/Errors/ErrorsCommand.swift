internal import ArgumentParser

struct ErrorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errors", abstract: "What went wrong, and what it means.",
        subcommands: [
            List.self, Show.self, ExplainCommand.self, Resolve.self, Ignore.self, Reopen.self,
        ], defaultSubcommand: List.self)
}
