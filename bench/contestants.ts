import { exportSPKI, generateKeyPair } from 'jose'
import { mintToken } from '../test/support/mint-token.ts'
import { serveWorker, type ServedWorker } from '../test/support/serve-worker.ts'
import { createLoad, type Load } from './load.ts'

/** One Worker under load, in a process of its own. */
export interface Contestant {
  readonly name: string
  readonly pid: number
  readonly load: Load
  /** How often its objects were called until now, not counting this question. */
  readonly objectCalls: () => Promise<number>
  readonly stop: () => Promise<void>
}

export const CONNECTIONS = 16

/** What Chromium sends with a page's `fetch`: a gate looks at every header, so there should be some. */
export const BROWSER_HEADERS = {
  accept: '*/*',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-US,en;q=0.9',
  origin: 'https://app.example.com',
  referer: 'https://app.example.com/',
  'sec-ch-ua': '"Chromium";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'cross-site',
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
} as const

/** Starts the Workers that are compared. The first one is what the others are measured by. */
export async function* startContestants(): AsyncGenerator<Contestant> {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const exp = Math.floor(Date.now() / 1000) + 3600
  const token = await mintToken({ exp }, { key: privateKey, alg: 'RS256' })
  const vars = { PUBLIC_KEY: await exportSPKI(publicKey) }
  const inHeader = { path: '', headers: { ...BROWSER_HEADERS, authorization: `Bearer ${token}` } }
  const inQuery = { path: `?token=${token}`, headers: BROWSER_HEADERS }

  for (const [name, module, { path, headers }] of [
    ['bare Hono → room, nothing checked', 'bare', inHeader],
    ['Portico, token in `Authorization`', 'portico', inHeader],
    ['Portico, token in the query', 'portico', inQuery],
    ['partyserver + jose', 'partyserver-jose', inHeader],
  ] as const) {
    const worker = await serveWorker({
      entry: `bench/workers/${module}.ts`,
      vars,
      rooms: { ROOM: 'Room' },
    })
    yield contestant(name, worker, path, headers, inHeader.headers)
  }
}

function contestant(
  name: string,
  worker: ServedWorker,
  path: string,
  headers: Readonly<Record<string, string>>,
  askingHeaders: Readonly<Record<string, string>>,
): Contestant {
  const room = `${worker.origin}/parties/room/lobby`
  const load = createLoad({ urls: [room + path], headers }, CONNECTIONS)
  let asked = 0
  return {
    name,
    pid: worker.pid,
    load,
    async objectCalls() {
      asked += 1
      const answer = await fetch(`${room}/calls`, { headers: askingHeaders })
      return Number(await answer.text()) - asked
    },
    async stop() {
      load.close()
      await worker.stop()
    },
  }
}
