// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "autodeco",
    products: [
        .executable(name: "autodeco-bench", targets: ["autodeco-bench"]),
        .executable(name: "autodeco-collect", targets: ["autodeco-collect"]),
        .executable(name: "autodeco-eval", targets: ["autodeco-eval"]),
        .executable(name: "autodeco-generate", targets: ["autodeco-generate"]),
        .executable(name: "autodeco-inspect", targets: ["autodeco-inspect"]),
        .executable(name: "autodeco-train", targets: ["autodeco-train"]),
    ],
    targets: [
        .systemLibrary(
            name: "COpenBLAS",
            pkgConfig: "lapacke",
            providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),

        .target(name: "Tensor", dependencies: ["COpenBLAS"], exclude: ["README.md"]),
        .target(name: "Safetensors", exclude: ["README.md"]),
        .target(name: "Terminal", exclude: ["README.md"]),
        .target(name: "Configuration", exclude: ["README.md"]),
        .target(name: "Tasks", exclude: ["README.md"]),
        .target(name: "Reports", exclude: ["README.md"]),
        .target(name: "Autodiff", dependencies: ["Tensor"], exclude: ["README.md"]),
        .target(name: "Decoding", dependencies: ["Tensor"], exclude: ["README.md"]),
        .target(name: "AutoDecoHeads", dependencies: ["Autodiff", "Decoding", "Safetensors", "Tensor"], exclude: ["README.md"]),
        .target(name: "Backbone", dependencies: ["Decoding", "Safetensors", "Tensor"], exclude: ["README.md"]),
        .target(name: "HiddenStateCache", dependencies: ["AutoDecoHeads", "Safetensors", "Tensor"], exclude: ["README.md"]),
        .target(
            name: "Evaluation",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Configuration", "Decoding", "HiddenStateCache", "Reports", "Safetensors", "Tasks", "Tensor", "Trajectories",
            ],
            exclude: ["README.md"]),
        .target(
            name: "Training",
            dependencies: ["AutoDecoHeads", "Autodiff", "Configuration", "HiddenStateCache", "Reports", "Safetensors", "Tensor"],
            exclude: ["README.md"]),
        .target(
            name: "Trajectories", dependencies: ["Backbone", "Configuration", "Decoding", "HiddenStateCache", "Safetensors", "Tasks", "Tensor"],
            exclude: ["README.md"]),

        .executableTarget(
            name: "autodeco-inspect",
            dependencies: [
                "AutoDecoHeads", "Autodiff", "Backbone", "Configuration", "Evaluation", "HiddenStateCache", "Safetensors", "Tensor", "Terminal",
                "Training",
            ]),
        .executableTarget(
            name: "autodeco-bench",
            dependencies: [
                "AutoDecoHeads", "Backbone", "COpenBLAS", "Configuration", "Decoding", "HiddenStateCache", "Safetensors", "Tensor", "Terminal",
                "Training",
            ]),
        .executableTarget(
            name: "autodeco-train",
            dependencies: ["Backbone", "Configuration", "HiddenStateCache", "Safetensors", "Tensor", "Terminal", "Training"]),
        .executableTarget(
            name: "autodeco-collect",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Configuration", "Decoding", "HiddenStateCache", "Safetensors", "Tasks", "Tensor", "Terminal",
                "Trajectories",
            ]),
        .executableTarget(
            name: "autodeco-generate",
            dependencies: ["AutoDecoHeads", "Backbone", "Configuration", "Decoding", "Safetensors", "Tensor", "Terminal"]),
        .executableTarget(
            name: "autodeco-eval",
            dependencies: ["Configuration", "Decoding", "Evaluation", "Tensor", "Terminal"]),

        .testTarget(name: "TensorTests", dependencies: ["Tensor"]),
        .testTarget(name: "SafetensorsTests", dependencies: ["Safetensors"]),
        .testTarget(name: "TerminalTests", dependencies: ["Terminal"]),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration"]),
        .testTarget(name: "TasksTests", dependencies: ["Tasks"]),
        .testTarget(name: "ReportsTests", dependencies: ["Reports"]),
        .testTarget(name: "AutodiffTests", dependencies: ["Autodiff", "Tensor"]),
        .testTarget(name: "AutoDecoHeadsTests", dependencies: ["AutoDecoHeads", "Autodiff", "Safetensors", "Tensor"]),
        .testTarget(name: "TrainingTests", dependencies: ["AutoDecoHeads", "Autodiff", "Configuration", "HiddenStateCache", "Safetensors", "Tensor", "Training"]),
        .testTarget(name: "DecodingTests", dependencies: ["Decoding", "Tensor"]),
        .testTarget(
            name: "TrajectoriesTests",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Configuration", "Decoding", "HiddenStateCache", "Safetensors", "Tasks", "Tensor", "Trajectories",
            ]),
        .testTarget(name: "HiddenStateCacheTests", dependencies: ["AutoDecoHeads", "HiddenStateCache", "Safetensors", "Tensor"]),
        .testTarget(name: "BackboneTests", dependencies: ["Backbone", "Decoding", "Safetensors", "Tensor"]),
        .testTarget(
            name: "EvaluationTests",
            dependencies: [
                "AutoDecoHeads", "Backbone", "Configuration", "Decoding", "Evaluation", "HiddenStateCache", "Reports", "Safetensors", "Tasks", "Tensor",
                "Trajectories",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
