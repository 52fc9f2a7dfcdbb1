import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { matchesGlob } from '../../src/policy/glob.ts'

/** The meaning of a pattern, one character after the other and without any thought for its cost. */
function fits(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern.startsWith('*')) {
    return fits(pattern.slice(1), text) || (text !== '' && fits(pattern, text.slice(1)))
  }
  return pattern[0] === text[0] && fits(pattern.slice(1), text.slice(1))
}

// Few letters, so that many pairs fit, and signs that mean something to regular expressions.
const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '\n', '\u{1f4a5}'), maxLength: 9 })
const pattern = fc
  .array(fc.oneof(text, fc.constant('*')), { maxLength: 6 })
  .map((parts) => parts.join(''))
  .filter((joined) => joined.length <= 14)
const SEEDED = { seed: 3987, numRuns: 5000 }

it('fits exactly where its meaning says so', () => {
  let fitting = 0
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      const expected = fits(glob, name)
      if (expected) fitting += 1
      expect(matchesGlob(glob, name)).toBe(expected)
    }),
    SEEDED,
  )
  expect(fitting).toBeGreaterThan(SEEDED.numRuns / 20)
})

it('fits whatever its stars are replaced with', () => {
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 5 }),
      fc.array(text),
      (parts, fillings) => {
        const filled = parts.flatMap((part, index) =>
          index === 0 ? [part] : [fillings[index] ?? '', part],
        )
        expect(matchesGlob(parts.join('*'), filled.join(''))).toBe(true)
      },
    ),
    SEEDED,
  )
})

/** Text that counts at how many places it was searched. */
class CountedText extends String {
  searched = 0
  override indexOf(part: string, from = 0): number {
    const found = super.indexOf(part, from)
    this.searched += (found === -1 ? this.length : found) - from + 1
    return found
  }
}

it.for<[what: string, pattern: string]>([
  ['many stars and a wrong end', `${'*a'.repeat(250)}*b`],
  ['many stars that fit', `${'*a'.repeat(250)}*`],
  ['stars only', '*'.repeat(8000)],
  ['a wrong middle', `${'a*'.repeat(100)}b${'*a'.repeat(100)}`],
  ['long parts', `*${`${'a'.repeat(50)}b*`.repeat(20)}`],
  ['more parts than characters', '*a'.repeat(4000)],
])('searches each place of a name about once: %s', ([, glob]) => {
  const name = new CountedText('a'.repeat(500))
  const parts = glob.split('*').length
  const isFitting = matchesGlob(glob, name as unknown as string)
  expect(isFitting).toBe(matchesGlob(glob, 'a'.repeat(500)))
  expect(name.searched).toBeGreaterThan(0)
  expect(name.searched).toBeLessThanOrEqual(name.length + parts)
})
