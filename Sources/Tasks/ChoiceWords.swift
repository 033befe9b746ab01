// The words by which multiple choice knows a pick.

extension ChoiceReader {
    /// What an answer is called.
    static let answers: Set<String> = [
        "answer", "answers", "ans", "antwort", "réponse", "respuesta", "risposta", "resposta",
    ]
    /// What may be called an answer where the word in front says so.
    static let choices: Set<String> = ["option", "choice", "pick", "selection"]
    static let qualities: Set<String> = [
        "correct", "right", "best", "final", "my", "our", "appropriate", "the", "valid",
    ]
    static let copulas: Set<String> = ["is", "was", "be", "are", "equals", "ist", "est", "es", "是", "为", ":"]
    static let negations: Set<String> = [
        "not", "isn't", "cannot", "can't", "never", "neither", "nor", "don't", "doesn't", "won't", "wouldn't",
        "shouldn't",
    ]

    /// What may stand between "is" and the letter.
    static let fillers: Set<String> = [
        "option", "choice", "letter", "answer", "the", "definitely", "clearly", "obviously", "probably", "most",
        "likely", "therefore", "thus",
        "hence", "indeed", "simply", "just", "then", "also", "still", "both", "either", "given", "by", "actually",
        "only", ":", ",",
    ]

    /// What may stand between "C is" and "correct".
    static let adverbs: Set<String> = [
        "the", "only", "clearly", "definitely", "therefore", "indeed", "obviously", "thus", "most", "likely",
        "probably",
    ]

    /// Words after which "C is correct" speaks of the option, and not of vitamin C.
    static let openings: Set<String> = [
        "option", "options", "choice", "answer", "letter", "so", "thus", "therefore", "hence", "that", "and", "but",
        "only", "because", "say",
        "think", "believe", "conclude", "fact", "then", "as", "since", "while", "clearly",
    ]

    /// Words after which a letter that ends the text is a pick.
    static let introductions: Set<String> = [
        "so", "thus", "therefore", "hence", "is", "be", "was", "it's", "that's", "option", "choice", "answer", "letter",
        "pick", "choose",
        "select", "chose", "with", "say", "think", "believe", "conclude", "namely", "then", "definitely", "clearly",
        "probably", "likely",
        "indeed", "only", "but", "finally", "选", "择",
    ]

    /// What is numbered by letters, so that "point **C**" is no pick.
    static let kinds: Set<String> = [
        "vitamin", "hepatitis", "point", "plan", "group", "type", "class", "grade", "section", "figure", "fig", "part",
        "step", "case",
        "statement", "claim", "set", "event", "appendix", "table",
    ]
}
