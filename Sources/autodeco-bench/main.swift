import Terminal

// Measures what this toolkit promises, always as ratios within one run.

Command(
    "autodeco-bench", "Measures the toolkit on this machine.", subcommands: [lossBenchmark, decodeBenchmark, memoryBenchmark]
).main()
