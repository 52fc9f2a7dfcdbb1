import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rawRequest } from '../support/raw-request.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

/** A backend that answers with whatever the path says, as it stands there. */
let odd: Server
let origin: string
let requests: string[]
let gate: ConnectionGate
beforeAll(async () => {
  requests = []
  odd = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const line = chunk.toString('latin1').split('\r\n')[0] ?? ''
      requests.push(line)
      const status = decodeURIComponent(line.split(' ')[1] ?? '').slice(1)
      socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 3\r\n\r\nodd`)
    })
  }).listen(0, '127.0.0.1')
  await once(odd, 'listening')
  origin = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`
  gate = await serveConnections({}, [origin])
})
afterAll(async () => {
  odd.close()
  await gate.stop()
})

it.for(['600 Odd', '700', '999 Odd', '101 Switching Protocols', '199 Odd', '000'])(
  'answers 502 where a backend answers %s',
  async (status) => {
    const { token, backend_id } = await gate.connect({}, { executable: { origin } })
    const response = await fetch(gate.url(`/${token}/${encodeURIComponent(status)}`))
    expect(response.status).toBe(502)
    expect(response.headers.get('x-plane-backend-id')).toBe(backend_id)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toMatchObject({ code: 'backend_unavailable' })
  },
)

it('hands on what is odd and still a status', async () => {
  const { token } = await gate.connect({}, { executable: { origin } })
  const response = await fetch(gate.url(`/${token}/299%20Odd`))
  expect([response.status, response.statusText, await response.text()]).toEqual([299, 'Odd', 'odd'])
})

it.for(['a token', 'the name of a backend', 'a room'])(
  'forwards no TRACE to %s, whose answer would show what only the other end may see',
  async (place) => {
    const { token, backend_id } = await gate.connect({}, { executable: { origin } })
    const before = requests.length
    const path = {
      'a token': `/${token}/200`,
      'the name of a backend': `/backends/${backend_id}/200`,
      'a room': '/parties/main/doc-1',
    }[place]
    const lines = [`TRACE ${path} HTTP/1.1`, 'Host: gate.example', `Authorization: Bearer ${token}`]
    const answer = await rawRequest(gate.worker.port, lines)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('TRACE is not forwarded')
    expect(requests).toHaveLength(before)
  },
)
