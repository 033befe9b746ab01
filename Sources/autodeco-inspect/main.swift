import Terminal

// Looks into any artefact of this toolkit, and is how one is held against another implementation.

Command(
    "autodeco-inspect", "Looks into any artefact: heads, losses, tokens.",
    subcommands: [headsCommand, predictCommand, lossCommand, tokensCommand]
).main()
