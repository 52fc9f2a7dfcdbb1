/** A backend that a connect call of some round asked for. */
export interface BookedBackend {
  readonly key: string
  readonly backendId: string
  /** What an acknowledged call gave out. */
  token: string | undefined
}

/** What a kill did to one backend. */
export interface Casualty {
  readonly victim: string
  /** As the gate had it when the kill fell; `none`: it had not heard of it. */
  readonly killedWhile: string
  readonly survived: boolean
  /** From the kill until the gate knew of the end, and the key was free; `undefined`: it survived. */
  readonly freeAfterMs: number | undefined
}

/** What a run saw. */
export interface Book {
  rounds: number
  readonly backends: Map<string, BookedBackend>
  readonly casualties: Casualty[]
  readonly violations: string[]
  /** Connect calls that were answered that nobody can start a backend now. */
  refused: number
}

export function emptyBook(): Book {
  return { rounds: 0, backends: new Map(), casualties: [], violations: [], refused: 0 }
}

export function acknowledged({ backends }: Book): BookedBackend[] {
  return [...backends.values()].filter(({ token }) => token !== undefined)
}

/** One row for each kind of kill, as the terminal shows it. */
export function tableOf({ casualties }: Book): Readonly<Record<string, string | number>>[] {
  const groups = Map.groupBy(casualties, ({ victim, killedWhile }) => `${victim} / ${killedWhile}`)
  return [...groups].map(([kill, all]) => {
    const freed = all.flatMap(({ freeAfterMs }) => (freeAfterMs === undefined ? [] : [freeAfterMs]))
    return {
      'killed / its status': kill,
      backends: all.length,
      survived: all.filter(({ survived }) => survived).length,
      ended: freed.length,
      'key free after, worst ms': freed.length === 0 ? '' : Math.max(...freed),
    }
  })
}
