import Tensor
import Terminal

// Looks into any artefact of this toolkit, and is how one is held against another implementation.

if let better = BLASKernels.better { Restart.setting(BLASKernels.variable, to: better) }

Command(
    "autodeco-inspect", "Looks into any artefact: models, caches, heads, tokens, losses, training runs, verdicts.",
    subcommands: [
        modelCommand, cacheCommand, headsCommand, hiddenCommand, tokensCommand, predictCommand, lossCommand,
        diagnoseCommand, constantsCommand, runsCommand, mergeCommand, splitCommand, judgeCommand, tensorsCommand,
        chatCommand,
    ]
).main(kernels: BLASKernels.summary)
