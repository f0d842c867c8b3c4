import Foundation
import TestSupport
import Testing

/// `curl`, which speaks HTTP/2 to a gateway: over TLS with the authority's file, else with prior knowledge.
struct HTTP2Program {
    let port: Int
    let authorityFile: String?

    private var base: String { authorityFile == nil ? "http://localhost:\(port)" : "https://localhost:\(port)" }

    private func start(_ arguments: [String]) throws -> ProgramRun {
        let version = authorityFile.map { ["--http2", "--cacert", $0] } ?? ["--http2-prior-knowledge"]
        return try ProgramRun(
            URL(fileURLWithPath: "/usr/bin/curl"), ["--silent", "--no-buffer", "--ipv4"] + version + arguments,
            directory: FileManager.default.temporaryDirectory)
    }

    /// One request; the status of its answer, when that came by HTTP/2.
    func call(_ method: String, _ path: String, _ token: String) async throws -> String {
        let run = try start([
            "--request", method, "--header", "Authorization: Bearer \(token)", "--output", "/dev/null", "--write-out",
            "%{http_version} %{http_code}", base + path,
        ])
        #expect(await run.end() == 0, "\(run.errors)")
        let parts = run.output.split(separator: " ")
        try #require(parts.count == 2 && parts[0] == "2", "\(run.output)")
        return String(parts[1])
    }

    /// A request whose answer goes on until the gateway ends it; its head is on standard output.
    func open(_ path: String, _ token: String) throws -> ProgramRun {
        try start(["--include", "--header", "Authorization: Bearer \(token)", base + path])
    }
}
