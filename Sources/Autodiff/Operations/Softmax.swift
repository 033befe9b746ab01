import Tensor

extension Variable {
    /// softmax along each row: p = e^x / Σ e^x. An element of −∞ gets p = 0.
    public func softmax() -> Variable {
        let p = value.softmax()
        return record(p) { gradient, input in
            // dx = p·(g − Σ g·p)
            input.add(p * (gradient - (gradient * p).rowSums()))
        }
    }

    /// log softmax along each row: x − log Σ e^x, exact where softmax itself would underflow.
    public func logSoftmax() -> Variable {
        let y = value.logSoftmax()
        return record(y) { gradient, input in
            // dx = g − p·Σ g
            input.add(gradient - y.exponential() * gradient.rowSums())
        }
    }
}
