import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** An issuer's web server, whose answer a test changes while it runs. */
export interface TestIssuer {
  readonly issuer: string
  /** How often its key set was fetched. */
  readonly fetches: () => number
  readonly answerWith: (answer: Answer) => void
  /** Resolves with the response of the next fetch, which then waits for the test to answer. */
  readonly nextFetch: () => Promise<ServerResponse>
}

/** Serves the key sets of any number of issuers, each under a path of its own. */
export async function startKeySetServer(): Promise<{
  addIssuer: (name: string, answer?: Answer) => TestIssuer
  stop: () => Promise<void>
}> {
  const answers = new Map<string, Answer>()
  const server = createServer((request, response) => {
    const answer = answers.get(request.url ?? '')
    if (answer === undefined) response.writeHead(404).end()
    else answer(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    addIssuer(name, first = (response) => void response.writeHead(404).end()) {
      let answer = first
      let count = 0
      answers.set(`/${name}/.well-known/jwks.json`, (response, request) => {
        count += 1
        answer(response, request)
      })
      return {
        issuer: `http://127.0.0.1:${port}/${name}`,
        fetches: () => count,
        answerWith: (next) => void (answer = next),
        nextFetch: () => new Promise((resolve) => (answer = resolve)),
      }
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Answers with a key set, as most issuers do. */
export function keySet(
  keys: readonly unknown[],
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify({ keys }))
  }
}
