// swift-tools-version: 6.0
import PackageDescription

// A package of someone else: it stands on the toolkit by its folder, and on nothing of its own.
let package = Package(
    name: "library-user",
    dependencies: [.package(name: "autodeco", path: "../..")],
    targets: [
        .executableTarget(
            name: "library-user",
            dependencies: ["AutoDecoHeads", "Decoding", "Tensor"].map { .product(name: $0, package: "autodeco") })
    ]
)
