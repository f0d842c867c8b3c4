import CLibFuzzer
import FuzzInvariants
import Glibc

// libFuzzer has a main of its own, but SwiftPM renames that of an executable and expects to find it.
guard FuzzedTarget.current != nil else {
    print("FUZZ_TARGET must be one of: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
    exit(64)
}
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&count, &arguments, fuzzOneInput))
