// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "autodeco",
    products: [
        .library(name: "AutoDecoHeads", targets: ["AutoDecoHeads"]),
        .library(name: "Autodiff", targets: ["Autodiff"]),
        .library(name: "Backbone", targets: ["Backbone"]),
        .library(name: "Decoding", targets: ["Decoding"]),
        .library(name: "Files", targets: ["Files"]),
        .library(name: "GGUF", targets: ["GGUF"]),
        .library(name: "Generation", targets: ["Generation"]),
        .library(name: "HiddenStateCache", targets: ["HiddenStateCache"]),
        .library(name: "LogitSketches", targets: ["LogitSketches"]),
        .library(name: "MergedCheckpoint", targets: ["MergedCheckpoint"]),
        .library(name: "Safetensors", targets: ["Safetensors"]),
        .library(name: "Tensor", targets: ["Tensor"]),
        .library(name: "Tokenizers", targets: ["Tokenizers"]),
        .library(name: "Training", targets: ["Training"]),
        .executable(name: "autodeco-bench", targets: ["autodeco-bench"]),
        .executable(name: "autodeco-collect", targets: ["autodeco-collect"]),
        .executable(name: "autodeco-eval", targets: ["autodeco-eval"]),
        .executable(name: "autodeco-generate", targets: ["autodeco-generate"]),
        .executable(name: "autodeco-improve", targets: ["autodeco-improve"]),
        .executable(name: "autodeco-inspect", targets: ["autodeco-inspect"]),
        .executable(name: "autodeco-train", targets: ["autodeco-train"]),
    ],
    targets: [
        .systemLibrary(
            name: "COpenBLAS",
            pkgConfig: "lapacke",
            providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),

        .target(name: "CBF16", exclude: ["README.md"]),

        .target(name: "Files", exclude: ["README.md"]),
        .target(name: "Terminal", exclude: ["README.md"]),
        .target(name: "Configuration", dependencies: ["Files"], exclude: ["README.md"]),
        .target(name: "Reports", dependencies: ["Files"], exclude: ["README.md"]),
        .target(name: "Safetensors", dependencies: ["Files"], exclude: ["README.md"]),
        .target(name: "GGUF", dependencies: ["Files", "Safetensors"], exclude: ["README.md"]),
        .target(name: "Tasks", dependencies: ["Files"], exclude: ["README.md"]),
        .target(name: "Tensor", dependencies: ["CBF16", "COpenBLAS"], exclude: ["README.md"]),
        .target(name: "Tokenizers", dependencies: ["Files"], exclude: ["README.md"]),
        .target(name: "Autodiff", dependencies: ["Tensor"], exclude: ["README.md"]),
        .target(name: "LogitSketches", dependencies: ["Tensor"], exclude: ["README.md"]),
        .target(
            name: "MergedCheckpoint",
            dependencies: [
                "Files", "Safetensors",
            ],
            exclude: ["README.md"],
            resources: [.embedInCode("CustomGenerate/generate.py"), .embedInCode("CustomGenerate/requirements.txt")]),
        .target(
            name: "WeightMatrices",
            dependencies: [
                "GGUF", "Safetensors", "Tensor",
            ], exclude: ["README.md"]),
        .target(
            name: "Backbone",
            dependencies: [
                "Files", "GGUF", "MergedCheckpoint", "Safetensors", "Tensor", "WeightMatrices",
            ],
            exclude: ["README.md"]),
        .target(name: "Decoding", dependencies: ["LogitSketches", "Tensor"], exclude: ["README.md"]),
        .target(
            name: "HiddenStateCache",
            dependencies: [
                "Files", "GGUF", "LogitSketches", "Safetensors", "Tensor",
            ],
            exclude: ["README.md"]),
        .target(
            name: "AutoDecoHeads",
            dependencies: [
                "Autodiff", "Decoding", "Files", "LogitSketches", "MergedCheckpoint", "Safetensors", "Tensor",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Generation",
            dependencies: [
                "Backbone", "Decoding", "Files", "GGUF", "Tensor", "Tokenizers",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Scoring",
            dependencies: [
                "AutoDecoHeads", "HiddenStateCache", "LogitSketches", "Safetensors", "Tensor",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Trajectories",
            dependencies: [
                "Backbone", "Decoding", "Files", "Generation", "HiddenStateCache", "Safetensors", "Tasks", "Tensor",
                "Tokenizers",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Evaluation",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Decoding", "Files", "Generation", "HiddenStateCache", "LogitSketches",
                "Reports", "Safetensors", "Scoring", "Tasks", "Tensor", "Tokenizers", "Trajectories",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Training",
            dependencies: [
                "AutoDecoHeads", "Autodiff", "Files", "HiddenStateCache", "LogitSketches", "Reports", "Safetensors",
                "Scoring", "Tensor",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Improvement",
            dependencies: [
                "Evaluation", "Files", "HiddenStateCache", "Reports", "Scoring", "Training",
                "Trajectories",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Recipes",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Configuration", "Decoding", "Evaluation", "Files", "Generation",
                "HiddenStateCache", "Improvement", "Safetensors", "Scoring", "Tasks", "Tokenizers", "Training",
                "Trajectories",
            ],
            exclude: ["README.md"]),

        .executableTarget(
            name: "autodeco-bench",
            dependencies: [
                "AutoDecoHeads", "Backbone", "COpenBLAS", "Decoding", "Generation", "HiddenStateCache",
                "LogitSketches", "Safetensors", "Tensor", "Terminal", "Training", "WeightMatrices",
            ],
            exclude: ["README.md"]),
        .executableTarget(
            name: "autodeco-collect",
            dependencies: [
                "Backbone", "Files", "HiddenStateCache", "Recipes", "Safetensors", "Tasks", "Tensor", "Terminal",
                "Tokenizers", "Trajectories",
            ]),
        .executableTarget(
            name: "autodeco-eval",
            dependencies: [
                "Decoding", "Evaluation", "Recipes", "Tasks", "Tensor", "Terminal",
            ]),
        .executableTarget(
            name: "autodeco-generate",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Configuration", "Decoding", "Files", "Generation", "Recipes",
                "Safetensors", "Tensor", "Terminal", "Tokenizers",
            ]),
        .executableTarget(
            name: "autodeco-improve",
            dependencies: [
                "Improvement", "Recipes", "Tasks", "Tensor", "Terminal",
            ]),
        .executableTarget(
            name: "autodeco-inspect",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Evaluation", "Files", "Generation", "GGUF",
                "HiddenStateCache", "LogitSketches", "MergedCheckpoint", "Recipes", "Safetensors",
                "Scoring", "Tasks", "Tensor", "Terminal", "Tokenizers", "Training",
            ]),
        .executableTarget(
            name: "autodeco-train",
            dependencies: [
                "Backbone", "Files", "HiddenStateCache", "Recipes", "Safetensors", "Tensor", "Terminal",
                "Tokenizers", "Training",
            ]),

        .testTarget(
            name: "AutoDecoHeadsTests",
            dependencies: [
                "AutoDecoHeads", "Autodiff", "Decoding", "Goldens", "LogitSketches", "MergedCheckpoint",
                "Safetensors", "Tensor", "TestSupport",
            ]),
        .testTarget(name: "AutodiffTests", dependencies: ["Autodiff", "Tensor"]),
        .testTarget(
            name: "WeightMatricesTests",
            dependencies: [
                "GGUF", "Safetensors", "Tensor", "TestSupport", "WeightMatrices",
            ]),
        .testTarget(
            name: "BackboneTests",
            dependencies: [
                "Backbone", "Files", "GGUF", "Goldens", "Safetensors", "Tensor", "TestSupport",
                "WeightMatrices",
            ]),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "Files", "Recipes"]),
        .testTarget(name: "DecodingTests", dependencies: ["Decoding", "Tensor"]),
        .testTarget(
            name: "EvaluationTests",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Decoding", "Evaluation", "Generation", "HiddenStateCache",
                "LogitSketches", "Recipes", "Reports", "Scoring", "Tasks", "Tensor", "TestSupport", "Tokenizers",
                "Trajectories",
            ]),
        .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"]),
        .testTarget(
            name: "GGUFTests",
            dependencies: [
                "Files", "GGUF", "Goldens", "Safetensors", "TestSupport", "Tokenizers",
            ]),
        .testTarget(
            name: "GenerateTests",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Safetensors", "Tensor", "TestSupport",
            ]),
        .testTarget(
            name: "GenerationTests",
            dependencies: [
                "Backbone", "Decoding", "Generation", "Tensor", "TestSupport", "Tokenizers",
            ]),
        .target(
            name: "Goldens", path: "Tests/Goldens",
            exclude: ["README.md", "backbones", "gguf", "losses", "tokenizers"]),
        .testTarget(
            name: "HiddenStateCacheTests",
            dependencies: [
                "AutoDecoHeads", "Files", "HiddenStateCache", "LogitSketches", "Safetensors", "Scoring",
                "Tensor", "TestSupport",
            ]),
        .testTarget(name: "HouseTests"),
        .testTarget(
            name: "ImprovementTests",
            dependencies: [
                "Evaluation", "Files", "HiddenStateCache", "Improvement", "Recipes", "TestSupport",
            ]),
        .testTarget(
            name: "InspectTests",
            dependencies: [
                "autodeco-inspect", "AutoDecoHeads", "Goldens", "HiddenStateCache", "Recipes",
                "Safetensors", "Scoring", "Tensor", "TestSupport", "Training",
            ]),
        .testTarget(name: "LogitSketchesTests", dependencies: ["LogitSketches", "Tensor", "TestSupport"]),
        .testTarget(
            name: "MergedCheckpointTests",
            dependencies: [
                "AutoDecoHeads", "Files", "MergedCheckpoint", "Safetensors", "Tensor",
            ]),
        .testTarget(name: "ReportsTests", dependencies: ["Reports"]),
        .testTarget(name: "SafetensorsTests", dependencies: ["Files", "Safetensors", "TestSupport"]),
        .testTarget(
            name: "ScoringTests",
            dependencies: [
                "AutoDecoHeads", "HiddenStateCache", "LogitSketches", "Scoring", "Tensor", "TestSupport",
            ]),
        .testTarget(name: "TasksTests", dependencies: ["Files", "Tasks"]),
        .testTarget(name: "TensorTests", dependencies: ["Tensor"]),
        .testTarget(name: "TerminalTests", dependencies: ["Terminal"]),
        .target(
            name: "TestSupport",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Files", "HiddenStateCache", "LogitSketches", "Safetensors", "Tensor",
                "Tokenizers",
            ],
            path: "Tests/TestSupport"),
        .testTarget(name: "TokenizersTests", dependencies: ["Files", "Goldens", "TestSupport", "Tokenizers"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "AutoDecoHeads", "HiddenStateCache", "LogitSketches", "Recipes", "Safetensors", "Scoring", "Tensor",
                "Training",
            ]),
        .testTarget(
            name: "TrajectoriesTests",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Configuration", "Decoding", "Files", "Generation", "HiddenStateCache",
                "LogitSketches", "Recipes", "Safetensors", "Tasks", "Tensor", "Tokenizers", "Trajectories",
            ]),
        .executableTarget(
            name: "soak",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Evaluation", "Files", "Generation", "GGUF",
                "HiddenStateCache", "Recipes", "Safetensors", "Scoring", "Tasks", "Tensor", "Terminal",
                "TestSupport", "Tokenizers", "Training", "Trajectories",
            ],
            path: "Tests/soak", exclude: ["kill-collect.sh", "kill-train.sh"]),
    ],
    swiftLanguageModes: [.v6]
)
