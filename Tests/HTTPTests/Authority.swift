internal import Foundation

/// A certificate authority for one test, made with openssl.
struct Authority {
    let directory: URL
    /// The authority's own certificate, as a PEM file.
    let certificate: String

    /// What is wrong with a certificate.
    enum Flaw: String, CaseIterable, Sendable {
        case none, expired, notYetValid, otherName, selfSigned, otherAuthority
    }

    init(in directory: URL) throws {
        self.directory = directory
        certificate = try Self.makeRoot("authority", in: directory)
    }

    /// Makes a certificate for `localhost`, or nearly; returns it and its key as PEM files.
    func issue(_ flaw: Flaw) throws -> (certificate: String, key: String) {
        let base = directory.appendingPathComponent(flaw.rawValue).path
        let (key, request, made) = (base + ".key", base + ".csr", base + ".pem")
        let name = flaw == .otherName ? "other.example" : "localhost"
        let subject = ["-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)"]
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
        if flaw == .selfSigned {
            _ = try runProgram("openssl", ["req", "-x509", "-days", "2", "-out", made] + newKey + subject)
            return (made, key)
        }
        _ = try runProgram("openssl", ["req", "-out", request] + newKey + subject)
        var root = "authority"
        if flaw == .otherAuthority {
            root = "stranger"
            _ = try Self.makeRoot(root, in: directory)
        }
        let (from, to) =
            switch flaw {
            case .expired: ("20200101000000Z", "20200201000000Z")
            case .notYetValid: ("20990101000000Z", "20990201000000Z")
            default: ("20200101000000Z", "20990201000000Z")
            }
        let database = base + ".db"
        let configuration = base + ".conf"
        try """
        [ca]
        default_ca = own
        [own]
        database = \(database)
        new_certs_dir = \(directory.path)
        rand_serial = yes
        default_md = sha256
        policy = any
        copy_extensions = copy
        [any]
        commonName = supplied
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        try "".write(toFile: database, atomically: true, encoding: .utf8)
        _ = try runProgram(
            "openssl",
            [
                "ca", "-batch", "-notext", "-config", configuration, "-in", request, "-out", made, "-startdate", from,
                "-enddate", to, "-cert", directory.appendingPathComponent(root + ".pem").path, "-keyfile",
                directory.appendingPathComponent(root + ".key").path,
            ])
        return (made, key)
    }

    private static func makeRoot(_ name: String, in directory: URL) throws -> String {
        let base = directory.appendingPathComponent(name).path
        _ = try runProgram(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-keyout", base + ".key", "-out", base + ".pem",
            ])
        return base + ".pem"
    }
}
