import CoreMetrics
import Synchronization

/// Keeps the metrics of everything but the data path: a backend of swift-metrics.
///
/// Counters and gauges of the families in ``MetricFamily`` are kept; what else a library may want to tell is not.
final class MetricsRegistry: MetricsFactory {
    /// What tells one series of a family from the others.
    private struct Series: Hashable {
        let family: MetricFamily
        let labels: [String]

        static func == (left: Series, right: Series) -> Bool {
            left.family == right.family && left.labels == right.labels
        }
    }

    private struct State {
        var values: [Series: MetricValue] = [:]
        var labels: [Series: [(String, String)]] = [:]
    }

    /// The most series that are kept; label values come from the program and the configuration, so there are few.
    private static let seriesLimit = 1000

    private let state = Mutex(State())

    /// Counts one event.
    func count(_ family: MetricFamily, _ labels: (String, String)...) {
        Counter(label: family.name, dimensions: labels, factory: self).increment()
    }

    /// Sets a gauge.
    func set(_ family: MetricFamily, to value: Double) {
        Meter(label: family.name, factory: self).set(value)
    }

    /// Writes all families, also those of which nothing has been counted yet.
    func write(to text: inout PrometheusText) {
        let (values, labels) = state.withLock { ($0.values, $0.labels) }
        for family in MetricFamily.allCases {
            text.family(family.name, family.kind, family.help)
            let series = values.keys.filter { $0.family == family }
            for series in series.sorted(by: { $0.labels.lexicographicallyPrecedes($1.labels) }) {
                text.sample(family.name, labels[series] ?? [], fraction: values[series]?.current ?? 0)
            }
        }
    }

    private func value(_ label: String, _ dimensions: [(String, String)]) -> MetricValue {
        guard let family = MetricFamily.allCases.first(where: { $0.name == label }) else { return MetricValue() }
        let series = Series(family: family, labels: dimensions.flatMap { [$0.0, $0.1] })
        return state.withLock { state in
            if let value = state.values[series] { return value }
            let value = MetricValue()
            guard state.values.count < Self.seriesLimit else { return value }
            state.values[series] = value
            state.labels[series] = dimensions
            return value
        }
    }

    // MARK: - What swift-metrics asks for

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        value(label, dimensions)
    }

    func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        NOOPMetricsHandler.instance
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        value(label, dimensions)
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        NOOPMetricsHandler.instance
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        NOOPMetricsHandler.instance
    }

    // Counts outlive whoever counted: a counter that begins anew would look like a restart.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
