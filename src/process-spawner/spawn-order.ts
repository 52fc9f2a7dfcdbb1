import { Buffer } from 'node:buffer'
import { z } from 'zod'
import { fieldName } from '../refusal/field-name.ts'
import { TERMINATION_KINDS } from '../store/backend-status.ts'
import type { Catalogue, CatalogueEntry } from './catalogue.ts'

/** A page of a process's arguments and environment holds 128 KiB on Linux. */
const MAX_VARIABLE_BYTES = 64 * 1024
const MAX_ENV_BYTES = 512 * 1024
/** Of Plane's and Jamsocket's form: they make no difference to a process of this machine. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['pull_policy', 'port'])

const backendId = z.string().regex(/^[a-z0-9-]{1,45}$/, 'expected 1 to 45 of a-z, 0-9 and -')
const event = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('backend.spawn'),
    data: z.object({
      backend_id: backendId,
      executable: z.record(z.string(), z.unknown()),
      static_token: z
        .string()
        .regex(/^[!-~]{1,512}$/, 'expected a token')
        .optional(),
      lifetime_limit_seconds: z
        .int()
        .min(1)
        .max(2 ** 31 - 1)
        .optional(),
    }),
  }),
  z.object({
    type: z.literal('backend.terminate'),
    data: z.object({ backend_id: backendId, kind: z.enum(TERMINATION_KINDS) }),
  }),
])
const image = z.string()
const env = z.record(
  z.string(),
  z
    .string()
    .refine((value) => !value.includes('\0'), 'it contains a NUL character')
    .refine(
      (value) => Buffer.byteLength(value) <= MAX_VARIABLE_BYTES,
      `it is longer than ${MAX_VARIABLE_BYTES} bytes`,
    ),
)

/** A backend to start, as far as the catalogue allows it. */
export interface SpawnOrder {
  readonly type: 'spawn'
  readonly backendId: string
  readonly entry: CatalogueEntry
  readonly env: Readonly<Record<string, string>>
  readonly staticToken: string | undefined
  readonly lifetimeMs: number | undefined
}

export interface TerminateOrder {
  readonly type: 'terminate'
  readonly backendId: string
  readonly kind: (typeof TERMINATION_KINDS)[number]
}

type Checked<T> = { readonly ok: true; readonly value: T } | Problem
interface Problem {
  readonly ok: false
  /** Names the field. */
  readonly message: string
}

/** What a signed request asks for, checked against the catalogue. */
export function orderOf(body: string, catalogue: Catalogue): Checked<SpawnOrder | TerminateOrder> {
  const parsed = event.safeParse(parse(body))
  if (!parsed.success) return problem(messageOf(parsed.error).replaceAll(/(^|; )data\./g, '$1'))
  const { type, data } = parsed.data
  if (type === 'backend.terminate') {
    return { ok: true, value: { type: 'terminate', backendId: data.backend_id, kind: data.kind } }
  }
  const executable = checkExecutable(data.executable, catalogue)
  if (!executable.ok) return executable
  return {
    ok: true,
    value: {
      type: 'spawn',
      backendId: data.backend_id,
      ...executable.value,
      staticToken: data.static_token,
      lifetimeMs:
        data.lifetime_limit_seconds === undefined ? undefined : data.lifetime_limit_seconds * 1000,
    },
  }
}

/** Plane's docker form, of which a process of this machine has the image's name and the environment. */
function checkExecutable(
  executable: Readonly<Record<string, unknown>>,
  catalogue: Catalogue,
): Checked<Pick<SpawnOrder, 'entry' | 'env'>> {
  const { image: givenImage, env: givenEnv, ...others } = executable
  const name = image.safeParse(givenImage)
  const entry = name.success ? catalogue.get(name.data) : undefined
  if (entry === undefined) {
    return problem('executable.image: expected the name of an image of the catalogue')
  }
  for (const [field, value] of Object.entries(others)) {
    if (!WITHOUT_EFFECT.has(field) && asksForSomething(value)) {
      return problem(`executable.${field}: this spawner cannot do it`)
    }
  }
  const variables = env.safeParse(givenEnv ?? {})
  if (!variables.success) return problem(messageOf(variables.error, ['executable', 'env']))
  const forbidden = Object.keys(variables.data).find((key) => !entry.allowedEnv.includes(key))
  if (forbidden !== undefined) {
    return problem(`executable.env.${forbidden}: the catalogue does not allow this variable`)
  }
  if (Buffer.byteLength(JSON.stringify(variables.data)) > MAX_ENV_BYTES) {
    return problem(`executable.env: it is larger than ${MAX_ENV_BYTES} bytes`)
  }
  return { ok: true, value: { entry, env: variables.data } }
}

function asksForSomething(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function messageOf({ issues }: z.ZodError, above: readonly string[] = []): string {
  return issues
    .slice(0, 5)
    .map(({ path, message }) => `${fieldName([...above, ...path]) || 'the body'}: ${message}`)
    .join('; ')
}

function problem(message: string): Problem {
  return { ok: false, message }
}
