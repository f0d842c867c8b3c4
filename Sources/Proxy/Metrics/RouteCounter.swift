/// Where one event loop counts the answers of routes with one label, whatever configuration they are from.
final class RouteCounter {
    let label: String
    var counts = RouteCounts()

    init(label: String) {
        self.label = label
    }
}
