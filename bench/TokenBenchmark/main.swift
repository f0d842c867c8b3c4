// What a token costs: time, allocations, and memory for one that is remembered.
//
//   token-benchmark               prints all figures
//   token-benchmark guard FILE    fails where allocations or memory are above the limits of a file
//   token-benchmark run CASE N    does one thing N times, for counting instructions
import CAllocations
import Foundation

let arguments = CommandLine.arguments.dropFirst()
let cases = try Cases()
switch (arguments.first, arguments.count) {
case (nil, _):
    try Report(cases).printAll()
case ("guard", 2):
    let limits = try Limits(path: arguments[arguments.startIndex + 1])
    exit(try Report(cases).isWithin(limits) ? 0 : 1)
case ("run", 3):
    let (name, count) = (arguments[arguments.startIndex + 1], Int(arguments[arguments.startIndex + 2]) ?? 0)
    guard let operation = cases.operation(named: name) else { exit(64) }
    for _ in 0..<count { operation() }
default:
    FileHandle.standardError.write(Data("usage: token-benchmark [guard FILE | run CASE N]\n".utf8))
    exit(64)
}
