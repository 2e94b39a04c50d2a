internal import Jobs

/// Runs `sync` and `report` jobs, a slice at a time.
struct StreamHandler: JobHandler {
    let context: SliceContext
    let kind: JobKind

    var newestVersion: Int { kind.newestVersion }

    func run(_ job: LeasedJob) async -> Ran {
        var slice = Slice(job, in: context)
        return await slice.run()
    }
}
