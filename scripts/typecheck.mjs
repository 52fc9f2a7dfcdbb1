// Type-checks every project of the repository, so that a new one is never forgotten. The examples
// are checked by a test, against the packed package.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

const projects = globSync('**/tsconfig.json', { exclude: ['node_modules', 'dist', 'examples'] })
const failed = projects.toSorted().filter((project) => {
  console.log(`tsc -p ${project}`)
  const { status } = spawnSync(`tsc -p ${project}`, { stdio: 'inherit', shell: true })
  return status !== 0
})
process.exit(projects.length > 0 && failed.length === 0 ? 0 : 1)
