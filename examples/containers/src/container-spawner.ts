import type { Spawner } from 'portico'
import type { Env } from './env.ts'

/** Runs `{"image": "notebook", "env"?: {"TITLE": …}}`: one container for each backend. */
export function containerSpawner(env: Env): Spawner {
  return {
    async spawn({ backendId, executable }) {
      const title = titleOf(executable)
      if (!title.ok) return { kind: 'refused', message: title.problem }
      await env.NOTEBOOK.getByName(backendId).begin(backendId, { TITLE: title.value })
      return { kind: 'accepted' }
    },
    async stop(backendId, kind) {
      await env.NOTEBOOK.getByName(backendId).end(kind)
      return 'accepted'
    },
  }
}

type Title =
  { readonly ok: true; readonly value: string } | { readonly ok: false; readonly problem: string }

/** Only what is named here may be run, and only with this of an environment. */
function titleOf(executable: unknown): Title {
  const { image, env = {}, ...others } = Object(executable) as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined)
    return { ok: false, problem: `executable.${other}: it is not known here` }
  if (image !== 'notebook') return { ok: false, problem: 'executable.image: expected notebook' }
  const { TITLE: title = 'A notebook', ...rest } = Object(env) as Record<string, unknown>
  const [name] = Object.keys(rest)
  if (name !== undefined) return { ok: false, problem: `executable.env.${name}: it is not allowed` }
  if (typeof title === 'string') return { ok: true, value: title }
  return { ok: false, problem: 'executable.env.TITLE: expected text' }
}
