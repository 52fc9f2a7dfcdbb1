// Bundles the demo page's script into a text module, which the Worker serves as it is.
import { build } from 'esbuild'

try {
  await build({
    entryPoints: ['src/demo/client/client.ts'],
    outfile: 'dist/demo-client.txt',
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  })
} catch {
  // esbuild has said what is wrong and where; a stack trace would only bury it.
  process.exitCode = 1
}
