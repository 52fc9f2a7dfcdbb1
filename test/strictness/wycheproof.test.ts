import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'
import { documentedRows } from './document.ts'
import { isAccepted } from './jws-verdict.ts'
import { FILES, missing, readVectors, scoreRow, type Vector } from './wycheproof.ts'

if (missing !== undefined) {
  console.warn(
    `Skipped: there are no Wycheproof vectors, ${missing} does not exist. PORTICO_VECTORS names their folder.`,
  )
}

/** Byte for byte the valid vector 357: the padding that made them invalid was lost upstream. */
const DEFECTIVE = [367, 370]
/** Signed with the key of a broken generator (ROCA), which nothing but a list of them tells. */
const ROCA = { signature: [], key: [7], crypto: [46] }

let worker: ServedWorker

beforeAll(async () => {
  worker = await serveWorker({ entry: 'test/fixtures/jws-verdict-worker.ts' })
})

afterAll(() => worker.stop())

const runtimes = {
  Node: (vectors: readonly Vector[]) => Promise.all(vectors.map(isAccepted)),
  async workerd(vectors: readonly Vector[]) {
    const response = await fetch(worker.origin, { method: 'POST', body: JSON.stringify(vectors) })
    return response.json<readonly boolean[]>()
  },
}

describe.skipIf(missing !== undefined)('the Wycheproof vectors', () => {
  for (const [runtime, verdictsOn] of Object.entries(runtimes)) {
    it(`score in ${runtime} as docs/strictness.md says`, async () => {
      const rows = FILES.map(async (file) => {
        const vectors = await readVectors(file)
        return scoreRow(file, vectors, await verdictsOn(vectors))
      })
      expect(await documentedRows('| file |')).toEqual(await Promise.all(rows))
    })

    it.for(FILES)(`of the %s file are in ${runtime} accepted only if valid`, async (file) => {
      const vectors = await readVectors(file)
      const accepted = await verdictsOn(vectors)
      const wrong = vectors.filter(({ isValid }, index) => accepted[index] === true && !isValid)
      const known = file === 'signature' ? DEFECTIVE : ROCA[file]
      expect(wrong.map(({ tcId }) => tcId)).toEqual(known)
    })
  }

  it('are defective only where they repeat a valid one', async () => {
    const vectors = await readVectors('signature')
    const jwsOf = (tcId: number) => vectors.find((vector) => vector.tcId === tcId)?.jws
    expect(DEFECTIVE.map(jwsOf)).toEqual(DEFECTIVE.map(() => jwsOf(357)))
  })
})
