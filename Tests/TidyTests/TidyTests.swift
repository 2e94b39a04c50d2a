import Foundation
import Testing

/// What no compiler checks: which module may know which, and what must not stand in the tree.
@Suite("The tree is tidy")
struct TidyTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func files(under folder: String, ending: Set<String>) throws -> [(path: String, text: String)] {
        try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path).sorted()
            .filter { ending.contains(($0 as NSString).pathExtension) }
            .map {
                ("\(folder)/\($0)", try String(contentsOf: root.appending(path: "\(folder)/\($0)"), encoding: .utf8))
            }
    }

    private static func imports(in text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index <= 2, words.count > index + 1,
                words[..<index].allSatisfy({
                    ["public", "package", "internal", "private", "@testable", "@preconcurrency"].contains($0)
                })
            else { return nil }
            return String(words[index + 1])
        }
    }

    /// The walls: for each module, what of ours it may import. What is not listed may import nothing of ours.
    private static let walls: [String: Set<String>] = [
        "RawJSON": ["CSimdJSON"], "Postgres": ["CLibPQ"], "Redis": ["CHiredis"], "HTTP": ["CLibCurl"],
        "Documents": ["CZlib"],
        "Platforms": ["Documents", "RawJSON"],
        "Schema": ["Platforms", "Postgres"], "Jobs": ["Postgres"],
        "Limits": ["Platforms", "Postgres", "Redis"],
        "Connections": ["Platforms", "Postgres"], "Health": ["HTTP", "Jobs", "Platforms", "Postgres"],
        "Ingest": ["Health", "Jobs", "Platforms", "Postgres", "RawJSON"],
        "Scheduler": ["Jobs", "Postgres", "Redis"],
        "Worker": [
            "Connections", "HTTP", "Health", "Ingest", "Jobs", "Limits", "Platforms", "Postgres", "RawJSON", "Redis",
        ],
        "Sandbox": ["Platforms"], "LocalServers": [],
        "LocalFleet": ["Connections", "HTTP", "LocalServers", "Platforms", "Postgres", "Sandbox", "Schema"],
        "portolan": [
            "Connections", "Documents", "HTTP", "Health", "Jobs", "Limits", "LocalFleet", "LocalServers", "Platforms",
            "Postgres",
            "RawJSON", "Redis",
            "Sandbox", "Scheduler", "Schema", "Worker",
        ],
    ]

    @Test("no module imports one that it may not know")
    func walls() throws {
        let ours = Set(Self.walls.keys).union(["CSimdJSON", "CLibPQ", "CHiredis", "CLibCurl", "CZlib"])
        for (path, text) in try Self.files(under: "Sources", ending: ["swift"]) {
            let module = String(path.split(separator: "/")[1])
            let allowed = try #require(Self.walls[module], "\(module) has no entry in the list of walls")
            for name in Self.imports(in: text) where ours.contains(name) {
                #expect(allowed.contains(name), "\(path) imports \(name)")
            }
        }
    }

    @Test("a platform does no I/O: it imports nothing that could")
    func platformsAreValues() throws {
        let allowed: Set<String> = ["Documents", "RawJSON", "FoundationEssentials", "Platforms", "Synchronization"]
        for (path, text) in try Self.files(under: "Sources/Platforms", ending: ["swift"]) {
            for name in Self.imports(in: text) {
                #expect(allowed.contains(name), "\(path) imports \(name)")
            }
            for call in ["FileManager", "ProcessInfo", "Date()", "Date.now", "SystemRandomNumberGenerator", "UUID()"] {
                #expect(!text.contains(call), "\(path) uses \(call): time, randomness and files come in as parameters")
            }
        }
    }

    @Test("the compiler's checks of shared state are switched off only with a reason beside it")
    func uncheckedHasReasons() throws {
        for (path, text) in try Self.files(under: "Sources", ending: ["swift"]) {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated()
            where (line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)"))
                && !line.drop(while: { $0 == " " }).hasPrefix("//")
            {
                let around = lines[max(0, index - 8)...min(lines.count - 1, index + 3)]
                #expect(
                    around.contains { $0.contains("//") }, "\(path):\(index + 1) switches a check off without a reason")
            }
        }
    }

    @Test("nothing is unfinished, and nothing of somebody's machine is named")
    func bannedWords() throws {
        let banned = ["TO" + "DO", "FIX" + "ME", "for " + "now,", "/wo" + "rk/", "/tmp" + "/h/"]
        for folder in ["Sources", "Tests", "Migrations", "Plugins", "docs", "deploy"] {
            for (path, text) in try Self.files(
                under: folder, ending: ["swift", "sql", "md", "yaml", "yml", "sh", "py", "h", "cpp"])
            {
                for word in banned {
                    #expect(!text.contains(word), "\(path) contains \(word)")
                }
            }
        }
    }

    @Test("files and lines stay readable")
    func sizes() throws {
        for (path, text) in try Self.files(under: "Sources", ending: ["swift"]) {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 520, "\(path) has \(lines.count) lines")
            for (index, line) in lines.enumerated() where line.count > 160 {
                Issue.record("\(path):\(index + 1) has \(line.count) characters")
            }
        }
    }

    @Test("migrations say why, what they lock and whether they break anything")
    func migrationHeaders() throws {
        for (path, text) in try Self.files(under: "Migrations", ending: ["sql"])
        where !path.contains("/views/") && !path.contains("/functions/") && !path.hasSuffix(".golden.sql") {
            for word in ["-- Why:", "-- Locks:", "-- Breaking:"] {
                #expect(text.contains(word), "\(path) lacks \(word)")
            }
        }
    }

    @Test("every platform's folder has its notes, views and fixtures, and is named after its key")
    func platformFolders() throws {
        let folder = Self.root.appending(path: "Sources/Platforms")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name != "Core" {
            for file in ["NOTES.md", "Views", "Fixtures", "Fixtures/SOURCES.md", "\(name)Platform.swift"] {
                #expect(
                    FileManager.default.fileExists(atPath: folder.appending(path: "\(name)/\(file)").path),
                    "Sources/Platforms/\(name) lacks \(file)")
            }
        }
    }

    @Test("links between documents lead somewhere")
    func links() throws {
        var documents = try Self.files(under: "docs", ending: ["md"])
        for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
            documents.append((name, try String(contentsOf: Self.root.appending(path: name), encoding: .utf8)))
        }
        let pattern = /\]\(([^)#\s]+)(#[^)]*)?\)/
        for (path, text) in documents {
            for match in text.matches(of: pattern) where !match.1.contains("://") {
                let target = Self.root.appending(path: path).deletingLastPathComponent().appending(
                    path: String(match.1))
                #expect(FileManager.default.fileExists(atPath: target.path), "\(path) links to \(match.1)")
            }
        }
    }
}
