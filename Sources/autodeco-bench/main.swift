import Tensor
import Terminal

// Measures what this toolkit promises, always as ratios within one run.

if let better = BLASKernels.better { Restart.setting(BLASKernels.variable, to: better) }

Command(
    "autodeco-bench", "Measures the toolkit on this machine.",
    subcommands: [
        lossBenchmark, trainBenchmark, cacheBenchmark, decodeBenchmark, modelBenchmark, rolloutBenchmark,
        memoryBenchmark,
    ]
).main(kernels: BLASKernels.summary)
