import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JwsCase } from './jws-verdict.ts'

/** Where the vectors are, unless the environment says so: beside the checkout, not in it. */
const FOLDER =
  process.env['PORTICO_VECTORS'] ?? join(import.meta.dirname, '../../../shared/vectors/wycheproof')

export const FILES = ['signature', 'key', 'crypto'] as const
type File = (typeof FILES)[number]

export const missing = FILES.map(pathOf).find((path) => !existsSync(path))

export interface Vector extends JwsCase {
  readonly tcId: number
  readonly isValid: boolean
}

interface VectorFile {
  readonly testGroups: readonly {
    readonly public?: KeyOrSet
    readonly private: KeyOrSet
    readonly tests: readonly { tcId: number; jws?: unknown; result: 'valid' | 'invalid' }[]
  }[]
}

type Key = Readonly<Record<string, unknown>>
type KeyOrSet = Key & { readonly keys?: readonly Key[] }

/** The signatures of a file; what it has of encryption is left out. */
export async function readVectors(file: File): Promise<readonly Vector[]> {
  const { testGroups } = JSON.parse(await readFile(pathOf(file), 'utf8')) as VectorFile
  return testGroups.flatMap((group) => {
    // A group without a public key is one of secrets.
    const key = group.public ?? group.private
    const keys = key.keys ?? [key]
    return group.tests.flatMap(({ tcId, jws, result }) =>
      jws === undefined ? [] : [{ tcId, keys, jws, isValid: result === 'valid' }],
    )
  })
}

/** A row of the score table: how many, and which of them are judged otherwise than the file says. */
export function scoreRow(
  file: File,
  vectors: readonly Vector[],
  accepted: readonly boolean[],
): string {
  const count = (isValid: boolean, isAccepted: boolean) => idsOf(isValid, isAccepted).length
  const idsOf = (isValid: boolean, isAccepted: boolean) =>
    vectors
      .filter((vector, index) => vector.isValid === isValid && accepted[index] === isAccepted)
      .map(({ tcId }) => tcId)
  const cells = [
    `\`json_web_${file}_test.json\``,
    count(true, true),
    listed(idsOf(true, false)),
    listed(idsOf(false, true)),
    count(false, false),
  ]
  return `| ${cells.join(' | ')} |`
}

function listed(ids: readonly number[]): string {
  return ids.length === 0 ? '0' : `${ids.length}: ${ids.join(', ')}`
}

function pathOf(file: File): string {
  return join(FOLDER, `json_web_${file}_test.json`)
}
