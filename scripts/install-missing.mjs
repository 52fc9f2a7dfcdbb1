// Runs before `npm start` and `npm test`, with the Node that happens to be there (20 or later) and
// without dependencies: installs what package-lock.json names and node_modules does not have.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

if (!isInstalled()) {
  console.log('Installing dependencies (npm ci), once ...')
  installAll()
}
checkNode()

/**
 * By what lies there: dates change with every checkout, and npm's own list in node_modules is
 * rewritten by `npm install --package-lock-only`, which installs nothing.
 */
function isInstalled() {
  const { packages } = readJson('package-lock.json')
  return Object.entries(packages).every(([path, { version, optional }]) => {
    const manifest = `${path}/package.json`
    if (path === '') return true
    if (existsSync(root + manifest)) return readJson(manifest).version === version
    return optional === true
  })
}

function readJson(path) {
  return JSON.parse(readFileSync(root + path, 'utf8'))
}

function installAll() {
  const { npm_execpath: npm, npm_node_execpath: node = process.execPath } = process.env
  const options = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  // Not this process's own Node where npm tells its own: `npm ci` takes node_modules/node away.
  const [command, args] = npm === undefined ? ['npm', options] : [node, [npm, ...options]]
  const isShellNeeded = npm === undefined && process.platform === 'win32'
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: isShellNeeded })
  if (status !== 0) process.exit(status ?? 1)
}

/** Node 24 comes as a dependency, whose install script npm may have been told not to run. */
function checkNode() {
  const isBrought = existsSync(`${root}node_modules/.bin/node`)
  const [major] = process.versions.node.split('.')
  if (isBrought || Number(major) >= 22) return
  console.error(
    `Node 22 or later is needed, and this is ${process.version}. The package "node" brings one: ` +
      'allow its install script (npm config ignore-scripts) and delete node_modules.',
  )
  process.exit(1)
}
