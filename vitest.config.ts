import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Two suites that measure one machine at the same time would disturb each other.
    fileParallelism: false,
    projects: [
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './test/workers/wrangler.toml' } })],
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          // What hangs is to fail; a machine that is slow for a while is not.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/{node,strictness}/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
