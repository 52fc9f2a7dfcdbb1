import { findPart } from './parts.ts'

/** The button that copies the commands. */
export function startTerminal(root: HTMLElement): void {
  const lines = findPart(root, 'lines', HTMLElement)
  const button = findPart(root, 'copy', HTMLButtonElement)
  const label = button.textContent
  button.addEventListener('click', () => {
    void navigator.clipboard.writeText(lines.innerText).then(
      () => say('Copied'),
      () => say('Not allowed'),
    )
  })

  function say(text: string): void {
    button.textContent = text
    setTimeout(() => {
      button.textContent = label
    }, 2000)
  }
}
