// swift-tools-version: 6.2
import PackageDescription

// The fuzzer is a package of its own, so that building Portcullis neither builds nor needs it. It reaches the parsers
// through one public name, FuzzTarget of the library FuzzInvariants: everything below that is `package`, which another
// package does not see, and so no flag has to open it.
//
// `deploy/demo/fuzz.sh` passes `-sanitize=fuzzer,address`: on the command line the flag reaches the parsers too, which
// have to be instrumented, while a setting here would reach these few lines alone.
let package = Package(
    name: "portcullis-fuzz",
    dependencies: [.package(name: "portcullis", path: "..")],
    targets: [
        .systemLibrary(name: "CLibFuzzer"),
        .executableTarget(
            name: "Fuzz", dependencies: ["CLibFuzzer", .product(name: "FuzzInvariants", package: "portcullis")]),
    ]
)
