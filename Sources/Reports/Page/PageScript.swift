/// The page's only script: arrow keys walk from token to token, and a list chooses what is shown. Without it everything
/// else works, and all of a choice is shown.
enum PageScript {
    /// One token of a text takes part in the tab order at a time; the numbers of the one with the focus are read out.
    static let tokenKeys = """
        for (const text of document.querySelectorAll('.tokens .text')) {
          const tokens = [...text.querySelectorAll('[data-n]')], spoken = text.parentElement.querySelector('output');
          if (!tokens.length) continue;
          const moves = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -10, ArrowDown: 10, Home: -Infinity, End: Infinity};
          tokens.forEach((token, index) => { token.tabIndex = index ? -1 : 0; });
          text.addEventListener('keydown', event => {
            const from = tokens.indexOf(event.target), move = moves[event.key];
            if (from < 0 || move === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
            event.preventDefault();
            tokens[Math.min(Math.max(from + move, 0), tokens.length - 1)].focus();
          });
          text.addEventListener('focusin', event => {
            if (tokens.indexOf(event.target) < 0) return;
            tokens.forEach(token => { token.tabIndex = token === event.target ? 0 : -1; });
            spoken.textContent = event.target.dataset.n;
          });
        }
        """

    /// A browser may keep what was chosen when a page is loaded again, so the list itself says what to show.
    static let choices = """
        for (const choice of document.querySelectorAll('.choice')) {
          const list = choice.querySelector('select');
          const options = [...choice.children].filter(child => child.className === 'option');
          const show = () => options.forEach((option, index) => { option.hidden = index !== list.selectedIndex; });
          list.addEventListener('change', show);
          list.parentElement.hidden = false;
          show();
        }
        """
}
