import HiddenStateCache
import Recipes
import Terminal

// Which trajectories of a cache heads were not trained on: what the run says that made them, or what the command line
// says in its place.

let fractionFlag = Flag.number(
    "validation-fraction", "X", "share of the cache's problems that is held out; that of the heads' run if not given")
let splitSeedFlag = Flag.seed(
    "seed", "N", "seed of the split into training and validation; that of the heads' run if not given")

/// The split that a command uses. What is not known of the heads' run, and what the command line names otherwise, is
/// said.
///
/// - Throws: ``InputError`` for a fraction that is none.
func split(
    of run: HeadsRun, on cache: HiddenStateCache, _ arguments: Arguments, _ console: Console
) throws -> TrajectorySplit {
    let standard = TrajectorySplit(validationFraction: 0.05, seed: 0)
    var split = run.split ?? standard
    let isAsked = arguments[fractionFlag] != nil || arguments[splitSeedFlag] != nil
    if let fraction = arguments[fractionFlag] {
        guard (0...1).contains(fraction) else {
            throw InputError("--validation-fraction is \(fraction), expected a number from 0 to 1")
        }
        split.validationFraction = fraction
    }
    if let seed = arguments[splitSeedFlag] { split.seed = UInt64(seed) }
    let place = isAsked ? "the command line" : "--validation-fraction and --seed, which are not given,"
    for note in [run.note(beside: split, of: place, using: .asked), run.note(on: cache)].compactMap(\.self) {
        console.warning(note)
    }
    if cache.problems == nil { console.note("\(cache.folder.relativePath): \(HiddenStateCache.unknownProblems)") }
    return split
}
