const HUES = 6

export interface MessageLog {
  said(from: string, text: string, isOwn: boolean): void
  note(text: string, kind?: 'plain' | 'alarm'): void
  clear(): void
}

/** The list of messages. Text from the room only ever becomes text, never HTML. */
export function startLog(list: HTMLElement): MessageLog {
  function add(item: HTMLElement): void {
    list.append(item)
    list.scrollTop = list.scrollHeight
  }
  return {
    said(from, text, isOwn) {
      const item = element('div', isOwn ? 'said own' : 'said')
      const face = element('span', `face hue-${hueOf(from)}`, from.slice(0, 1).toUpperCase())
      face.ariaHidden = 'true'
      const name = element('span', 'from', from)
      const seal = element('span', 'seal', 'verified')
      const line = element('p', 'who')
      line.append(name, ' ', seal)
      item.append(face, line, element('p', 'text', text))
      add(item)
    },
    note(text, kind = 'plain') {
      add(element('p', `note ${kind}`, text))
    },
    clear() {
      list.replaceChildren()
    },
  }
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text?: string,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

function hueOf(name: string): number {
  let sum = 0
  for (const char of name) sum = (sum * 27 + (char.codePointAt(0) ?? 0)) % 127
  return sum % HUES
}
