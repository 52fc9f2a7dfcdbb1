import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { BATCH_TOKENS, BATCHES, emptyTally, judgeTokens, seedOf } from './differential.ts'

// `npm run fuzz` judges a million tokens but for the first batch, which is `npm test`'s. `--count`
// sets how many, `--first` at which batch to begin, and `--shard 1/4` takes every fourth batch here.

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: String((BATCHES - 1) * BATCH_TOKENS) },
    first: { type: 'string', default: '1' },
    shard: { type: 'string' },
  },
})
const count = wholeNumber('count', values.count)
const first = wholeNumber('first', values.first)

if (values.shard === undefined) await runAllShards()
else await runShard(values.shard)

async function runAllShards(): Promise<void> {
  const shards = Math.min(availableParallelism(), 8)
  const children = Array.from({ length: shards }, (_, index) =>
    fork(import.meta.filename, [...process.argv.slice(2), '--shard', `${index + 1}/${shards}`]),
  )
  const codes = await Promise.all(children.map((child) => once(child, 'exit')))
  if (codes.some(([code]) => code !== 0)) process.exitCode = 1
}

async function runShard(shard: string): Promise<void> {
  const [, number = '', shards = ''] = /^(\d+)\/(\d+)$/.exec(shard) ?? []
  const [at, of] = [wholeNumber('shard', number), wholeNumber('shard', shards)]
  const batches = Array.from({ length: Math.ceil(count / BATCH_TOKENS) }, (_, index) => index)
  const tally = emptyTally()
  const start = performance.now()
  for (const index of batches.filter((batch) => batch % of === at - 1)) {
    const tokens = Math.min(BATCH_TOKENS, count - index * BATCH_TOKENS)
    await judgeTokens(seedOf(first + index), tokens, tally)
    const perSecond = Math.round(tally.tokens / ((performance.now() - start) / 1000))
    console.log(
      `shard ${shard}: batch ${first + index} done, ${tally.tokens} tokens, ${perSecond}/s`,
    )
  }
  console.log(JSON.stringify({ shard, ...tally }, undefined, 2))
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new Error(`--${name} ${text}: expected a whole number`)
}
