import AutoDecoHeads
import HiddenStateCache
import LogitSketches
import TestSupport
import Testing
@testable import Scoring

@Suite struct TokenDiagnosisCacheTests {
    @Test(arguments: [SketchShape.standard, SketchShape(exact: 8, bins: 32)])
    func plantedSignalIsTokenLevelControl(sketch: SketchShape) throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 1.6, sketch: sketch)
        let diagnosis = try TokenDiagnosis(of: DiagnosisCorpus.heads(cold: 0.5, warm: 1.6, column: 0), on: corpus.cache)
        let total = diagnosis.total
        #expect(diagnosis.finding == .tokenLevelControl || diagnosis.finding == .both)
        #expect(total.gain.isAboveZero && total.gain.mean > 0.1)
        #expect(total.alignment.isAboveZero && (total.efficiency ?? 0) > 0.2 && (total.signAgreement ?? 0) > 0.6)
        #expect(total.oracleGain > total.gain.mean)
        #expect(
            diagnosis.words.contains("oken-level control")
                && diagnosis.words.contains("On balance steps go where labels want to:"))
    }

    @Test func temperaturesThatFollowNoiseAreALoss() throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 1.6)
        let diagnosis = try TokenDiagnosis(of: DiagnosisCorpus.heads(cold: 0.5, warm: 1.6, column: 1), on: corpus.cache)
        #expect(diagnosis.total.gain.isBelowZero && !diagnosis.total.alignment.isAboveZero)
        #expect(abs(diagnosis.total.efficiency ?? 1) < 0.1)
        #expect(diagnosis.finding == .neither || diagnosis.finding == .betterMean)
        #expect(diagnosis.words.contains("Steps do not follow what labels want"))
    }

    @Test func aLowerTemperatureForAllTokensIsABetterMean() throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 0.5)
        let diagnosis = try TokenDiagnosis(
            of: DiagnosisCorpus.heads(cold: 0.45, warm: 0.55, column: 0), on: corpus.cache)
        #expect(diagnosis.finding == .betterMean)
        #expect(diagnosis.total.meanGain.isAboveZero && !diagnosis.total.gain.isAboveZero)
        #expect(diagnosis.words.hasPrefix("A better mean:"))
    }

    @Test func constantHeadsHaveNoTokenLevelControlToMeasure() throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 0.5)
        let diagnosis = try TokenDiagnosis(of: DiagnosisCorpus.heads(cold: 0.5, warm: 0.5, column: 0), on: corpus.cache)
        #expect(abs(diagnosis.meanInverseTemperature - 2) < 1e-5)
        #expect(diagnosis.total.gain.mean == 0 && diagnosis.total.gain.lower == 0 && diagnosis.total.gain.upper == 0)
        #expect(diagnosis.total.efficiency == nil && diagnosis.total.signAgreement == nil)
        #expect(diagnosis.words.contains("one temperature") && diagnosis.words.hasPrefix("A better mean:"))
    }

    @Test func temperaturesBelowTheFloorCountAsTheFloor() throws {
        let corpus = try DiagnosisCorpus(cold: 1, warm: 1)
        let diagnosis = try TokenDiagnosis(
            of: DiagnosisCorpus.heads(cold: 0.01, warm: 0.01, column: 0), on: corpus.cache)
        #expect(abs(diagnosis.meanInverseTemperature - 20) < 1e-9)
        #expect(diagnosis.total.flooredShare == 1)
        #expect(diagnosis.words.contains("T̂ is below 0.05 on 100 % of tokens"))
    }

    @Test func labelsDrawnAtTheHeadsTemperatureAreCutOffAsOftenAsMassIsTrimmed() throws {
        let corpus = try DiagnosisCorpus(cold: 0.8, warm: 0.8)
        let chance = try TokenDiagnosis(
            of: DiagnosisCorpus.heads(cold: 0.8, warm: 0.8, column: 0, topP: 0.8), on: corpus.cache
        ).total
        #expect(
            chance.trimmedMass > 0.03 && chance.cutOffShare.lower < chance.trimmedMass
                && chance.trimmedMass < chance.cutOffShare.upper)
        let hot = try TokenDiagnosis(
            of: DiagnosisCorpus.heads(cold: 1.6, warm: 1.6, column: 0, topP: 0.8), on: corpus.cache)
        #expect(hot.total.cutOffShare.upper < hot.total.trimmedMass)
        #expect(hot.words.contains("it trims what is wrong"))
        let cold = try TokenDiagnosis(
            of: DiagnosisCorpus.heads(cold: 0.4, warm: 0.4, column: 0, topP: 0.8), on: corpus.cache)
        #expect(cold.words.contains("it trims what is right"))
    }

    @Test func quartilesAddUpToAllTokens() throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 1.6)
        var seen = 0
        let diagnosis = try TokenDiagnosis(of: DiagnosisCorpus.heads(cold: 0.5, warm: 1.6, column: 0), on: corpus.cache)
        { seen += $0 }
        #expect(seen == corpus.cache.tokens)
        let total = diagnosis.total, rows = diagnosis.quartiles
        #expect(rows.map(\.tokens).reduce(0, +) == total.tokens && total.tokens < corpus.cache.tokens)
        for value in [
            \DiagnosisRow.gain.mean, \.alignment.mean, \.curvaturePenalty, \.remainder, \.oracleGain, \.meanEntropy,
        ] {
            let sum = rows.reduce(0) { $0 + $1[keyPath: value] * Double($1.tokens) } / Double(total.tokens)
            #expect(abs(sum - total[keyPath: value]) < 1e-12)
        }
        for row in rows { #expect(abs(Double(row.tokens) / Double(total.tokens) - 0.25) < 0.06) }
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.meanEntropy < $1.meanEntropy })
    }

    @Test func theSameSeedGivesTheSameNumbersAndAnotherSeedOtherHalves() throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 1.6),
            heads = DiagnosisCorpus.heads(cold: 0.5, warm: 1.6, column: 0)
        let first = try TokenDiagnosis(of: heads, on: corpus.cache, seed: 4)
        #expect(try TokenDiagnosis(of: heads, on: corpus.cache, seed: 4) == first)
        #expect(try TokenDiagnosis(of: heads, on: corpus.cache, seed: 5).total.tokens != first.total.tokens)
    }

    @Test func heldOutTrajectoriesFallIntoBothHalves() throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 1.6)
        let heldOut = corpus.cache.trajectories(.validation, of: TrajectorySplit(validationFraction: 0.5, seed: 0))
        let diagnosis = try TokenDiagnosis(
            of: DiagnosisCorpus.heads(cold: 0.5, warm: 1.6, column: 0), on: corpus.cache, over: heldOut)
        #expect(diagnosis.trajectories >= 8 && diagnosis.trajectories < heldOut.count - 4)
    }

    @Test func tooFewTrajectoriesAreRefused() throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 1.6, trajectories: 6)
        #expect(throws: ScoringError.self) {
            try TokenDiagnosis(of: DiagnosisCorpus.heads(cold: 0.5, warm: 1.6, column: 0), on: corpus.cache)
        }
    }
}
