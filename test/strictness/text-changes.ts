import * as fc from 'fast-check'

/** What can happen to a token on its way, or be done to it by one who has no key. */
export type TextChange =
  | {
      readonly kind: 'splice'
      readonly at: number
      readonly count: number
      readonly text: string
    }
  | { readonly kind: 'swap'; readonly at: number; readonly other: number }
  | { readonly kind: 'segments'; readonly order: readonly number[] }
  | { readonly kind: 'append'; readonly text: string }
  | { readonly kind: 'unused bits'; readonly segment: number; readonly step: number }

const character = fc.oneof(
  fc.constantFrom(...Array.from('ABCXYZabcxyz0189-_.=+/ \n\t\0é')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)

export const textChanges: fc.Arbitrary<TextChange> = fc.oneof(
  fc.record({
    kind: fc.constant('splice' as const),
    at: fc.nat(),
    count: fc.constant(1),
    text: character,
  }),
  fc.record({
    kind: fc.constant('splice' as const),
    at: fc.nat(),
    count: fc.constant(0),
    text: character,
  }),
  fc.record({
    kind: fc.constant('splice' as const),
    at: fc.nat(),
    count: fc.integer({ min: 1, max: 40 }),
    text: fc.constant(''),
  }),
  fc.record({ kind: fc.constant('swap' as const), at: fc.nat(), other: fc.nat() }),
  fc.record({
    kind: fc.constant('segments' as const),
    order: fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('append' as const),
    text: fc.constantFrom('=', '==', '.', '..', '.x', ' ', '\n', '\t', '%3D', ',', '\0', 'A'),
  }),
  fc.record({
    kind: fc.constant('unused bits' as const),
    segment: fc.nat(2),
    step: fc.integer({ min: 1, max: 15 }),
  }),
)

export function changedText(token: string, change: TextChange): string {
  const segments = token.split('.')
  if (change.kind === 'append') return token + change.text
  if (change.kind === 'segments') {
    return change.order.map((index) => segments[index] ?? '').join('.')
  }
  if (change.kind === 'splice') {
    const at = change.at % (token.length + 1)
    return token.slice(0, at) + change.text + token.slice(at + change.count)
  }
  if (change.kind === 'swap') {
    const characters = Array.from(token)
    const [at, other] = [change.at % characters.length, change.other % characters.length]
    const kept = characters[at] ?? ''
    characters[at] = characters[other] ?? ''
    characters[other] = kept
    return characters.join('')
  }
  const text = segments[change.segment]
  const last = ALPHABET.indexOf(text?.at(-1) ?? '=')
  if (text === undefined || last === -1) return token
  const other = ALPHABET[last ^ change.step] ?? ''
  return segments.with(change.segment, text.slice(0, -1) + other).join('.')
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
