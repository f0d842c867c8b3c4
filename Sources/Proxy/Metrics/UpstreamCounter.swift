/// Where one event loop counts how long the upstreams of one name had requests, whatever configuration they are from.
final class UpstreamCounter {
    let name: String
    var durations = DurationHistogram()

    init(name: String) {
        self.name = name
    }
}
