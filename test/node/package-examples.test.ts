import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  installExample,
  manifestOf,
  packPackage,
  removeFolder,
  run,
} from '../support/packed-package.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

const NAMES = ['own-room', 'own-backend', 'containers']
const JWT_SECRET = 'a-secret-of-more-than-thirty-two-bytes'

let packed: Awaited<ReturnType<typeof packPackage>>

beforeAll(async () => {
  packed = await packPackage()
  for (const name of NAMES) await installExample(name, packed)
})
afterAll(() => removeFolder(packed.folder))

describe.for(NAMES)('%s, with the packed package', (name) => {
  it('depends on the file that `npm pack` makes', async () => {
    const { dependencies } = await manifestOf(join('examples', name))
    const { version } = await manifestOf('.')
    expect(dependencies).toMatchObject({ portico: `file:../../portico-${version}.tgz` })
  })

  it('compiles', async () => {
    const { code, output } = await run('tsc', ['-p', '.'], join(packed.folder, name))
    expect(code, output).toBe(0)
  })

  it('is bundled by wrangler', async () => {
    // The image of a container is built where there is Docker; here it is the Worker that is.
    const args = ['deploy', '--dry-run', '--containers-rollout=none', '--outdir', 'dist']
    const { code, output } = await run('wrangler', args, join(packed.folder, name))
    expect(code, output).toBe(0)
  })
})

it('own-room lets a caller with a token chat, and refuses one without', async () => {
  const example = join(packed.folder, 'own-room')
  const worker = await serveWorker({
    entry: join(example, 'src/index.ts'),
    vars: { JWT_SECRET },
    rooms: { CHAT_ROOM: 'ChatRoom' },
  })
  const gate = worker.origin.replace('http', 'ws')
  const chat = runScript(example, 'chat.mjs', { JWT_SECRET, GATE: gate })
  try {
    const refused = await fetch(`${worker.origin}/party/lobby`)
    expect(refused.status).toBe(401)

    expect(await chat.nextLine()).toContain('you are alice')
    chat.child.stdin?.write('hello\n')
    expect(await chat.nextLine()).toBe('alice: hello')
  } finally {
    await chat.stop()
    await worker.stop()
  }
})

it('own-backend is told who was verified', async () => {
  const example = join(packed.folder, 'own-backend')
  const backend = runScript(example, 'backend.mjs', { PORT: '0' })
  const token = runScript(example, 'token.mjs', { JWT_SECRET })
  let worker: ServedWorker | undefined
  try {
    const origin = (await backend.nextLine()).replace('listening on ', '')
    worker = await serveWorker({
      entry: join(example, 'src/index.ts'),
      vars: { JWT_SECRET, APP_ORIGIN: origin },
    })
    const path = `${worker.origin}/backends/app/hello`
    const headers = { authorization: `Bearer ${await token.nextLine()}` }
    const answer = await fetch(path, { headers })
    expect(await answer.json()).toEqual({ hello: 'alice', path: '/hello' })

    const refused = await fetch(path)
    expect(refused.status).toBe(401)
  } finally {
    await worker?.stop()
    await backend.stop()
    await token.stop()
  }
})

interface Script {
  readonly child: ChildProcess
  readonly nextLine: () => Promise<string>
  readonly stop: () => Promise<void>
}

function runScript(folder: string, script: string, env: Record<string, string>): Script {
  const child = spawn(process.execPath, [script, 'alice'], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    async nextLine() {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${script} ended`)
      return value
    },
    async stop() {
      child.kill()
      await exited
    },
  }
}
