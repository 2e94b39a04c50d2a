import Foundation
import PackagePlugin

/// Turns files that are not Swift into Swift constants, so that there is one executable and no resource bundle.
///
/// For `Platforms`: the views of every platform's folder and the list of platforms, so that a new folder is all
/// it takes to add one. For `Health`: the texts people read, a file a language. For `Schema`: what stands in
/// `Migrations/` at the top of the package.
@main
struct EmbedFiles: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let modes = ["Platforms": "platforms", "Health": "texts"]
        let mode = modes[target.name] ?? "migrations"
        let folder =
            mode == "migrations" ? context.package.directoryURL.appending(path: "Migrations") : target.directoryURL
        // Every other file is an input too: SwiftPM then knows that it is not forgotten in the target.
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter {
                ["sql", "contract", "json", "jsonl", "xml", "md", "txt", "tsv", "html"].contains(
                    ($0 as NSString).pathExtension)
            }
            .sorted()
        let embedded = files.filter {
            let isText = mode == "texts" && $0.hasPrefix("Texts/") && $0.hasSuffix(".json")
            return isText
                || ["sql", "contract"].contains(($0 as NSString).pathExtension) && !$0.hasSuffix(".golden.sql")
        }
        let output = context.pluginWorkDirectoryURL.appending(path: "Embedded.swift")
        return [
            .buildCommand(
                displayName: "Embedding \(embedded.count) files of \(folder.lastPathComponent)",
                executable: try context.tool(named: "embed-files").url,
                arguments: [mode, folder.path, output.path] + embedded,
                inputFiles: files.map { folder.appending(path: $0) },
                outputFiles: [output])
        ]
    }
}
