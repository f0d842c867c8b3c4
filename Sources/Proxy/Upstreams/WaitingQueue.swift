/// Those who wait for a connection, first come first served, as a value.
///
/// Whoever leaves early costs nothing now: the place stays empty until it is reached or too many are.
struct WaitingQueue<Element> {
    /// A place in the queue.
    typealias Ticket = UInt64

    private var places: [(ticket: Ticket, element: Element?)] = []
    private var front = 0
    private var nextTicket: Ticket = 0
    /// How many wait.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// How many places there are, the empty ones included.
    var placeCount: Int { places.count }

    /// Queues at the end.
    mutating func append(_ element: Element) -> Ticket {
        nextTicket &+= 1
        places.append((nextTicket, element))
        count += 1
        return nextTicket
    }

    /// Whose turn it is.
    mutating func popFirst() -> Element? {
        while front < places.count {
            let element = places[front].element
            places[front].element = nil
            front += 1
            if let element {
                count -= 1
                tidy()
                return element
            }
        }
        tidy()
        return nil
    }

    /// Leaves the queue, if still in it.
    mutating func remove(_ ticket: Ticket) {
        // Tickets ascend.
        var (low, high) = (front, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].ticket < ticket { low = middle + 1 } else { high = middle }
        }
        guard low < places.count, places[low].ticket == ticket, places[low].element != nil else { return }
        places[low].element = nil
        count -= 1
        tidy()
    }

    /// Gives empty places back once they are the greater part.
    private mutating func tidy() {
        guard places.count > 32, places.count > 2 * count else { return }
        places = places.dropFirst(front).filter { $0.element != nil }
        front = 0
    }
}
