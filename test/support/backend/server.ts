import { on } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answers, type Line } from './answers.ts'
import { acceptSockets } from './sockets.ts'

// Runs as a child process: `startBackend` talks to it over the IPC channel.

const line: Line = {
  tell: (event) => process.send?.(event),
  async hear(word) {
    for await (const [heard] of on(process, 'message')) if (heard === word) return
  },
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://backend')
  const name = pathname.split('/')[1] ?? ''
  const answer = Object.hasOwn(answers, name) ? answers[name] : answers['describe']
  Promise.resolve(answer?.(request, response, searchParams, line)).catch(() => response.destroy())
})
acceptSockets(server, line)
server.listen(0, '127.0.0.1', () => {
  line.tell(`listening ${(server.address() as AddressInfo).port}`)
})
// The test's process has gone, however it went.
process.on('disconnect', () => process.exit())
