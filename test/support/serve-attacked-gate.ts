import { exportJWK, exportSPKI, generateKeyPair, type CryptoKey } from 'jose'
import type { Seen } from './backend/seen.ts'
import { keySet, startKeySetServer, type TestIssuer } from './key-set-server.ts'
import { rawRequest } from './raw-request.ts'
import { serveWorker } from './serve-worker.ts'
import { startBackend } from './start-backend.ts'

export const PEM_ISSUER = 'https://pem.example'
export const KID = 'the-key'

/** An issuer with a published key set whose one key has no `alg`. */
export interface AttackedIssuer extends TestIssuer {
  readonly privateKey: CryptoKey
  readonly jwk: Readonly<Record<string, unknown>>
}

interface Answer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** Serves the gate of the attacks, its backend and its issuers; everything goes over TCP. */
export async function serveAttackedGate() {
  const [pair, server, backend] = await Promise.all([
    generateKeyPair('RS256', { extractable: true }),
    startKeySetServer(),
    startBackend(),
  ])
  const pem = await exportSPKI(pair.publicKey)
  const addIssuer = async (name: string): Promise<AttackedIssuer> => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: KID, use: 'sig' }
    return { ...server.addIssuer(name, keySet([jwk])), privateKey, jwk }
  }
  const [one, other] = [await addIssuer('one'), await addIssuer('other')]
  const worker = await serveWorker({
    entry: 'test/fixtures/attack-gate.ts',
    rooms: { ECHO_ROOM: 'EchoRoom' },
    vars: {
      ORIGIN: backend.origin,
      PUBLIC_KEY: pem,
      ONE_ISSUER: one.issuer,
      OTHER_ISSUER: other.issuer,
    },
  })

  /** Sends a request byte for byte. */
  async function send(target: string, lines: readonly string[] = []): Promise<Answer> {
    const start = [`GET ${target} HTTP/1.1`, 'Host: gate.example']
    const text = await rawRequest(worker.port, [...start, ...lines])
    const [head = '', ...body] = text.split('\r\n\r\n')
    return { status: Number(head.split(' ')[1]), head, body: body.join('\r\n\r\n') }
  }

  return {
    pem,
    privateKey: pair.privateKey,
    one,
    other,
    port: worker.port,
    origin: worker.origin,
    backendOrigin: backend.origin,
    addIssuer: server.addIssuer,
    logs: worker.logs,
    send,
    /** `in`, or the code of the refusal. */
    async verdict(token: string): Promise<string> {
      const { status, body } = await send('/backends/closed/x', [`Authorization: Bearer ${token}`])
      return status === 200 ? 'in' : `${status} ${(JSON.parse(body) as { code: string }).code}`
    },
    /** What the backend saw of a request that was let through. */
    async seen(target: string, lines: readonly string[] = []): Promise<Seen> {
      const { status, body } = await send(target, lines)
      if (status !== 200) throw new Error(`not let through: ${status} ${body}`)
      return JSON.parse(body) as Seen
    },
    async stop() {
      await backend.stop()
      await worker.stop()
      await server.stop()
    },
  }
}
