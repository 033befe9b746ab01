import Testing
@testable import AutoDecoHeads
