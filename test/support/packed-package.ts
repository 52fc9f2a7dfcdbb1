import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

interface Finished {
  readonly code: number
  /** What it wrote, both streams. */
  readonly output: string
}

/** Runs a command of `node_modules/.bin` or the system to its end. */
export function run(command: string, args: readonly string[], cwd = '.'): Promise<Finished> {
  return new Promise((settle) => {
    execFile(command, args, { cwd, env: QUIET, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 1
      settle({ code, output: stdout + stderr })
    })
  })
}

const QUIET = { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' }

/** Packs the package as it would be published, into a folder of its own. */
export async function packPackage(): Promise<{ folder: string; tarball: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-pack-'))
  const { code, output } = await run('npm', ['pack', '--pack-destination', folder])
  const [name] = await readdir(folder)
  if (code !== 0 || name === undefined) throw new Error(`npm pack failed:\n${output}`)
  return { folder, tarball: join(folder, name) }
}

/**
 * Copies an example and installs the packed package in it, with what it says it depends on and
 * nothing more: an import that it does not declare cannot be resolved.
 */
export async function installExample(
  name: string,
  { folder, tarball }: { readonly folder: string; readonly tarball: string },
): Promise<void> {
  const example = join(folder, name)
  await cp(join('examples', name), example, {
    recursive: true,
    filter: (path) => !/node_modules|dist|\.wrangler/.test(path),
  })
  const modules = join(example, 'node_modules')
  const installed = join(modules, 'portico')
  await mkdir(installed, { recursive: true })
  const { code, output } = await run('tar', ['-xzf', tarball, '--strip-components=1'], installed)
  if (code !== 0) throw new Error(`the package cannot be unpacked:\n${output}`)
  const { dependencies = {} } = await manifestOf(installed)
  const own = (await manifestOf(example)).dependencies ?? {}
  const { portico: _, ...others } = { ...dependencies, ...own }
  for (const dependency of [...Object.keys(others), '@cloudflare/workers-types']) {
    await mkdir(dirname(join(modules, dependency)), { recursive: true })
    await symlink(resolve('node_modules', dependency), join(modules, dependency))
  }
}

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
}

export async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
}

export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true })
}
