import { serveWorker, type ServedWorker } from './serve-worker.ts'

export interface ServedParties extends ServedWorker {
  readonly host: string
  /** The rooms that were woken so far. */
  readonly woken: () => Promise<string[]>
}

/** Serves the rooms of the partyserver fixture behind the gate. */
export async function serveParties(): Promise<ServedParties> {
  const worker = await serveWorker({
    entry: 'test/fixtures/partyserver-worker.ts',
    rooms: {
      ECHO: 'EchoParty',
      HIBERNATING: 'HibernatingEchoParty',
      SELECTING: 'SelectingRoom',
      DOCUMENT: 'DocumentParty',
    },
  })
  return {
    ...worker,
    host: `127.0.0.1:${worker.port}`,
    async woken() {
      const response = await fetch(`${worker.origin}/woken`)
      return (await response.json()) as string[]
    },
  }
}
