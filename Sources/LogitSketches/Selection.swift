/// Moves the k-th element of the order to its place, those before it before, and returns it (Hoare's selection,
/// linear on average).
func select<T>(_ values: inout [T], _ k: Int, by precedes: (T, T) -> Bool) -> T {
    var low = 0, high = values.count - 1
    while low < high {
        // The median of three as pivot keeps sorted input linear.
        let middle = (low + high) / 2
        if precedes(values[middle], values[low]) { values.swapAt(middle, low) }
        if precedes(values[high], values[low]) { values.swapAt(high, low) }
        if precedes(values[high], values[middle]) { values.swapAt(high, middle) }
        let pivot = values[middle]
        var i = low, j = high
        while i <= j {
            while precedes(values[i], pivot) { i += 1 }
            while precedes(pivot, values[j]) { j -= 1 }
            if i <= j {
                values.swapAt(i, j)
                i += 1
                j -= 1
            }
        }
        if k <= j { high = j } else if k >= i { low = i } else { break }
    }
    return values[k]
}
