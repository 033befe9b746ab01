import Testing

@testable import Tensor

@Suite struct RandomTests {
    /// The known-answer vectors published with Random123 for philox4x32 with ten rounds.
    @Test(
        arguments: [
            ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            (
                [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
            ),
        ] as [([UInt32], [UInt32], [UInt32])])
    func philoxGivesThePublishedAnswers(counter: [UInt32], key: [UInt32], answer: [UInt32]) {
        let block = Philox.block(
            counter: SIMD4(counter[0], counter[1], counter[2], counter[3]), key: SIMD2(key[0], key[1]))
        #expect(block == SIMD4(answer[0], answer[1], answer[2], answer[3]))
    }

    @Test func sameSeedGivesSameNumbersAndOtherStreamsGiveOthers() {
        var a = RandomGenerator(seed: 7), b = RandomGenerator(seed: 7), c = RandomGenerator(seed: 7, stream: 1)
        let x = (0..<100).map { _ in a.next() }, y = (0..<100).map { _ in b.next() },
            z = (0..<100).map { _ in c.next() }
        #expect(x == y)
        #expect(Set(x).isDisjoint(with: z))
    }

    @Test func uniformAndNormalHaveTheirMoments() {
        var random = RandomGenerator(seed: 11)
        let n = 200_000.0
        var sum = 0.0, squares = 0.0, normalSum = 0.0, normalSquares = 0.0, fourth = 0.0
        for _ in 0..<Int(n) {
            let u = random.uniform(), z = random.normal()
            #expect(u >= 0 && u < 1)
            sum += u
            squares += u * u
            normalSum += z
            normalSquares += z * z
            fourth += z * z * z * z
        }
        // Five standard errors each.
        #expect(abs(sum / n - 0.5) < 5 * 0.289 / n.squareRoot())
        #expect(abs(squares / n - 1.0 / 3) < 5 * 0.298 / n.squareRoot())
        #expect(abs(normalSum / n) < 5 / n.squareRoot())
        #expect(abs(normalSquares / n - 1) < 5 * 1.42 / n.squareRoot())
        #expect(abs(fourth / n - 3) < 5 * 9.8 / n.squareRoot())
    }

    @Test func permutationHoldsEachNumberOnceAndEachIsEquallyLikely() {
        var random = RandomGenerator(seed: 5), counts: [[Int]: Int] = [:]
        for _ in 0..<24_000 { counts[random.permutation(4), default: 0] += 1 }
        #expect(counts.count == 24)
        let chiSquare = counts.values.reduce(0.0) { $0 + (Double($1) - 1_000) * (Double($1) - 1_000) / 1_000 }
        #expect(chiSquare < 52.6)  // 23 degrees of freedom, p = 0.0004
        #expect(random.permutation(1_000).sorted() == Array(0..<1_000))
    }
}
