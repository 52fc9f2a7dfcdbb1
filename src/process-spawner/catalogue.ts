import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { fieldName } from '../refusal/field-name.ts'
import { isOwnVariable, variableName } from './child-environment.ts'

const variable = z
  .string()
  .regex(variableName, 'expected the name of an environment variable')
  .refine((name) => !isOwnVariable(name), 'the spawner sets this variable itself')
const value = z.string().refine((text) => !text.includes('\0'), 'it contains a NUL character')
const text = value.min(1, 'it is empty')

const entry = z.strictObject({
  command: z.tuple([text], value),
  directory: text.default('.'),
  env: z.record(variable, value).default({}),
  allowed_env: z.array(variable).default([]),
  ready: z
    .strictObject({
      path: z.string().regex(/^\/[!-~]*$/, 'expected a path that starts with a slash'),
    })
    .optional(),
  start_timeout_seconds: z.number().positive().max(3600).default(60),
  stop_grace_seconds: z.number().min(0).max(300).default(10),
})

/** The images, by name, that a catalogue file has. */
const catalogue = z.record(
  z.string().regex(/^[!-~]{1,255}$/, 'expected 1 to 255 printable characters'),
  entry,
)

/** How to run one program of the catalogue. */
export interface CatalogueEntry {
  readonly command: readonly [string, ...string[]]
  /** Absolute. */
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  /** Names of the variables that a spawn request may set. */
  readonly allowedEnv: readonly string[]
  /** Ready when a GET of this path is answered with 2xx; `undefined`: when the port takes connections. */
  readonly readyPath: string | undefined
  readonly startTimeoutMs: number
  readonly stopGraceMs: number
}

export type Catalogue = ReadonlyMap<string, CatalogueEntry>

/**
 * Reads what may run from a JSON file. Its directories are relative to the file.
 *
 * @throws ConfigurationError that names the file and every field which is wrong
 */
export function readCatalogue(file: string): Catalogue {
  const result = catalogue.safeParse(parse(file))
  if (!result.success) throw wrong(file, result.error.issues.map(problemOf))
  const entries = Object.entries(result.data).map(([image, given]): [string, CatalogueEntry] => [
    image,
    {
      command: given.command,
      directory: resolve(dirname(file), given.directory),
      env: given.env,
      allowedEnv: given.allowed_env,
      readyPath: given.ready?.path,
      startTimeoutMs: given.start_timeout_seconds * 1000,
      stopGraceMs: given.stop_grace_seconds * 1000,
    },
  ])
  const missing = entries.filter(([, { directory }]) => !isDirectory(directory))
  if (missing.length > 0) {
    throw wrong(
      file,
      missing.map(
        ([image, { directory }]) => `${image}.directory: there is no directory ${directory}`,
      ),
    )
  }
  return new Map(entries)
}

function parse(file: string): unknown {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch {
    throw wrong(file, ['it cannot be read'])
  }
  try {
    return JSON.parse(content)
  } catch {
    throw wrong(file, ['it is not JSON'])
  }
}

/** A wrong key has its reason one level down. */
function problemOf(issue: z.core.$ZodIssue): string {
  const [inner] = issue.code === 'invalid_key' ? issue.issues : []
  return `${fieldName(issue.path) || 'the catalogue'}: ${(inner ?? issue).message}`
}

function wrong(file: string, problems: readonly string[]): ConfigurationError {
  return new ConfigurationError(`the catalogue ${file}: ${problems.join('; ')}`)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
