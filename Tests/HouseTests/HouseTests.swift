import Testing

/// The measures of the house, so that a change that breaks one is seen where it is made.
@Suite struct HouseTests {
    private let house: House

    init() throws {
        house = try House()
        // A reader that finds nothing would agree with everything.
        try #require(house.sources.count > 15 && house.tests.count > 10 && house.arrows.count > 25)
    }

    @Test func packageDeclaresTheArrowsThatFilesImport() {
        for target in Set(house.sources.keys).union(house.tests.keys).union(house.arrows.keys).sorted() {
            guard target != "soak", target != "library-user" else { continue }
            // Tests may run a program, which they cannot import.
            let arrows = house.arrows[target]?.filter { house.tests[target] == nil || !$0.hasPrefix("autodeco-") }
            #expect(arrows == house.imports(of: target), "\(target)")
        }
    }

    @Test func noModuleReachesItself() {
        for module in house.arrows.keys.sorted() {
            var reached: Set<String> = [], open = house.arrows[module] ?? []
            while let next = open.popFirst() {
                if reached.insert(next).inserted { open.formUnion(house.arrows[next] ?? []) }
            }
            #expect(!reached.contains(module), "\(module)")
        }
    }

    /// A target that is forgotten there is not built, and nobody notices; `library-user` is a package of its own.
    @Test func everyFolderWithSourcesIsATarget() {
        for folder in Set(house.sources.keys).union(house.tests.keys) where folder != "library-user" {
            #expect(house.arrows[folder] != nil, "\(folder)")
        }
    }

    /// Modules that stand on more than they should. The numbers may only fall.
    private static let wideModules = ["Evaluation": 14, "Training": 9, "Trajectories": 9]
    /// Lines that are wider than they should be, most of them texts that cannot be broken. The number may only fall.
    private static let wideLineCount = 10

    @Test func noModuleStandsOnMoreThanSevenOfOurs() {
        for (module, below) in house.arrows where house.sources[module] != nil {
            guard !module.hasPrefix("autodeco-"), module != "Recipes" else { continue }
            let ours = below.filter { !$0.hasPrefix("C") || house.sources[$0] != nil }
            #expect(ours.count <= Self.wideModules[module] ?? 7, "\(module) stands on \(ours.sorted())")
        }
    }

    @Test func noModuleIsLongerThanItsMeasure() {
        for (module, files) in house.sources {
            let lineCount = files.reduce(0) { $0 + $1.lines.count - 1 }
            #expect(lineCount <= 3500, "\(module)")
        }
    }

    @Test func noFileIsLongerThanThreeHundredLines() {
        for file in house.sources.values.joined() { #expect(file.lines.count - 1 <= 300, "\(file.path)") }
    }

    @Test func noFurtherLineIsWiderThanOneHundredAndTwentyColumns() {
        var wide: [String] = []
        for file in Array(house.sources.values.joined()) + house.tests.values.joined() {
            for (number, line) in file.lines.enumerated() where line.utf8.count > 120 {
                // Columns are scalars that stand in a place of their own; an accent over a letter does not.
                let width = line.unicodeScalars.count { $0.properties.canonicalCombiningClass == .notReordered }
                if width > 120 { wide.append("\(file.path):\(number + 1)") }
            }
        }
        #expect(wide.count <= Self.wideLineCount, "\(wide.sorted().joined(separator: "\n"))")
    }
}
