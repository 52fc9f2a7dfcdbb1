import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, exportPKCS8, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_KEY, TOKEN_KEYS } from '../support/connection-keys.ts'
import { keySet, startKeySetServer } from '../support/key-set-server.ts'
import { ISSUER, mintToken, SECRET } from '../support/mint-token.ts'
import { porticoShell, type PorticoShell } from '../support/portico-shell.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'
import {
  SPAWNER_SECRET,
  startSpawnerServer,
  type SpawnerServer,
} from '../support/spawner-server.ts'

let spawner: SpawnerServer
let gate: ConnectionGate
let shell: PorticoShell

beforeAll(async () => {
  spawner = await startSpawnerServer()
  gate = await serveConnections({
    spawner: { url: spawner.url, secret: SPAWNER_SECRET },
    jamsocketServices: { 'acme/notes': { executable: { image: 'notes' } } },
  })
  const env = { PORTICO_URL: gate.url(''), PORTICO_KEY: ADMIN_KEY, JWT_SECRET: SECRET }
  shell = await porticoShell(env)
  // What the examples speak of.
  await gate.connect({ key: { name: 'for-the-examples' } }, { id: 'k3x0v9d2m1q8aa' })
  await write({
    'token.txt': await mintToken({ iss: ISSUER, aud: undefined }),
    'secret.txt': SECRET,
    'token-key.txt': TOKEN_KEYS[0],
    'connection-token.txt': (await gate.connect()).token,
  })
})
afterAll(async () => {
  await gate.stop()
  await spawner.stop()
  await shell.remove()
})

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(shell.folder, name), text)
}

const HELPS = ['', 'spawn', 'connect', 'ls', 'status', 'terminate', 'revoke', 'token']

it('runs every example of its help as it stands there', async () => {
  const examples: string[] = []
  for (const command of [...HELPS, 'token mint', 'token check']) {
    const { stdout } = await shell.run(`portico ${command} --help`)
    const [, shown = ''] = /\nExample:\n((?: {2}.*\n)+)/.exec(stdout) ?? []
    examples.push(...shown.trim().split(/\n\s*/))
  }
  expect(examples.length).toBeGreaterThan(HELPS.length)
  // What follows a backend ends with it.
  const ordered = examples.toSorted((a, b) => Number(follows(a)) - Number(follows(b)))
  for (const example of ordered) {
    const { code, stdout, stderr } = await shell.run(example)
    expect([code, stderr.replace(/^There is no backend .*\n/, '')], example).toEqual([0, ''])
    if (!example.startsWith('portico ls')) expect(stdout, example).toMatch(/\S/)
  }
})

it('runs every command of its page', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const issuer = await startKeySetServer()
  const { issuer: published } = issuer.addIssuer('x', keySet([await exportJWK(publicKey)]))
  try {
    const page = await readFile('docs/cli.md', 'utf8')
    const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, commands = '']) =>
      commands
        .replaceAll('https://gate.example', gate.url(''))
        .replaceAll('https://editor.internal.example', gate.backend.origin)
        .replaceAll('https://issuer.example/jwks.json', `${published}/.well-known/jwks.json`),
    )
    expect(blocks.length).toBeGreaterThan(3)
    const token = new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'ES256' })
    await write({
      'key.pem': await exportPKCS8(privateKey),
      'token.txt': await token.setIssuer(ISSUER).setExpirationTime('1h').sign(privateKey),
    })
    for (const block of blocks) {
      // The key is typed in, as the page tells to.
      const { code, stdout, stderr } = await shell.run(block, {}, `${ADMIN_KEY}\n`)
      expect([code, stderr], block).toEqual([0, ''])
      expect(stdout, block).toMatch(/\S/)
    }
  } finally {
    await issuer.stop()
  }
})

function follows(line: string): boolean {
  return line.includes('--follow')
}
