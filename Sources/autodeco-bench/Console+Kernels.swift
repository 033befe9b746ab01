import Tensor
import Terminal

extension Console {
    /// Says which kernels are measured, and warns where they are slower than the processor allows: figures of one run
    /// mean nothing beside those of another under other kernels.
    func noteKernels() {
        note(BLASKernels.summary)
        if let complaint = BLASKernels.complaint { warning(complaint) }
    }
}
