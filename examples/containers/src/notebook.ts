import { Container, type StopParams } from '@cloudflare/containers'
import { reportBackend, type BackendNews } from 'portico'
import type { Env } from './env.ts'

export const PARTY = 'notebook'

/** One notebook in its container. The gate decides how long it lives, and hears of every step. */
export class Notebook extends Container<Env> {
  override defaultPort = 8080
  /** Longer than the time between two reports: who is idle is the gate's to say. */
  override sleepAfter = '10m'
  override enableInternet = false

  /** Starts the container after this call, so that nobody waits for it here. May come twice. */
  async begin(backendId: string, envVars: Record<string, string>): Promise<void> {
    await this.ctx.storage.put('backendId', backendId)
    this.deleteSchedules('run')
    await this.schedule(0, 'run', envVars)
  }

  async run(envVars: Record<string, string>): Promise<void> {
    // An order may be old, and its key another backend's: the gate says whether it is still wanted.
    const answer = await this.#tell({ status: 'starting' })
    if (answer?.wanted !== 'running') return
    try {
      await this.startAndWaitForPorts({ startOptions: { envVars } })
    } catch {
      await this.#tell({ status: 'terminated', reason: 'internalerror' })
      await this.destroy()
      return
    }
    await this.report()
  }

  /** Says that it still runs, and does what the gate wants of it. */
  async report(): Promise<void> {
    const backendId = await this.ctx.storage.get<string>('backendId')
    if (backendId === undefined || !this.ctx.container?.running) return
    const address = { kind: 'room', party: PARTY, room: backendId } as const
    const answer = await this.#tell({ status: 'ready', address })
    if (answer?.wanted === 'soft') await this.stop('SIGTERM')
    if (answer?.wanted === 'hard' || answer?.wanted === 'nothing') await this.destroy()
    this.deleteSchedules('report')
    await this.schedule((answer?.reportInMs ?? 5000) / 1000, 'report')
  }

  async end(kind: 'soft' | 'hard'): Promise<void> {
    await (kind === 'soft' ? this.stop('SIGTERM') : this.destroy())
  }

  override async onStop({ exitCode }: StopParams): Promise<void> {
    await this.#tell({ status: 'terminated', exitCode })
    this.deleteSchedules('report')
  }

  override onActivityExpired(): Promise<void> {
    this.renewActivityTimeout()
    return Promise.resolve()
  }

  /** The gate forwards to a room under the room's own path; the notebook knows nothing of that. */
  override fetch(request: Request): Promise<Response> {
    const url = new URL(request.url)
    url.pathname = url.pathname.replace(/^\/parties\/[^/]+\/[^/]+/, '') || '/'
    return super.fetch(new Request(url, request))
  }

  /** @returns `undefined` where the gate cannot be told right now: it is told again */
  async #tell(news: BackendNews) {
    const backendId = (await this.ctx.storage.get<string>('backendId')) ?? ''
    return reportBackend(this.env.BACKEND, backendId, news).catch(() => undefined)
  }
}
