import type { Page } from 'playwright-core'

/** The texts that stand out too little from what is behind them (WCAG 2.2, 1.4.3). */
export async function contrastFailures(page: Page): Promise<string[]> {
  const texts = await page.evaluate(readColours)
  return texts
    .map(({ text, colours }) => ({ text, ratio: contrast(...colours) }))
    .filter(({ ratio }) => ratio < 4.5)
    .map(({ text, ratio }) => `${text}: ${ratio.toFixed(2)}`)
}

interface ColouredText {
  readonly text: string
  readonly colours: readonly [text: string, ground: string]
}

/** Runs inside the page, so it uses nothing from outside itself. */
function readColours(): ColouredText[] {
  const found: ColouredText[] = []
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode() !== null) {
    const element = texts.currentNode.parentElement
    const text = texts.currentNode.textContent?.trim() ?? ''
    if (element === null || text === '' || !element.checkVisibility()) continue
    if (element.closest('.unseen, script, noscript') !== null) continue
    let ground = 'rgba(0, 0, 0, 0)'
    for (let behind: Element | null = element; behind !== null; behind = behind.parentElement) {
      ground = getComputedStyle(behind).backgroundColor
      if (ground !== 'rgba(0, 0, 0, 0)') break
    }
    found.push({ text, colours: [getComputedStyle(element).color, ground] })
  }
  return found
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((digits) => {
    const part = Number(digits) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
