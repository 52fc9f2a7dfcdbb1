import { once } from 'node:events'
import { connect } from 'node:net'
import { exportJWK, generateKeyPair, type CryptoKey } from 'jose'
import { startKeySetServer, type TestIssuer } from './key-set-server.ts'
import { mintToken } from './mint-token.ts'
import { serveWorker } from './serve-worker.ts'

export interface SigningKey {
  readonly jwk: Record<string, unknown>
  readonly privateKey: CryptoKey
}

interface Moment {
  /** Milliseconds after the test's beginning: the Worker's clock stands where a case puts it. */
  readonly later?: number
  /** Nothing may outlive the request. */
  readonly lone?: boolean
}

// Far from the machine's own time, so that a clock which was not handed in shows itself.
const BEGINNING = Date.UTC(2040, 0)

/** A Worker that verifies by key sets, and the web server of the issuers that it fetches them from. */
export async function startVerifier() {
  const server = await startKeySetServer()
  const gateIssuer = server.addIssuer('gate')
  const worker = await serveWorker({
    entry: 'test/fixtures/key-set-worker.ts',
    rooms: { ECHO_ROOM: 'EchoRoom' },
    vars: { ISSUER: gateIssuer.issuer },
  })
  const urlOf = ({ issuer }: TestIssuer, { later = 0, lone = false }: Moment) => {
    const query = new URLSearchParams({ issuer, at: String(BEGINNING + later) })
    if (lone) query.set('lone', '')
    return `${worker.origin}/verify?${query}`
  }
  return {
    addIssuer: server.addIssuer,
    /** The issuer of the gate that the Worker also is, at the machine's own time. */
    gateIssuer,
    origin: worker.origin,
    /** `ok`, or the code of the refusal. */
    async verdict(issuer: TestIssuer, token: string, moment: Moment = {}): Promise<string> {
      return (await fetch(urlOf(issuer, moment), { method: 'POST', body: token })).text()
    },
    /**
     * Asks for a verdict without waiting for it.
     *
     * @returns what resets the connection; workerd goes on for a caller who only closes it
     */
    ask(issuer: TestIssuer, token: string): () => Promise<void> {
      const { pathname, search } = new URL(urlOf(issuer, {}))
      const socket = connect(worker.port, '127.0.0.1')
      const head = `POST ${pathname}${search} HTTP/1.1\r\nHost: gate\r\nContent-Length: ${token.length}`
      socket.write(`${head}\r\n\r\n${token}`)
      return async () => {
        socket.resetAndDestroy()
        await once(socket, 'close')
      }
    },
    async stop() {
      await worker.stop()
      await server.stop()
    },
  }
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** A token that outlives every case, so that only its key decides. */
export async function mintLasting(
  { issuer }: TestIssuer,
  { privateKey, jwk }: SigningKey,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const exp = BEGINNING / 1000 + 7 * 24 * 3600
  const claims = { iss: issuer, aud: undefined, exp }
  return mintToken(claims, {
    key: privateKey,
    alg: 'ES256',
    header: { kid: jwk['kid'], ...header },
  })
}

/** The different answers that a number of callers get at once. */
export async function answersOf(
  count: number,
  ask: (index: number) => Promise<string>,
): Promise<string[]> {
  return [...new Set(await Promise.all(Array.from({ length: count }, (_, index) => ask(index))))]
}
