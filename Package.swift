// swift-tools-version: 6.1
import PackageDescription

// The targets stand in the order in which they may depend on one another: nothing points up.
// What each is for, and why the walls stand where they do: docs/architecture.md.
let package = Package(
    name: "portolan",
    products: [.executable(name: "portolan", targets: ["portolan"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C libraries, each imported by one Swift target only.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CSimdJSON",
            // The scanner is made of small inlined steps: without optimisation it is fifty times slower.
            cxxSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))],
            linkerSettings: [.linkedLibrary("simdjson")]),

        // Values and clients.
        .target(name: "RawJSON", dependencies: ["CSimdJSON"]),
        .target(name: "Documents", dependencies: ["CZlib"]),
        .target(
            name: "Postgres",
            dependencies: ["CLibPQ", .log, .product(name: "DequeModule", package: "swift-collections")]),
        .target(name: "Redis", dependencies: ["CHiredis", .log]),
        .target(name: "HTTP", dependencies: ["CLibCurl", .log]),
        .target(name: "Platforms", dependencies: ["Documents", "RawJSON"], plugins: ["EmbedFiles"]),

        // The parts of the fleet.
        .target(name: "Schema", dependencies: ["Platforms", "Postgres", .crypto, .log], plugins: ["EmbedFiles"]),
        .target(name: "Jobs", dependencies: ["Postgres", .log]),
        .target(name: "Limits", dependencies: ["Platforms", "Postgres", "Redis"]),
        .target(name: "Connections", dependencies: ["Platforms", "Postgres", .crypto, .log]),
        .target(
            name: "Health", dependencies: ["HTTP", "Jobs", "Platforms", "Postgres", .log], plugins: ["EmbedFiles"]),
        .target(name: "Ingest", dependencies: ["Health", "Jobs", "Platforms", "Postgres", "RawJSON", .crypto]),
        .target(name: "Scheduler", dependencies: ["Jobs", "Postgres", "Redis", .lifecycle, .log]),
        .target(
            name: "Worker",
            dependencies: [
                "Connections", "HTTP", "Health", "Ingest", "Jobs", "Limits", "Platforms", "Postgres", "RawJSON",
                "Redis",
                .lifecycle, .log, .product(name: "DequeModule", package: "swift-collections"),
            ]),
        .target(
            name: "Sandbox",
            dependencies: [
                "Platforms", .lifecycle, .log,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(name: "LocalServers", dependencies: [.log]),
        .target(
            name: "LocalFleet",
            dependencies: [
                "Connections", "HTTP", "LocalServers", "Platforms", "Postgres", "Sandbox", "Schema", .log,
            ]),
        .executableTarget(
            name: "portolan",
            dependencies: [
                "Connections", "Documents", "HTTP", "Health", "Jobs", "Limits", "LocalFleet", "LocalServers",
                "Platforms",
                "Postgres", "RawJSON", "Redis",
                "Sandbox", "Scheduler", "Schema", "Worker", .lifecycle, .log,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Built for the build: turns .sql and .contract files into Swift constants, and folders into a registry.
        .executableTarget(name: "embed-files", path: "Plugins/embed-files"),
        .plugin(name: "EmbedFiles", capability: .buildTool(), dependencies: ["embed-files"]),

        // Tests mirror the sources; TestKit is imported by test targets only.
        .target(
            name: "TestKit", dependencies: ["LocalServers", "Postgres", "Redis", "Schema", .log], path: "Tests/TestKit"),
        .target(
            name: "PlatformKit", dependencies: ["Connections", "Platforms", "RawJSON"], path: "Tests/PlatformKit"),
        .testTarget(name: "RawJSONTests", dependencies: ["RawJSON"]),
        .testTarget(name: "DocumentsTests", dependencies: ["Documents"]),
        .testTarget(
            name: "PlatformsTests",
            dependencies: ["Connections", "Documents", "PlatformKit", "Platforms", "RawJSON"],
            // Of the template for new platforms only the Swift files are built.
            exclude: ["Example/Fixtures", "Example/NOTES.md", "Example/Views"]),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", .log]),
        .testTarget(name: "RedisTests", dependencies: ["LocalServers", "Redis", "TestKit", .log]),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "Health", "Platforms"]),
        .testTarget(
            name: "LimitsTests",
            dependencies: ["Limits", "LocalServers", "Platforms", "Postgres", "Redis", "TestKit", .log]),
        .testTarget(name: "LocalServersTests", dependencies: ["LocalServers", .log]),
        .testTarget(name: "SandboxTests", dependencies: ["Platforms", "Sandbox", .lifecycle, .log]),
        .testTarget(name: "JobsTests", dependencies: ["Jobs", "LocalServers", "Postgres", "Schema", "TestKit"]),
        .testTarget(
            name: "SchemaTests", dependencies: ["LocalServers", "Platforms", "Postgres", "Schema", "TestKit"]),
        .testTarget(
            name: "IngestTests",
            dependencies: ["Ingest", "Jobs", "Platforms", "Postgres", "RawJSON", "TestKit", .crypto]),
        .testTarget(
            name: "SchedulerTests",
            dependencies: ["Jobs", "Postgres", "Scheduler", "TestKit", "portolan", .lifecycle, .log]),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "Connections", "HTTP", "Jobs", "Limits", "Platforms", "Postgres", "RawJSON", "TestKit", "Worker",
                .lifecycle, .log,
            ]),
        .testTarget(
            name: "ConnectionsTests",
            dependencies: [
                "Connections", "HTTP", "LocalServers", "Platforms", "Postgres", "Sandbox", "TestKit", .log,
            ]),
        .testTarget(
            name: "HealthTests",
            dependencies: ["HTTP", "Health", "Jobs", "Platforms", "Postgres", "RawJSON", "TestKit", .log]),
        .testTarget(
            name: "ViewsTests", dependencies: ["PlatformKit", "Platforms", "Postgres", "RawJSON", "Schema", "TestKit"]),
        .testTarget(
            name: "FleetTests",
            dependencies: [
                "HTTP", "Limits", "LocalFleet", "LocalServers", "Platforms", "Postgres", "RawJSON", "Redis", "Sandbox",
                "TestKit", "portolan", .log,
            ]),
        .testTarget(name: "TidyTests", dependencies: []),
    ],
    cxxLanguageStandard: .cxx17
)

extension Target.Dependency {
    static var log: Self { .product(name: "Logging", package: "swift-log") }
    static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
    static var lifecycle: Self { .product(name: "ServiceLifecycle", package: "swift-service-lifecycle") }
}

// Every Swift target is compiled alike.
for target in package.targets where [.regular, .executable, .test].contains(target.type) && target.name != "CSimdJSON" {
    target.swiftSettings = [
        // `any P` is written out, so that a reader sees where a value is boxed.
        .enableUpcomingFeature("ExistentialAny"),
        // A member can be used only where its module is imported: the import list tells what a file depends on.
        .enableUpcomingFeature("MemberImportVisibility"),
        // A dependency is part of a module's face only where it says so.
        .enableUpcomingFeature("InternalImportsByDefault"),
        // Async functions stay on their caller's executor unless they say otherwise.
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
